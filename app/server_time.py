"""What time it is, by one clock for all hosts: that of the database's server.

Leases, dues and limits are compared by several hosts, whose own clocks may be minutes apart: one
that is ahead would take the work of all others for abandoned. Read when a connection is made, and
again now and then; in between the steady clock counts on, which nobody sets.
"""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine, event

READ_AGAIN_AFTER = 60.0
"""Seconds. Steady clocks of two machines drift apart by less than a hundredth of one meanwhile."""
STEPPED = 0.5
"""Seconds by which our own clock and the steady one disagree where one was set, or stood still."""


class _Look(NamedTuple):
    """Never half of an earlier one: other threads ask meanwhile."""

    showed: datetime
    """In UTC."""
    at: float
    """By the steady clock, in seconds, as is what follows."""
    own_ahead: float


class ServerTime:
    """The server's clock, as far as it was read; this machine's, as long as it was not."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """There is no server, or another one."""
        self._last: _Look | None = None

    def now(self) -> datetime:
        last = self._last
        if last is None:
            return datetime.now(UTC)
        return last.showed + timedelta(seconds=time.monotonic() - last.at)

    @property
    def is_to_be_read(self) -> bool:
        last = self._last
        if last is None or time.monotonic() - last.at > READ_AGAIN_AFTER:
            return True
        return abs(time.time() - time.monotonic() - last.own_ahead) > STEPPED

    def read(self, connection: Any) -> None:
        """Ask over a connection of the driver's, outside any transaction; silence changes
        nothing."""
        import psycopg  # here, since it takes five megabytes, which SQLite has no use for

        with suppress(psycopg.Error):
            began = time.monotonic()
            row = connection.execute("SELECT clock_timestamp()").fetchone()
            at = (began + time.monotonic()) / 2  # it was read half-way
            connection.rollback()
            # It comes in the zone of the server, where an hour may come twice.
            showed = row[0].astimezone(UTC)
            self._last = _Look(showed, at, time.time() - time.monotonic())


server_time = ServerTime()


def follow(engine: Engine) -> None:
    """From now on that of this engine's server; on SQLite there is none."""
    server_time.forget()
    if engine.dialect.name == "postgresql" and not event.contains(engine, "connect", _connect):
        event.listen(engine, "connect", _connect)
        event.listen(engine, "checkout", _checkout)


def _connect(connection: Any, _record: Any) -> None:
    server_time.read(connection)


def _checkout(connection: Any, _record: Any, _proxy: Any) -> None:
    if server_time.is_to_be_read:
        server_time.read(connection)
