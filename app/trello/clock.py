"""The hourly clock: finds what is due, asks for runs, and mends what a dead worker left behind.

Called every few seconds by every worker. Late, twice, or by two workers at once is harmless.
"""

import logging
from datetime import timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from app.db import db, utcnow
from app.okrs.integrations import is_enabled
from app.okrs.loading import live_measures
from app.queues import enqueue
from app.trello import runs
from app.trello.models import (
    QUEUED,
    Board,
    BoardCopy,
    Connection,
    SyncRun,
    TrelloSource,
)
from app.trello.runs import HOUR
from app.trello.sync import sync_board

log = logging.getLogger(__name__)

COPIES_KEPT = timedelta(minutes=10)
RUNS_KEPT = timedelta(days=90)


def tick() -> int:
    """One turn of the clock. The number of runs it gave notice of."""
    with db.writing() as session:
        given_up = runs.give_up_silent(session)
        if is_enabled("trello"):
            due = _due_boards(session)
            if due:
                _clear_leftovers(session)
            for board in due:
                # Moved forward before the work, so that a board that always fails
                # is not asked for at every turn.
                board.next_sync_at = utcnow() + HOUR
                runs.ask(session, board, "hourly")
        session.flush()  # the runs just asked for are among those waiting
        # All of them: the notice of an earlier turn may have been lost with the server for RQ.
        waiting = session.scalars(
            select(SyncRun.id).where(SyncRun.status == QUEUED).order_by(SyncRun.id)
        ).all()
    if given_up:
        log.warning("Runs of silent workers were given up", extra={"runs": given_up})
    for run_id in waiting:
        if not enqueue(sync_board, run_id):
            break
    return len(waiting)


def _due_boards(session: Session) -> list[Board]:
    """Boards with something to count whose time has come; locked against another clock."""
    has_live_source = exists(
        select(TrelloSource.id).where(
            TrelloSource.board_id == Board.id,
            TrelloSource.ended_at.is_(None),
            TrelloSource.measure_id.in_(live_measures()),
        )
    )
    return list(
        session.scalars(
            select(Board)
            .join(Board.connection)
            .where(
                Board.next_sync_at <= utcnow(),
                Connection.reconnect_reason.is_(None),
                has_live_source,
            )
            .order_by(Board.next_sync_at)
            .with_for_update(of=Board, skip_locked=True)
        )
    )


def _clear_leftovers(session: Session) -> None:
    """Copies that no form will use any more, and runs that nobody will ask about."""
    now = utcnow()
    session.execute(delete(BoardCopy).where(BoardCopy.fetched_at < now - COPIES_KEPT))
    session.execute(delete(SyncRun).where(SyncRun.finished_at < now - RUNS_KEPT))
