"""The clock: what is due is asked for once, and what a dead worker left is taken up again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.accounts.models import Person
from app.beats import beat
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.queues import HOURLY, NOW
from app.trello import clock, runs
from app.trello.board_copies import keep_copy
from app.trello.models import (
    REFRESH,
    RETRY,
    WEBHOOK,
    Board,
    BoardCopy,
    Connection,
    SyncRun,
    TrelloSource,
)
from app.trello.sync import sync_board, sync_waiting
from tests.trello.boards import board, snapshot
from tests.trello.linked import make_key_result, make_objective, make_source, queued_run, run_of

pytestmark = pytest.mark.both_databases


@pytest.fixture
def noticed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs of which the queue was told: urgent ones one by one, hourly ones by the oldest."""
    told: list[int] = []

    def enqueue(job: Callable[[int], None], row_id: int, *, lane: str = NOW) -> bool:
        assert (job, lane) in [(sync_board, NOW), (sync_waiting, HOURLY)]
        told.append(row_id)
        return True

    monkeypatch.setattr("app.trello.clock.enqueue", enqueue)
    monkeypatch.setattr("app.trello.clock.count_notices", lambda _job, _lane: 0)
    return told


def runs_in_all() -> int:
    return db.session.scalar(select(func.count(SyncRun.id))) or 0


def finish_all() -> None:
    with db.writing() as session:
        session.execute(update(SyncRun).values(status="done"))
    db.session.expire_all()


def test_a_due_board_is_asked_for_once_an_hour(source: TrelloSource, noticed: list[int]) -> None:
    assert clock.tick() == 1
    assert len(noticed) == 1 and run_of(noticed[0]).trigger == "hourly"
    finish_all()
    assert clock.tick() == 0
    db.session.execute(update(Board).values(next_sync_at=utcnow() - timedelta(seconds=1)))
    db.session.commit()
    assert clock.tick() == 1
    assert runs_in_all() == 2


def test_a_queued_run_is_made_known_again_until_it_is_taken(
    source: TrelloSource, noticed: list[int]
) -> None:
    run_id = queued_run(source.board)
    clock.tick()
    clock.tick()
    assert noticed == [run_id, run_id]
    assert runs.claim(run_id)
    assert clock.tick() == 0


def test_a_run_that_waits_becomes_as_urgent_as_the_most_urgent_wish(
    source: TrelloSource, alice: Person
) -> None:
    run_id = queued_run(source.board)
    for trigger, by, becomes in [
        (WEBHOOK, None, WEBHOOK),
        (REFRESH, alice, REFRESH),
        (RETRY, None, REFRESH),
    ]:
        with db.writing() as session:
            assert runs.ask(session, source.board, trigger, by).id == run_id
        assert run_of(run_id).trigger == becomes
    assert run_of(run_id).asked_by_id == alice.id
    assert runs_in_all() == 1


def test_a_run_that_has_begun_is_joined_as_it_is(source: TrelloSource, alice: Person) -> None:
    run_id = queued_run(source.board)
    assert runs.claim(run_id)
    with db.writing() as session:
        assert runs.ask(session, source.board, REFRESH, alice).id == run_id
    assert run_of(run_id).trigger == "hourly"


def test_hourly_runs_share_one_notice_for_each_worker_that_lives(
    connection: Connection, alice: Person, noticed: list[int]
) -> None:
    boards = [f"5f{number:022x}" for number in range(4)]
    for board_id in boards:
        make_source(make_key_result(make_objective(alice)).measure, connection, board=board_id)
    assert clock.tick() == 4 and len(noticed) == 1
    beat("one worker")
    beat("another")
    noticed.clear()
    assert clock.tick() == 4 and len(noticed) == 2


def test_a_change_that_was_overlooked_makes_its_board_due(
    source: TrelloSource, noticed: list[int]
) -> None:
    next_sync_at = utcnow() + timedelta(minutes=30)
    for changed_at, found in [(utcnow(), 0), (utcnow() - clock.OVERLOOKED_AFTER, 1)]:
        db.session.execute(update(Board).values(next_sync_at=next_sync_at, changed_at=changed_at))
        db.session.commit()
        assert clock.tick() == found


@pytest.mark.parametrize("what", ["deleted", "ended", "disabled", "reconnect"])
def test_nothing_is_asked_for_that_nobody_counts_or_nobody_can_read(
    source: TrelloSource, alice: Person, noticed: list[int], what: str
) -> None:
    match what:
        case "deleted":
            source.measure.item.deleted_at = utcnow()
        case "ended":
            source.ended_at = utcnow()
        case "disabled":
            switch("trello", False, alice)
        case _:
            source.board.connection.reconnect_reason = "revoked"
    db.session.commit()
    assert clock.tick() == 0 and runs_in_all() == 0


def test_a_key_result_of_a_deleted_objective_is_not_counted(
    source: TrelloSource, noticed: list[int]
) -> None:
    key_result = source.measure.key_result
    assert key_result is not None
    key_result.objective.deleted_at = utcnow()
    db.session.commit()
    assert clock.tick() == 0


def test_an_objective_with_a_source_of_its_own_is_counted(
    source: TrelloSource, alice: Person, noticed: list[int]
) -> None:
    source.ended_at = utcnow()
    objective = make_objective(alice, kind="percent")
    make_key_result(objective)
    make_source(objective.measure, source.board.connection)
    assert clock.tick() == 1


def test_old_copies_and_old_runs_are_cleared_away(source: TrelloSource, noticed: list[int]) -> None:
    old = SyncRun(
        board_id=source.board_id,
        trigger="hourly",
        status="done",
        finished_at=utcnow() - timedelta(days=91),
    )
    db.session.add(old)
    db.session.commit()
    keep_copy(db.session(), source.board.connection_id, snapshot(board()))
    db.session.execute(update(BoardCopy).values(fetched_at=utcnow() - timedelta(hours=1)))
    db.session.commit()
    clock.tick()
    assert runs_in_all() == 1 and run_of(noticed[0]).status == "queued"
    assert db.session.scalar(select(func.count(BoardCopy.trello_id))) == 0


def test_the_run_of_a_silent_worker_is_given_up_and_its_board_is_due_at_once(
    source: TrelloSource, noticed: list[int]
) -> None:
    run_id = queued_run(source.board)
    claim = runs.claim(run_id)
    assert claim is not None
    assert clock.tick() == 0
    db.session.execute(update(SyncRun).values(lease_until=utcnow() - timedelta(seconds=1)))
    db.session.commit()
    assert clock.tick() == 1
    db.session.expire_all()
    assert run_of(run_id).status == "abandoned"
    assert noticed[-1] != run_id and run_of(noticed[-1]).status == "queued"
    with pytest.raises(runs.ClaimLost):
        runs.keep_alive(run_id, claim.mark)


def test_a_board_that_keeps_ending_its_worker_waits_for_its_hour(
    source: TrelloSource, noticed: list[int]
) -> None:
    for _ in range(runs.MOST_REPEATS + 1):
        runs.claim(queued_run(source.board))
        db.session.execute(
            update(SyncRun)
            .where(SyncRun.status == "running")
            .values(lease_until=utcnow() - timedelta(seconds=1))
        )
        db.session.commit()
        with db.writing() as session:
            assert runs.give_up_silent(session)
    db.session.expire_all()
    assert source.board.next_sync_at - utcnow() > timedelta(minutes=59)
