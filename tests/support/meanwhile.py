"""Two transactions of which one waits for a lock of the other, on PostgreSQL."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from sqlalchemy import text
from werkzeug.test import TestResponse

from app.db import db

BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
LONGEST_WAIT = 20


def pause(monkeypatch, module, name) -> Event:
    """Let this function, done for the first time, wait until another transaction waits for it.

    The event tells that it got there.
    """
    original, is_there = getattr(module, name), Event()

    def pausing(*values):
        result = original(*values)
        if is_there.is_set():
            return result  # the second to get there has nobody to wait for
        is_there.set()
        wait_for_one_that_waits()
        return result

    monkeypatch.setattr(module, name, pausing)
    return is_there


def wait_for_one_that_waits() -> None:
    """Until a transaction waits for another."""
    ends_at = time.monotonic() + LONGEST_WAIT
    with db.engine.connect() as looking:
        while time.monotonic() < ends_at and not looking.scalar(BLOCKED):
            looking.rollback()
            time.sleep(0.02)


def one_after_the_other(
    first: Callable[[], TestResponse], is_there: Event, second: Callable[[], TestResponse]
) -> tuple[TestResponse, TestResponse]:
    """Both answers; the second begins when the first has got where it pauses."""
    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(first)
        assert is_there.wait(LONGEST_WAIT)
        late = pool.submit(second)
        return early.result(), late.result()
