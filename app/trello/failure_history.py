"""What went wrong with a connection, and for how long: the history that its page shows.

Nothing here commits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from app.db import utcnow
from app.trello.failures import TrelloError
from app.trello.models import Connection, ConnectionFailure

HISTORY_KEPT = timedelta(days=90)


def note(
    session: Session, connection: Connection, board_id: int | None, error: TrelloError
) -> None:
    """One more time of the trouble that lasts, or the first time of another."""
    now = utcnow()
    lasting = session.scalars(
        select(ConnectionFailure).where(
            ConnectionFailure.connection_id == connection.id,
            ConnectionFailure.board_id.is_(None)
            if board_id is None
            else ConnectionFailure.board_id == board_id,
            ConnectionFailure.over_at.is_(None),
        )
    ).all()
    for failure in lasting:
        if failure.kind == error.kind:
            failure.sentence, failure.last_at = error.sentence, now
            failure.times += 1
            return
        failure.over_at = now
    session.add(
        ConnectionFailure(
            connection_id=connection.id,
            board_id=board_id,
            kind=error.kind,
            sentence=error.sentence,
            first_at=now,
            last_at=now,
        )
    )


def end(session: Session, connection_id: int, board_id: int | None, now: datetime) -> None:
    """The failures of the board that last, and those of the whole connection, are over."""
    session.execute(
        update(ConnectionFailure)
        .where(
            ConnectionFailure.connection_id == connection_id,
            ConnectionFailure.over_at.is_(None),
            or_(ConnectionFailure.board_id.is_(None), ConnectionFailure.board_id == board_id),
        )
        .values(over_at=now)
    )


def end_on(session: Session, board_ids: Sequence[int]) -> None:
    """Nothing counts on these boards any more: what failed on them lasts no longer."""
    session.execute(
        update(ConnectionFailure)
        .where(ConnectionFailure.board_id.in_(board_ids), ConnectionFailure.over_at.is_(None))
        .values(over_at=utcnow())
    )


def forget_old(session: Session) -> None:
    """Those that ended, or last happened, longer ago than the history is kept."""
    session.execute(
        delete(ConnectionFailure)
        .where(ConnectionFailure.last_at < utcnow() - HISTORY_KEPT)
        .execution_options(synchronize_session=False)
    )
