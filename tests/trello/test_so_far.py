"""How far long work has come: true figures while it goes on, and nothing where nothing is known."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
import responses
from flask import Flask

from app import progress
from app.accounts.models import Person
from app.beats import beat
from app.db import db, utcnow
from app.okrs.models import KPI
from app.trello import runs, so_far
from app.trello.counting import Criteria
from app.trello.failures import Unavailable
from app.trello.models import Past, TrelloSource
from app.trello.past import claims, reading
from app.trello.past.actions import Action
from app.trello.past.stored import past_of
from app.trello.quota import Turns
from app.trello.so_far import board_words
from app.trello.sync import sync_board
from tests.support.client import Client
from tests.support.kept import Kept
from tests.trello.boards import BOARD, board, card, snapshot
from tests.trello.linked import (
    make_connection,
    make_key_result,
    make_objective,
    make_source,
    queued_run,
    run_of,
)

ADDRESS = f"https://api.trello.com/1/boards/{BOARD}"


@pytest.fixture
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a board that takes its time."""
    monkeypatch.setattr(so_far, "TOLD_EVERY", 0)


def answer_with(
    trello: responses.RequestsMock, cards: list[dict[str, Any]], heard: list[str], board_id: int
) -> None:
    """A board that is read page by page; before each page it is heard what is told so far."""
    trello.get(ADDRESS, json=board(cards[:1000]))

    def page(request: Any) -> tuple[int, dict[str, str], str]:
        heard.append(board_words(board_id))
        before = request.params.get("before", "f" * 24)
        older = sorted((one for one in cards if one["id"] < before), key=_id, reverse=True)
        return 200, {}, json.dumps(older[:1000])

    trello.add_callback(
        responses.GET, f"{ADDRESS}/cards/all", page, content_type="application/json"
    )


def _id(card: dict[str, Any]) -> str:
    return str(card["id"])


def test_a_sync_of_a_big_board_tells_the_cards_that_it_has_read(
    source: TrelloSource, trello: responses.RequestsMock, kept: Kept, told_at_once: None
) -> None:
    heard: list[str] = []
    answer_with(trello, [card("done") for _ in range(2300)], heard, source.board_id)
    sync_board(run_id := queued_run(source.board))
    assert run_of(run_id).status == "done"
    assert heard == [
        "",
        "1,000 cards read so far.",
        "2,000 cards read so far.",
        "2,300 cards read so far.",
    ]
    assert not kept.values, "what has ended tells nothing"


def test_a_sync_that_waits_for_its_turn_says_so_until_the_turn_comes(
    source: TrelloSource,
    trello: responses.RequestsMock,
    kept: Kept,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[str] = []

    def wait(turns: Turns, _path: str) -> None:
        turns._while_waiting()
        heard.append(board_words(source.board_id))

    monkeypatch.setattr("app.trello.quota.Turns.take", wait)
    answer_with(trello, [card("done") for _ in range(1000)], heard, source.board_id)
    sync_board(queued_run(source.board))
    assert heard == [
        "It waits for its turn to ask Trello.",
        "It waits for its turn to ask Trello.",
        "",
        "1,000 cards read so far. It waits for its turn to ask Trello.",
        "1,000 cards read so far.",
    ]
    assert not kept.values


def test_a_big_board_that_is_read_at_once_tells_nothing(
    source: TrelloSource,
    trello: responses.RequestsMock,
    kept: Kept,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(so_far, "TOLD_EVERY", 60)
    heard: list[str] = []
    answer_with(trello, [card("done") for _ in range(2300)], heard, source.board_id)
    sync_board(run_id := queued_run(source.board))
    assert run_of(run_id).status == "done"
    assert heard == ["", "", "", ""]


def test_a_small_board_and_one_that_fails_leave_nothing_behind(
    source: TrelloSource,
    trello: responses.RequestsMock,
    kept: Kept,
    told_at_once: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trello.get(ADDRESS, json=board([card("done")]))
    with monkeypatch.context() as patch:
        patch.setattr(progress, "tell", None)  # called, it would fail
        sync_board(run_id := queued_run(source.board))
    assert run_of(run_id).status == "done"
    trello.replace(responses.GET, ADDRESS, json=board([card() for _ in range(1000)]))
    trello.get(f"{ADDRESS}/cards/all", json=[card() for _ in range(1000)])
    trello.get(f"{ADDRESS}/cards/all", status=503)
    sync_board(run_id := queued_run(source.board))
    assert run_of(run_id).status == "failed"
    assert not kept.values


def test_a_page_says_how_far_the_count_has_come_only_while_it_goes_on(
    client: Client, app: Flask, alice: Person, bob: Person, kept: Kept, told_at_once: None
) -> None:
    with app.app_context():
        beat("a worker")
        key_result = make_key_result(make_objective(alice))
        source = make_source(key_result.measure, make_connection(alice), Criteria())
        path, board_id = f"/key-results/{key_result.id}", source.board_id
        run_id = queued_run(source.board)
        assert runs.claim(run_id)
        so_far.SoFar(board_id).read(2000)
    client.sign_in(bob)
    page = client.page(path)
    assert page.one("[data-sync]").text == "Counting … 2,000 cards read so far."
    with app.app_context():
        run_of(run_id).status = "done"
        db.session.commit()
    assert "cards read so far" not in client.page(path).text


def test_without_redis_the_page_and_the_count_go_on(
    source: TrelloSource,
    trello: responses.RequestsMock,
    told_at_once: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(progress, "client", refuse)
    heard: list[str] = []
    answer_with(trello, [card("done") for _ in range(1000)], heard, source.board_id)
    sync_board(run_id := queued_run(source.board))
    assert (run_of(run_id).status, heard) == ("done", ["", ""])


class Record:
    """A board's actions, a page of two a day back each time."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.hear = lambda: ""

    def actions(
        self, _board_id: str, before: str | None = None, most: int = 2
    ) -> tuple[Action, ...]:
        if most > 1:
            self.heard.append(self.hear())
        first = int(before) if before else 6
        at = datetime(2026, 10, 1, 12, tzinfo=UTC)
        return tuple(
            Action(str(n), at.replace(day=n), "createBoard")
            for n in range(first - 1, max(first - 3, 0), -1)
        )[:most]


def test_the_past_tells_how_far_back_its_record_is_read(
    source: TrelloSource, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = db.session.get_one(Past, source.versions[-1].id)
    hold = claims.claim(past.source_version_id)
    assert hold is not None
    db.session.refresh(past)
    assert so_far.past_words(past) == "It has begun."
    record = Record()
    record.hear = lambda: so_far.past_words(past)
    monkeypatch.setattr(reading, "fetch_board", lambda *_: snapshot(board()))
    reading.read_with_record(
        record,  # type: ignore[arg-type]
        BOARD,
        lambda count, oldest: so_far.tell_actions(hold.mark, count, oldest),
    )
    assert record.heard == [
        "It has begun.",
        "2 actions read so far, back to 4 Oct 2026.",
        "4 actions read so far, back to 2 Oct 2026.",
        "5 actions read so far, back to 1 Oct 2026.",
    ]
    so_far.tell_counted(hold.mark, 3, 10)
    assert so_far.past_words(past) == "All is read; 3 of 10 items counted."


def test_a_past_that_was_put_off_says_when_it_goes_on(source: TrelloSource, kept: Kept) -> None:
    past = db.session.get_one(Past, source.versions[-1].id)
    told = past_of(source.measure)
    assert told is not None and told.so_far == "It has not begun yet."
    hold = claims.claim(past.source_version_id)
    assert hold is not None
    so_far.tell_actions(hold.mark, 2000, utcnow())
    claims.fail(hold, "", Unavailable("Trello is down."))
    told = past_of(source.measure)
    assert told is not None and told.is_waiting
    assert re.fullmatch(r"It goes on (at \d\d:\d\d|on .+)\.", told.so_far)


def test_the_chart_says_it_beside_what_is_being_rebuilt(
    client: Client, app: Flask, alice: Person, bob: Person, kept: Kept
) -> None:
    with app.app_context():
        key_result = make_key_result(make_objective(alice), KPI)
        source = make_source(key_result.measure, make_connection(alice), Criteria())
        hold = claims.claim(source.versions[-1].id)
        assert hold is not None
        so_far.tell_cards(hold.mark, 4000)
        path = f"/key-results/{key_result.id}"
    client.sign_in(bob)
    assert client.page(path).one("p.waits").text == (
        "The time before the link is being rebuilt from the board's activity. "
        "4,000 cards read so far."
    )
