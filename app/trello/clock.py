"""The hourly clock: finds what is due, asks for runs, and mends what a dead worker left behind.

Called every few seconds by every worker. Late, twice, or by two workers at once is harmless.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from sqlalchemy import Select, and_, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from app.beats import count_alive
from app.counters import SYNC_RUNS, counters
from app.db import db, utcnow
from app.okrs.integrations import is_enabled
from app.queues import HOURLY as HOURLY_LANE
from app.queues import count_notices, enqueue
from app.timing import scaled
from app.trello import failure_history, runs
from app.trello.loading import counts_something
from app.trello.models import (
    ABANDONED,
    HOURLY,
    QUEUED,
    Board,
    BoardCopy,
    Connection,
    SyncRun,
)
from app.trello.runs import HOUR
from app.trello.sync import sync_board, sync_waiting

log = logging.getLogger(__name__)

OVERLOOKED_AFTER = timedelta(seconds=15)
"""A change that a webhook told of so long ago was not looked at when it came."""
COPIES_KEPT = timedelta(minutes=10)
RUNS_KEPT = timedelta(days=90)

_MOVE = (
    update(Board)
    .where(Board.id.in_(bindparam("ids", expanding=True)))
    .values(next_sync_at=bindparam("next_sync_at"))
    .execution_options(synchronize_session=False)
)


def tick() -> int:
    """One turn of the clock. The number of runs it gave notice of."""
    with db.writing() as session:
        given_up = runs.give_up_silent(session)
        if is_enabled("trello"):
            due = _due_boards(session)
            if due:
                _clear_leftovers(session)
                # Moved forward before the work, so that a board that always fails
                # is not asked for at every turn.
                next_sync_at = utcnow() + scaled(HOUR)
                session.execute(_MOVE, {"ids": due, "next_sync_at": next_sync_at})
                runs.ask_hourly(session, due)
        # All of them: the notice of an earlier turn may have been lost with the server for RQ.
        waiting = session.execute(
            select(SyncRun.id, SyncRun.trigger).where(SyncRun.status == QUEUED).order_by(SyncRun.id)
        ).all()
    if given_up:
        ids = [run.id for run in given_up]
        log.warning("Runs of silent workers were given up", extra={"runs": ids})
    for run in given_up:
        counters.add(SYNC_RUNS, run.trigger, ABANDONED)
    hourly = [run.id for run in waiting if run.trigger == HOURLY]
    _give_notice_of_urgent([run.id for run in waiting if run.trigger != HOURLY])
    _give_notice_of_hourly(hourly)
    return len(waiting)


def _give_notice_of_urgent(run_ids: Sequence[int]) -> None:
    for run_id in run_ids:
        if not enqueue(sync_board, run_id):
            break


def _give_notice_of_hourly(run_ids: Sequence[int]) -> None:
    """A notice for each worker that lives: one job does many boards, one after another."""
    if not run_ids:
        return
    wanted = min(len(run_ids), max(1, count_alive()))
    missing = wanted - count_notices(sync_waiting, HOURLY_LANE)
    for run_id in run_ids[: max(0, missing)]:
        if not enqueue(sync_waiting, run_id, lane=HOURLY_LANE):
            break


def _due_boards(session: Session) -> Sequence[int]:
    """The ids of boards with something to count whose time has come; locked against another clock.

    Also those whose change a webhook told of while nobody was there to look at it at once.
    """
    now = utcnow()
    moments = {"now": now, "overlooked_before": now - scaled(OVERLOOKED_AFTER)}
    return session.scalars(_due(), moments).all()


@cache
def _due() -> Select[int]:
    was_overlooked = and_(
        Board.changed_at < bindparam("overlooked_before"), Board.failure_kind.is_(None)
    )
    return (
        select(Board.id)
        .join(Board.connection)
        .where(
            or_(Board.next_sync_at <= bindparam("now"), was_overlooked),
            Connection.reconnect_reason.is_(None),
            counts_something(),
        )
        .order_by(Board.next_sync_at)
        # Not against a run that is just asked for, which refers to its board, and is waited for.
        .with_for_update(of=Board, skip_locked=True, key_share=True)
    )


def _clear_leftovers(session: Session) -> None:
    """Copies that no form will use any more, runs and failures that nobody will ask about."""
    now = utcnow()
    for leftovers in (
        delete(BoardCopy).where(BoardCopy.fetched_at < now - COPIES_KEPT),
        delete(SyncRun).where(SyncRun.finished_at < now - RUNS_KEPT),
    ):
        session.execute(leftovers, execution_options={"synchronize_session": False})
    failure_history.forget_old(session)
