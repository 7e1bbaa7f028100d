"""What came of asking Trello: when a board is tried again, and what its connection is told.

Nothing here commits.
"""

import random
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.orm import Session

from app.db import utcnow
from app.pages import moment
from app.timing import scaled
from app.trello import failure_history, runs
from app.trello.client import LIMIT_WINDOW
from app.trello.failures import (
    Held,
    KeyRefused,
    Limited,
    Paused,
    SignInUnusable,
    TokenRefused,
    TrelloError,
    Unavailable,
)
from app.trello.live_rows import LiveBoard
from app.trello.models import FAILED, Board, Connection
from app.trello.runs import HOUR
from app.vault import is_same_secret

FIRST_PAUSE = timedelta(minutes=1)
"""Before trying again when Trello can't be reached; doubled at each failure, up to an hour."""
LONG = timedelta(hours=6)
"""Trello that has not answered for so long is asked less often."""
LONG_PAUSE = timedelta(hours=4)
SAID_AGAIN_AFTER = timedelta(seconds=1)
"""In an hourly run a connection's boards follow each other within milliseconds."""

# Built once, without the ORM's part: these run for every board, every hour.
_boards = Board.metadata.tables[Board.__tablename__]
_connections = Connection.metadata.tables[Connection.__tablename__]
_READ = (
    update(_boards)
    .where(_boards.c.id == bindparam("of_board"))
    .values(
        last_synced_at=bindparam("now"),
        next_sync_at=bindparam("next_sync_at"),
        failure=None,
        failure_kind=None,
        failed_at=None,
        failing_since=None,
        failure_count=0,
    )
)
_WORKS = (
    update(_connections)
    .where(_connections.c.id == bindparam("of_connection"))
    .values(last_synced_at=bindparam("now"), limited_until=None)
)
_ANSWERS = (
    update(_connections)
    .where(_connections.c.id == bindparam("of_connection"))
    .values(limited_until=None)
)

_SILENT = (
    "Trello has not answered since {since}. The last good value stays; it is tried again every "
    "four hours, and at once by Refresh."
)

OF_CONNECTION = (TokenRefused, SignInUnusable, KeyRefused, Limited)
"""What concerns all boards of a connection, whichever of them met it."""
LOCK = {"key_share": True}
"""How a connection is locked before it is told something: one after another, on PostgreSQL too."""


def record_success(session: Session, board: LiveBoard) -> None:
    """The board was read and counted: clear its failure; the next time is in an hour."""
    now = utcnow()
    if board.is_failing:
        failure_history.end(session, board.connection_id, board.id, now)
    say_read(session, board.id, now)
    was_just_said = board.connection_synced_at is not None and (
        now - board.connection_synced_at < SAID_AGAIN_AFTER
    )
    if board.limited_until is not None or not was_just_said:
        say_works(session, board.connection_id, now)


def say_read(session: Session, board_id: int, now: datetime) -> None:
    values = {"of_board": board_id, "now": now, "next_sync_at": now + scaled(HOUR)}
    session.connection().execute(_READ, values)


def say_works(session: Session, connection_id: int, now: datetime) -> None:
    session.connection().execute(_WORKS, {"of_connection": connection_id, "now": now})


def fail(
    session: Session, run_id: int, mark: str, board: Board, token: str, error: TrelloError
) -> None:
    """Close the run as failed and say on the board what went wrong. Values stay as they are.

    `token` is as in `tell_connection`. Raises ClaimLost.
    """
    runs.close(session, run_id, mark, FAILED, error)
    now = utcnow()
    if isinstance(error, Paused):
        board.next_sync_at = now  # counted as soon as the integration is enabled again
        return
    if isinstance(error, Held):
        board.next_sync_at = now + _a_little_over(error)
        return
    if isinstance(error, TokenRefused) and _was_replaced(board.connection, token):
        board.next_sync_at = now
        return
    since = board.failing_since = board.failing_since or now
    is_long = isinstance(error, Unavailable) and now - since >= scaled(LONG)
    board.failure = _SILENT.format(since=moment(since)) if is_long else error.sentence
    board.failure_kind, board.failed_at = error.kind, now
    board.failure_count += 1
    pause = scaled(LONG_PAUSE) if is_long else _pause(error, board.failure_count)
    board.next_sync_at = now + pause
    tell_connection(session, board.connection, token, error, board)


def _was_replaced(connection: Connection, token: str) -> bool:
    """Whether someone signed in anew since: the token that was refused is revoked with that."""
    return connection.reconnect_reason is None and not is_same_secret(
        connection.token_encrypted, token
    )


def tell_connection(
    session: Session,
    connection: Connection,
    token: str,
    error: TrelloError,
    board: Board | None = None,
) -> None:
    """Keep the failure in the connection's history, and what it means for all its boards.

    `token` is the one that was used, as stored: a connection that has another one by now is not
    marked for a refusal of the old one. Without a board, as where a form asked, only what
    concerns the whole connection is kept.
    """
    is_old_news = connection.reconnect_reason is not None or not is_same_secret(
        connection.token_encrypted, token
    )
    if isinstance(error, Held | Paused) or (isinstance(error, TokenRefused) and is_old_news):
        return
    if isinstance(error, TokenRefused):
        connection.reconnect_reason = error.sentence
    elif isinstance(error, Limited):
        _let_rest(session, connection, error, board)
    if isinstance(error, OF_CONNECTION):
        failure_history.note(session, connection, None, error)
    elif board is not None:
        failure_history.note(session, connection, board.id, error)


def record_reconnection(session: Session, connection: Connection) -> None:
    """Its owner has signed in again: what concerned the old token is over."""
    connection.reconnect_reason = connection.limited_until = None
    failure_history.end(session, connection.id, None, utcnow())


def record_answer(session: Session, connection_id: int) -> None:
    """Trello answered outside of a sync: what concerned the whole connection is over."""
    failure_history.end(session, connection_id, None, utcnow())
    session.execute(_ANSWERS, {"of_connection": connection_id})


def _pause(error: TrelloError, failures: int) -> timedelta:
    """As told when limited, longer if it goes on; growing when unreachable; else an hour.

    A little chance keeps boards that failed together from coming back together.
    """
    doublings = min(failures - 1, 6)
    if isinstance(error, Limited):
        grown = scaled(LIMIT_WINDOW) * (1 << doublings) if doublings else timedelta()
        return min(max(_a_little_over(error), grown), scaled(HOUR))
    if isinstance(error, Unavailable):
        return scaled(min(FIRST_PAUSE * (1 << doublings), HOUR)) * random.uniform(0.8, 1.0)
    return scaled(HOUR)


def _a_little_over(error: Limited) -> timedelta:
    told = error.retry_after or scaled(LIMIT_WINDOW)
    return told + scaled(timedelta(seconds=random.uniform(0, 2)))


def _let_rest(
    session: Session, connection: Connection, error: Limited, board: Board | None
) -> None:
    """Let all that share the limit wait: the connection, or all that use the same key.

    Nobody asks for as long as we were told; by the clock, others wait as long as this board.
    """
    until = utcnow() + (error.retry_after or scaled(LIMIT_WINDOW))
    shares_it: ColumnElement[bool] = Connection.id == connection.id
    if error.is_of_key:
        shares_it = Connection.key_fingerprint == connection.key_fingerprint
    sharing = session.scalars(select(Connection.id).where(shares_it).order_by(Connection.id)).all()
    session.execute(
        update(Connection)
        .where(
            Connection.id.in_(sharing),
            or_(Connection.limited_until.is_(None), Connection.limited_until < until),
        )
        .values(limited_until=until)
    )
    due_at = max(until, board.next_sync_at) if board else until
    session.execute(
        update(Board)
        .where(Board.connection_id.in_(sharing), Board.next_sync_at < due_at)
        .values(next_sync_at=due_at)
    )
