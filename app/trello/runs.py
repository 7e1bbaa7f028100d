"""The life of a sync run: asked for, claimed by one worker, finished, failed or given up.

Nothing here commits but `claim` and `keep_alive`, which must be seen by others at once.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Executable, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.db import changed_rows, db, insert_into, utcnow
from app.timing import scaled
from app.trello.failures import TrelloError
from app.trello.live_rows import LiveBoard, live_board
from app.trello.models import (
    ABANDONED,
    DONE,
    HOURLY,
    QUEUED,
    RUNNING,
    UNFINISHED,
    URGENCY,
    Board,
    SyncRun,
)

HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=60)
"""How long a worker may be silent before its run is given to another; a request takes 53 s."""
RENEWED_AFTER = timedelta(seconds=5)
"""A lease that is younger is not written anew before a request."""
MOST_REPEATS = 3
"""How often a run that its worker did not survive is repeated at once."""


# Built once, without the ORM's part: these run for every board, every hour.
_runs = SyncRun.metadata.tables[SyncRun.__tablename__]
_oldest = (
    select(_runs.c.id)
    .where(_runs.c.status == QUEUED, _runs.c.trigger == HOURLY, _runs.c.id > bindparam("after"))
    .order_by(_runs.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_taking = (
    update(_runs)
    .where(_runs.c.status == QUEUED)
    .values(
        status=RUNNING,
        claim=bindparam("new_claim"),
        started_at=bindparam("new_start"),
        lease_until=bindparam("new_lease"),
    )
    .returning(_runs.c.id, _runs.c.board_id, _runs.c.trigger, _runs.c.claim)
)
_TAKE_ONE = _taking.where(_runs.c.id == bindparam("run_id"))
_TAKE_OLDEST = _taking.where(_runs.c.id == _oldest.scalar_subquery())
_FINISH = (
    update(_runs)
    .where(
        _runs.c.id == bindparam("run_id"),
        _runs.c.claim == bindparam("mark"),
        _runs.c.status == RUNNING,
    )
    .values(
        status=DONE,
        finished_at=bindparam("now"),
        request_count=bindparam("requests"),
        source_count=bindparam("sources"),
        changed_count=bindparam("changed"),
    )
)


class ClaimLost(Exception):
    """The run was given to someone else meanwhile, so nothing of ours may be written."""


@dataclass(frozen=True)
class Claim:
    """A run that is ours, for as long as its row bears our mark."""

    run_id: int
    mark: str
    trigger: str
    board: LiveBoard
    """As it was when the run was taken."""


def ask_hourly(session: Session, board_ids: Sequence[int]) -> None:
    """A run for each of these boards that has none unfinished. Commits nothing."""
    insert = insert_into(session, _runs)
    rows = [{"board_id": board_id, "trigger": HOURLY} for board_id in sorted(board_ids)]
    session.connection().execute(insert.on_conflict_do_nothing(), rows)


def ask(session: Session, board: Board, trigger: str, by: Person | None = None) -> SyncRun:
    """The unfinished run of this board, or a new one. Commits nothing.

    The database allows one unfinished run a board: two presses at once become one. One that
    waits becomes as urgent as the most urgent wish for it; one that runs is joined as it is. Ask
    for several in the order of their boards' ids, or two who do so wait for each other.
    """
    waiting = unfinished(session, board.id)
    if waiting is not None:
        _hurry(session, waiting, trigger, by)
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


def _hurry(session: Session, run: SyncRun, trigger: str, by: Person | None) -> None:
    if URGENCY.index(trigger) > URGENCY.index(run.trigger):
        session.execute(
            update(SyncRun)
            .where(SyncRun.id == run.id, SyncRun.status == QUEUED)
            .values(trigger=trigger, asked_by_id=by.id if by else None)
        )


def unfinished(session: Session, board_id: int) -> SyncRun | None:
    return session.scalar(
        select(SyncRun).where(SyncRun.board_id == board_id, SyncRun.status.in_(UNFINISHED))
    )


def claim(run_id: int) -> Claim | None:
    """Take a queued run; None when it is not there to take: delivered twice, or done before."""
    with db.writing() as session:
        return _take(session, _TAKE_ONE, run_id=run_id)


def take_next(session: Session, after: int) -> Claim | None:
    """Take the oldest queued hourly run with a number above `after`, likewise. It is ours when
    this is committed; do that at once."""
    return _take(session, _TAKE_OLDEST, after=after)


def _take(session: Session, taking: Executable, **which: int) -> Claim | None:
    now = utcnow()
    content = {
        "new_claim": secrets.token_hex(16),
        "new_start": now,
        "new_lease": now + scaled(LEASE),
    }
    taken = session.connection().execute(taking, {**which, **content}).one_or_none()
    if taken is None:
        return None
    run_id, board_id, trigger, mark = taken
    board = live_board(session, board_id)
    if board.has_news:
        # What a webhook tells from now on may come after our fetch, and is told anew. Whoever holds
        # the board may be waiting for the run, which we hold: then it is only looked at once more.
        free = select(Board.id).where(Board.id == board_id).with_for_update(skip_locked=True)
        session.execute(
            update(Board).where(Board.id == free.scalar_subquery()).values(changed_at=None)
        )
    return Claim(run_id, mark, trigger, board)


def keep_alive(run_id: int, mark: str) -> None:
    """Say that we still work on it. Raises ClaimLost when it is not ours."""
    with db.writing() as session:
        if not changed_rows(
            session.execute(
                update(SyncRun)
                .where(SyncRun.id == run_id, SyncRun.claim == mark, SyncRun.status == RUNNING)
                .values(lease_until=utcnow() + scaled(LEASE))
            )
        ):
            raise ClaimLost


def finish(
    session: Session, run_id: int, mark: str, requests: int, sources: int, changed: int
) -> None:
    """Close the run as done, in the transaction that writes its figures. Raises ClaimLost."""
    closed = session.connection().execute(
        _FINISH,
        {
            "run_id": run_id,
            "mark": mark,
            "now": utcnow(),
            "requests": requests,
            "sources": sources,
            "changed": changed,
        },
    )
    if not changed_rows(closed):
        raise ClaimLost


def record_requests(session: Session, run_id: int, requests: int) -> None:
    """Note on a run that failed what it took."""
    session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id)
        .values(request_count=requests)
        .execution_options(synchronize_session=False)
    )


def give_up_silent(session: Session) -> list[SyncRun]:
    """Close the runs whose worker fell silent, and return them; their boards are due at once."""
    now = utcnow()
    silent = session.scalars(
        select(SyncRun).where(SyncRun.status == RUNNING, SyncRun.lease_until < now)
    ).all()
    given_up = []
    for run in silent:
        closed = changed_rows(
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
            given_up.append(run)
            board = session.get_one(Board, run.board_id)
            board.failure_count += 1
            # A board that keeps ending its worker must not do so every minute.
            is_stubborn = board.failure_count > MOST_REPEATS
            board.next_sync_at = now + scaled(HOUR) if is_stubborn else now
    return given_up


def close(
    session: Session, run_id: int, mark: str, status: str, error: TrelloError | None = None
) -> None:
    """Close the run, done or failed. Raises ClaimLost when it is not ours any more."""
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
    if not changed_rows(closed):
        raise ClaimLost
