"""When what Tally stands on fails: the database is away, its disk is full or takes nothing, or
Redis takes no more. What people and the log are told of it; it ends without our doing."""

import errno
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from sqlalchemy.exc import DBAPIError

from app.db import is_away

log = logging.getLogger(__name__)

TOLD_EVERY = 600
"""Seconds from one line in the log about an outage to the next, in one process."""


@dataclass(frozen=True)
class Outage:
    """What has failed, for the page that is the answer meanwhile, and for the log."""

    status: int
    title: str
    remedy: str
    log_line: str


FULL = Outage(
    507,
    "Tally's disk is full",
    "Nothing was saved. You can go on reading; tell whoever runs Tally to make room.",
    "The disk is full: nothing can be saved until there is room",
)
UNWRITABLE = Outage(
    503,
    "Tally can't write to its disk",
    "Nothing was saved. You can go on reading; tell whoever runs Tally.",
    "The disk can't be written to: nothing can be saved until it can",
)
UNREACHABLE = Outage(
    503,
    "Tally can't reach its database",
    "Nothing was saved. Try again in a moment; if it lasts, tell whoever runs Tally.",
    "The database can't be reached",
)
REDIS = Outage(
    503,
    "Tally can't reach Redis",
    "Nothing was saved. Try again in a moment; if it lasts, tell whoever runs Tally.",
    "Redis can't be reached, or takes nothing: rows wait until it does",
)

_BY_SQLITE = {8: UNWRITABLE, 10: UNWRITABLE, 13: FULL}
"""SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL; https://sqlite.org/rescode.html"""
_BY_SQLSTATE = {"53100": FULL, "25006": UNWRITABLE, "58030": UNWRITABLE}
"""disk_full, read_only_sql_transaction, io_error of PostgreSQL."""
_BY_ERRNO = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: UNWRITABLE,
    errno.EIO: UNWRITABLE,
}

_REDIS_IS_AWAY = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.OutOfMemoryError,
    redis.ReadOnlyError,
)
_REDIS_TAKES_NOTHING = ("OOM", "MISCONF", "READONLY")
"""What other refusals hold: of a script, or as its disk is full."""


def outage_behind(error: BaseException | None) -> Outage | None:
    """The outage that an exception comes from; None where it is a mistake of our own."""
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, OSError) and not isinstance(error, redis.RedisError):
        return _BY_ERRNO.get(error.errno or 0)
    return REDIS if _is_of_redis(error) else None


def _is_of_redis(error: BaseException | None) -> bool:
    """Not what it answers to a command that is wrong."""
    if isinstance(error, _REDIS_IS_AWAY):
        return True
    is_answer = isinstance(error, redis.ResponseError)
    return is_answer and any(word in str(error) for word in _REDIS_TAKES_NOTHING)


def _of_database(error: DBAPIError) -> Outage | None:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the rest tells it more finely
    state = getattr(error.orig, "sqlstate", None)
    found = _BY_SQLITE.get(code) or _BY_SQLSTATE.get(state or "")
    if found is not None:
        return found
    return UNREACHABLE if is_away(error) else None


@contextmanager
def left_where_nothing_can_be_saved() -> Iterator[None]:
    """Around what a page saves besides what it shows: where the disk takes nothing, it is shown
    all the same."""
    try:
        yield
    except DBAPIError as error:
        outage = outage_behind(error)
        if outage not in (FULL, UNWRITABLE):
            raise
        tell(outage, error)


_told_at: dict[str, float] = {}


def tell(outage: Outage, error: BaseException) -> None:
    """A line in the log, unless this process said the same a short while ago."""
    now = time.monotonic()
    if now - _told_at.get(outage.log_line, -TOLD_EVERY) >= TOLD_EVERY:
        _told_at[outage.log_line] = now
        log.error(outage.log_line, extra={"error": type(error).__name__})


def forget_told() -> None:
    """All is well again: the next outage is told at once."""
    _told_at.clear()
