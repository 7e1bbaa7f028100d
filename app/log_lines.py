"""Lines of the log: which request or job each belongs to, for people or, with LOG_FORMAT=json, for
machines. Only what the code hands to the log is in them: no address, no value, no secret.
"""

import json
import logging
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request
from sqlalchemy import Engine, event

from app.config import ConfigError

TEXT, JSON = "text", "json"
SLOW_REQUEST, SLOW_STATEMENT = 1.0, 0.5
"""Seconds from which on the log tells of it."""
LONGEST_STATEMENT = 500
REQUEST_ID = "X-Request-ID"

log = logging.getLogger(__name__)

_work: ContextVar[dict[str, str] | None] = ContextVar("work", default=None)
_OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "taskName"}
"""What every record has; the rest was handed over with `extra`."""


@contextmanager
def working_on(kind: str, name: str) -> Iterator[None]:
    """Every line that is written inside says so: request=…, job=…."""
    token = _work.set({kind: name})
    try:
        yield
    finally:
        _work.reset(token)


class Lines(logging.Formatter):
    """One line a record, and a traceback beneath it, or inside it where machines read."""

    def __init__(self, log_format: str = TEXT) -> None:
        super().__init__()
        self._is_json = log_format == JSON

    def format(self, record: logging.LogRecord) -> str:
        more = {name: value for name, value in vars(record).items() if name not in _OWN}
        more = {**(_work.get() or {}), **more}
        if self._is_json:
            return json.dumps(self._as_dict(record, more), default=str)
        words = "".join(f" {name}={_word(value)}" for name, value in more.items())
        line = f"{record.levelname} {record.name}: {record.getMessage()}{words}"
        if record.exc_info:
            line += f"\n{self.formatException(record.exc_info)}"
        return line

    def _as_dict(self, record: logging.LogRecord, more: dict[str, Any]) -> dict[str, Any]:
        found = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **more,
        }
        if record.exc_info:
            found["exception"] = self.formatException(record.exc_info)
        return found


def _word(value: object) -> str:
    """As it is where it is one word, else in quotes: no text can look like another field."""
    text = str(value)
    return text if text.isprintable() and not set(text) & set(' "=') else json.dumps(text)


def log_format(environ: Any = os.environ) -> str:
    """Read apart from the other settings, since what is wrong with those is logged already.

    Raises ConfigError.
    """
    found: str = environ.get("LOG_FORMAT") or TEXT
    if found not in (TEXT, JSON):
        raise ConfigError("LOG_FORMAT must be text or json, or left out.")
    return found


def log_to_stderr(found: str) -> None:
    """What our own code says, from INFO on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(found))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def init_requests(app: Flask) -> None:
    """Number the requests, and tell of those that took long. Call it before all else that may end
    a request."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    g.request_id, g.began = secrets.token_hex(6), time.perf_counter()
    _work.set({"request": g.request_id})


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.request_id
    took = time.perf_counter() - g.began
    if took >= SLOW_REQUEST:
        # By the name of its view: the address may be a one-time link.
        told = {"view": request.endpoint, "method": request.method, "status": response.status_code}
        log.warning("A slow request", extra={**told, "seconds": round(took, 3)})
    return response


def _forget(_error: BaseException | None) -> None:
    _work.set(None)


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
