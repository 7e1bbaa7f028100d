"""News of a board: read once for any number of them, a moment after the first."""

import json
from datetime import timedelta

import pytest
import responses
from sqlalchemy import func, select

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.queues import NOW
from app.trello.models import Board, Connection, SyncRun, TrelloSource
from app.trello.sync import sync_board
from app.trello.webhooks import news
from app.trello.webhooks.addresses import note_change
from app.trello.webhooks.news import GATHER_FOR, REST, glance
from tests.support.sql import count_statements
from tests.trello.boards import BOARD, board
from tests.trello.linked import queued_run, readings_of, run_of

ADDRESS = f"https://api.trello.com/1/boards/{BOARD}"
pytestmark = pytest.mark.both_databases


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs of which the queue was told."""
    told: list[int] = []

    def enqueue(job: object, run_id: int, *, lane: str) -> bool:
        assert (job, lane) == (sync_board, NOW)
        told.append(run_id)
        return True

    monkeypatch.setattr(news, "enqueue", enqueue)
    return told


def pass_time(span: timedelta) -> None:
    """Let all that happened have happened so much earlier."""
    db.session.expire_all()
    for one in db.session.scalars(select(Board).where(Board.changed_at.is_not(None))):
        one.changed_at = one.changed_at and one.changed_at - span
    for run in db.session.scalars(select(SyncRun).where(SyncRun.finished_at.is_not(None))):
        run.finished_at = run.finished_at and run.finished_at - span
    db.session.commit()


def tell_of(source: TrelloSource) -> None:
    """Something happened on the board, long enough ago to be looked at."""
    note_change(source.board_id)
    pass_time(GATHER_FOR)


def runs_in_all() -> int:
    return db.session.scalar(select(func.count(SyncRun.id))) or 0


def is_noted(source: TrelloSource) -> bool:
    found = select(Board.changed_at).where(Board.id == source.board_id)
    return db.session.scalar(found) is not None


def test_two_hundred_deliveries_are_one_fetch(
    source: TrelloSource,
    told: list[int],
    trello: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trello.get(ADDRESS, json=board())
    for _ in range(200):
        note_change(source.board_id)
    first = db.session.scalars(select(Board.changed_at).where(Board.id == source.board_id)).one()
    with monkeypatch.context() as patch:  # however long the deliveries took here
        patch.setattr(news, "utcnow", lambda: first + GATHER_FOR / 2)
        glance()
    assert told == []  # they are gathered first
    pass_time(GATHER_FOR)
    glance()
    glance()
    assert len(told) == 1
    assert run_of(told[0]).trigger == "webhook"
    sync_board(told[0])
    pass_time(REST)
    glance()
    assert (runs_in_all(), len(trello.calls)) == (1, 1)
    assert not is_noted(source)


def test_news_during_a_fetch_is_fetched_once_more(
    source: TrelloSource,
    told: list[int],
    trello: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rest = timedelta(minutes=10)  # longer than any machine takes for what follows
    monkeypatch.setattr(news, "REST", rest)

    def answer(_request: object) -> tuple[int, dict[str, str], str]:
        for _ in range(3):
            note_change(source.board_id)
        return 200, {}, json.dumps(board())

    trello.add_callback("GET", ADDRESS, answer, content_type="application/json")
    tell_of(source)
    glance()
    sync_board(told[0])
    assert is_noted(source)
    pass_time(GATHER_FOR)
    glance()
    assert len(told) == 1  # the board rests for a moment after each run
    pass_time(rest)
    glance()
    assert len(told) == 2


def test_an_old_delivery_is_one_harmless_fetch(
    source: TrelloSource, told: list[int], trello: responses.RequestsMock
) -> None:
    trello.get(ADDRESS, json=board())
    for _ in range(2):
        tell_of(source)
        glance()
        sync_board(told[-1])
        pass_time(REST)
    assert len(trello.calls) == 2
    assert len(readings_of(source.measure)) == 1


def test_a_run_that_waits_for_its_hour_is_drawn_forward(
    source: TrelloSource, told: list[int]
) -> None:
    waiting = queued_run(source.board)
    tell_of(source)
    glance()
    assert told == [waiting]
    assert run_of(waiting).trigger == "webhook"
    glance()
    assert told == [waiting]


def test_nothing_is_asked_for_while_nobody_may_ask(
    source: TrelloSource, connection: Connection, told: list[int], alice: Person
) -> None:
    tell_of(source)
    switch("trello", False, alice)
    db.session.commit()
    glance()
    switch("trello", True, alice)
    connection.reconnect_reason = "Revoked."
    db.session.commit()
    glance()
    connection.reconnect_reason = None
    source.ended_at = utcnow()
    db.session.commit()
    glance()
    assert runs_in_all() == 0
    source.ended_at = None
    db.session.commit()
    glance()
    assert runs_in_all() == 1


@pytest.mark.parametrize("kind", ["limited", "unavailable"])
def test_a_trello_out_of_breath_is_left_alone(
    source: TrelloSource, told: list[int], kind: str
) -> None:
    source.board.failure, source.board.failure_kind = "Not now.", kind
    source.board.next_sync_at = utcnow() + timedelta(minutes=1)
    db.session.commit()
    tell_of(source)
    glance()
    assert told == []
    source.board.next_sync_at = utcnow()
    db.session.commit()
    glance()
    assert len(told) == 1


def test_a_board_that_was_lost_is_tried_again_at_once(
    source: TrelloSource, told: list[int]
) -> None:
    """It was closed, and now something happens on it: it may have been opened again."""
    source.board.failure, source.board.failure_kind = "The board is closed.", "board_lost"
    source.board.next_sync_at = utcnow() + timedelta(hours=1)
    db.session.commit()
    tell_of(source)
    glance()
    assert len(told) == 1


def test_a_glance_at_nothing_costs_one_statement(source: TrelloSource, told: list[int]) -> None:
    with count_statements() as statements:
        glance()
    assert len(statements) == 1
