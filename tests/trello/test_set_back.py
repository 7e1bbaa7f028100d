"""A clock that was ahead and was set right: what it planned and counted does not wait for it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.beats import WorkerBeat, beat, count_alive
from app.db import db, utcnow
from app.trello import clock, set_back
from app.trello.board_copies import keep_copy
from app.trello.models import BoardCopy, TrelloSource
from tests.trello.boards import board, snapshot
from tests.trello.linked import queued_run, run_of

pytestmark = pytest.mark.both_databases

AHEAD = timedelta(hours=1)


def test_a_board_that_was_put_off_by_a_clock_ahead_is_due(source: TrelloSource) -> None:
    source.board.next_sync_at = utcnow() + AHEAD + timedelta(hours=1)
    db.session.commit()
    assert clock.tick() == 0
    set_back.put_right()
    assert clock.tick() == 1


def test_one_that_is_due_within_the_hour_stays_as_it_is(source: TrelloSource) -> None:
    planned = source.board.next_sync_at = utcnow() + timedelta(minutes=59)
    db.session.commit()
    set_back.put_right()
    db.session.refresh(source.board)
    assert source.board.next_sync_at == planned


def test_what_it_counted_does_not_pass_for_newer_than_what_is_counted_now(
    source: TrelloSource,
) -> None:
    source.counted_at = utcnow() + AHEAD
    db.session.commit()
    set_back.put_right()
    db.session.refresh(source)
    assert source.counted_at is not None and source.counted_at <= utcnow()


def test_the_run_of_a_worker_that_died_meanwhile_is_given_up(source: TrelloSource) -> None:
    run = run_of(queued_run(source.board))
    run.status, run.lease_until = "running", utcnow() + AHEAD
    db.session.commit()
    set_back.put_right()
    clock.tick()
    assert run_of(run.id).status == "abandoned"


def test_a_copy_of_a_board_from_then_is_not_taken_for_fresh(source: TrelloSource) -> None:
    keep_copy(db.session(), source.board.connection_id, snapshot(board(), utcnow() + AHEAD))
    db.session.commit()
    set_back.put_right()
    assert db.session.scalar(select(BoardCopy)) is None


def test_a_worker_that_died_meanwhile_does_not_live_on(source: TrelloSource) -> None:
    beat("dead")
    db.session.get_one(WorkerBeat, "dead").seen_at = utcnow() + AHEAD
    db.session.commit()
    beat("alive")
    assert count_alive() == 1
