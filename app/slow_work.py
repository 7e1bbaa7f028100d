"""The number of every request, and which requests and statements took long: the log tells."""

import logging
import secrets
import time
from typing import Any

from flask import Flask, Response, g, request
from sqlalchemy import Engine, event

from app.log_lines import at_work

SLOW_REQUEST, SLOW_STATEMENT = 1.0, 0.5
"""Seconds from which on the log tells of it."""
LONGEST_STATEMENT = 500
REQUEST_ID = "X-Request-ID"

log = logging.getLogger(__name__)


def init_requests(app: Flask) -> None:
    """Number the requests, and tell of those that took long. Call it before all else that may end
    a request."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    g.request_id, g.began = secrets.token_hex(6), time.perf_counter()
    at_work.set({"request": g.request_id})


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.request_id
    took = time.perf_counter() - g.began
    if took >= SLOW_REQUEST:
        # By the name of its view: the address may be a one-time link.
        told = {"view": request.endpoint, "method": request.method, "status": response.status_code}
        log.warning("A slow request", extra={**told, "seconds": round(took, 3)})
    return response


def _forget(_error: BaseException | None) -> None:
    at_work.set(None)


def tell_slow_statements(engine: Engine) -> None:
    """Statements that took long stand in the log, without the values that were given to them."""

    @event.listens_for(engine, "before_cursor_execute")
    def _before(*told: Any) -> None:
        told[_CONTEXT]._tally_began = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def _after(*told: Any) -> None:
        took = time.perf_counter() - told[_CONTEXT]._tally_began
        if took >= SLOW_STATEMENT:
            statement = " ".join(told[_STATEMENT].split())[:LONGEST_STATEMENT]
            more = {"seconds": round(took, 3), "statement": statement}
            log.warning("A slow statement", extra=more)


_STATEMENT, _CONTEXT = 2, 4
"""Where they are among what SQLAlchemy tells."""
