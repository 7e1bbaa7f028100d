"""After the clock of a machine was set back: what was planned by it as it was before would wait
until it has come that far again, and what was counted by it would pass for newer than all else."""

from datetime import timedelta

from sqlalchemy import delete

from app.db import db, utcnow
from app.okrs.models import Source
from app.timing import not_beyond, scaled
from app.trello.models import Board, BoardCopy, BoardList, Connection, Past, SyncRun
from app.trello.runs import HOUR, LEASE

_AT_ONCE = timedelta()


def put_right() -> None:
    """Bring such moments back to this one. Whoever loses a claim by it writes nothing, and is
    followed by another: late, twice, or by two workers at once is harmless."""
    for moments in (
        not_beyond(Board.next_sync_at, scaled(HOUR)),
        not_beyond(Board.changed_at, _AT_ONCE),
        not_beyond(SyncRun.lease_until, scaled(LEASE)),
        not_beyond(Source.counted_at, _AT_ONCE),
        not_beyond(Connection.limited_until, scaled(HOUR)),
        not_beyond(Connection.webhooks_due_at, scaled(HOUR)),
        not_beyond(Past.lease_until, scaled(LEASE)),
        not_beyond(Past.next_try_at, scaled(HOUR)),
        delete(BoardCopy).where(BoardCopy.fetched_at > utcnow()),
        delete(BoardList).where(BoardList.fetched_at > utcnow()),
    ):
        with db.writing() as session:  # one of its own for each: none waits for another's rows
            session.execute(moments)
