"""The life of a sync run: asked for, claimed by one worker, finished, failed or given up.

Nothing here commits but `claim` and `keep_alive`, which must be seen by others at once.
"""

import random
import secrets
from datetime import timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.db import db, utcnow
from app.trello.client import LIMIT_WINDOW
from app.trello.failures import Limited, Paused, TokenRefused, TrelloError, Unavailable
from app.trello.models import (
    ABANDONED,
    DONE,
    FAILED,
    QUEUED,
    RUNNING,
    UNFINISHED,
    Board,
    SyncRun,
)

HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=60)
"""How long a worker may be silent before its run is given to another; a request takes 30 s."""
FIRST_PAUSE = timedelta(minutes=1)
"""Before trying again when Trello can't be reached; doubled at each failure, up to an hour."""

MOST_REPEATS = 3
"""How often a run that its worker did not survive is repeated at once."""


class ClaimLost(Exception):
    """The run was given to someone else meanwhile, so nothing of ours may be written."""


def ask(session: Session, board: Board, trigger: str, by: Person | None = None) -> SyncRun:
    """The unfinished run of this board, or a new one. Commits nothing.

    The database allows one unfinished run a board: two presses at once become one.
    """
    waiting = unfinished(session, board.id)
    if waiting is not None:
        return waiting
    run = SyncRun(board_id=board.id, trigger=trigger, asked_by_id=by.id if by else None)
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError:
        first = unfinished(session, board.id)
        if first is None:
            raise
        return first
    return run


def unfinished(session: Session, board_id: int) -> SyncRun | None:
    return session.scalar(
        select(SyncRun).where(SyncRun.board_id == board_id, SyncRun.status.in_(UNFINISHED))
    )


def claim(run_id: int) -> str | None:
    """Take a queued run; None when it is not there to take: delivered twice, or done before."""
    mark = secrets.token_hex(16)
    now = utcnow()
    with db.writing() as session:
        taken = _count(
            session.execute(
                update(SyncRun)
                .where(SyncRun.id == run_id, SyncRun.status == QUEUED)
                .values(status=RUNNING, claim=mark, started_at=now, lease_until=now + LEASE)
            )
        )
    return mark if taken else None


def keep_alive(run_id: int, mark: str) -> None:
    """Say before each request that we still work on it. Raises ClaimLost when it is not ours."""
    with db.writing() as session:
        if not _count(
            session.execute(
                update(SyncRun)
                .where(SyncRun.id == run_id, SyncRun.claim == mark, SyncRun.status == RUNNING)
                .values(lease_until=utcnow() + LEASE, request_count=SyncRun.request_count + 1)
            )
        ):
            raise ClaimLost


def finish(session: Session, run_id: int, mark: str) -> None:
    """Close the run as done, in the transaction that writes its figures. Raises ClaimLost."""
    _close(session, run_id, mark, DONE)


def record_success(board: Board) -> None:
    """The board was read and counted: clear its failure; the next time is in an hour."""
    now = utcnow()
    board.last_synced_at = board.connection.last_synced_at = now
    board.failure = board.failure_kind = board.failed_at = None
    board.failure_count = 0
    board.next_sync_at = now + HOUR


def fail(
    session: Session, run_id: int, mark: str, board: Board, token: str, error: TrelloError
) -> None:
    """Close the run as failed and say on the board what went wrong. Values stay as they are.

    `token` is the one that was used, as stored: a connection that has another one by now is not
    marked for a refusal of the old one. Raises ClaimLost.
    """
    _close(session, run_id, mark, FAILED, error)
    now = utcnow()
    if isinstance(error, Paused):
        board.next_sync_at = now  # counted as soon as the integration is enabled again
        return
    board.failure, board.failure_kind, board.failed_at = error.sentence, error.kind, now
    board.failure_count += 1
    board.next_sync_at = now + _pause(error, board.failure_count)
    if isinstance(error, Limited):
        # The limit is the token's, so its other boards wait as well.
        until = board.next_sync_at
        session.execute(
            update(Board)
            .where(Board.connection_id == board.connection_id, Board.next_sync_at < until)
            .values(next_sync_at=until)
        )
    if isinstance(error, TokenRefused) and board.connection.token_encrypted == token:
        board.connection.reconnect_reason = error.sentence


def give_up_silent(session: Session) -> list[int]:
    """Close the runs whose worker fell silent; their boards are due at once. Their ids."""
    now = utcnow()
    silent = session.scalars(
        select(SyncRun).where(SyncRun.status == RUNNING, SyncRun.lease_until < now)
    ).all()
    given_up = []
    for run in silent:
        closed = _count(
            session.execute(
                update(SyncRun)
                .where(SyncRun.id == run.id, SyncRun.status == RUNNING, SyncRun.lease_until < now)
                .values(
                    status=ABANDONED,
                    finished_at=now,
                    failure="The worker stopped in the middle of it.",
                )
            )
        )
        if closed:
            given_up.append(run.id)
            board = session.get_one(Board, run.board_id)
            board.failure_count += 1
            # A board that keeps ending its worker must not do so every minute.
            is_stubborn = board.failure_count > MOST_REPEATS
            board.next_sync_at = now + HOUR if is_stubborn else now
    return given_up


def _close(
    session: Session, run_id: int, mark: str, status: str, error: TrelloError | None = None
) -> None:
    closed = session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.claim == mark, SyncRun.status == RUNNING)
        .values(
            status=status,
            finished_at=utcnow(),
            failure_kind=error.kind if error else None,
            failure=error.sentence if error else None,
        )
    )
    if not _count(closed):
        raise ClaimLost


def _pause(error: TrelloError, failures: int) -> timedelta:
    """As told when limited, longer if it goes on; growing when unreachable; else an hour.

    A little chance keeps boards that failed together from coming back together.
    """
    doublings = min(failures - 1, 6)
    if isinstance(error, Limited):
        told = error.retry_after or LIMIT_WINDOW
        grown = max(told, LIMIT_WINDOW * (1 << doublings)) if doublings else told
        return min(grown, HOUR) + timedelta(seconds=random.uniform(0, 2))
    if isinstance(error, Unavailable):
        return min(FIRST_PAUSE * (1 << doublings), HOUR) * random.uniform(0.8, 1.0)
    return HOUR


def _count(result: object) -> int:
    if not isinstance(result, CursorResult):
        raise TypeError("an update was expected")
    return result.rowcount
