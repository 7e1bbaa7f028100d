"""Pages that wait for Trello: few at once, so that a slow Trello never takes the site along."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.trello.failures import Unavailable

MOST_AT_ONCE = 4
"""Half of the web process's threads (gunicorn.conf.py): the others go on answering."""
PATIENCE = (3.05, 10)
"""Seconds to connect and to wait, where a person waits too."""

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


@contextmanager
def page_waits() -> Iterator[None]:
    """Hold one of the places while a request to Trello is under way.

    Raises Unavailable at once where all are taken.
    """
    if not _places.acquire(blocking=False):
        raise Unavailable("Trello answers slowly, and others are waiting for it. Try again soon.")
    try:
        yield
    finally:
        _places.release()
