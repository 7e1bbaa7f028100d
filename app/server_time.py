"""What time it is, by one clock for all hosts: that of the database's server.

Leases, dues and limits are compared by several hosts, whose own clocks may be minutes apart: one
that is ahead would take the work of all others for abandoned. Read when a connection is made, and
again now and then; in between the steady clock counts on, which nobody sets.
"""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Engine, event

READ_AGAIN_AFTER = 60.0
"""Seconds. Steady clocks of two machines drift apart by less than a hundredth of one meanwhile."""
STEPPED = 0.5
"""Seconds by which our own clock and the steady one disagree where one was set, or stood still."""


class ServerTime:
    """The server's clock, as far as it was read; this machine's, as long as it was not."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """There is no server, or another one."""
        self._then: datetime | None = None
        self._read_at = self._own_ahead = 0.0

    def now(self) -> datetime:
        if self._then is None:
            return datetime.now(UTC)
        return self._then + timedelta(seconds=time.monotonic() - self._read_at)

    @property
    def is_to_be_read(self) -> bool:
        if self._then is None or time.monotonic() - self._read_at > READ_AGAIN_AFTER:
            return True
        return abs(time.time() - time.monotonic() - self._own_ahead) > STEPPED

    def read(self, connection: Any) -> None:
        """Ask over a connection of the driver's, outside any transaction; silence changes
        nothing."""
        with suppress(psycopg.Error):
            began = time.monotonic()
            row = connection.execute("SELECT clock_timestamp()").fetchone()
            self._read_at = (began + time.monotonic()) / 2  # it was read half-way
            connection.rollback()
            self._then, self._own_ahead = row[0], time.time() - time.monotonic()


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
