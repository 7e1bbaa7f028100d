"""Lines of the log: which request or job each belongs to, for people or, with LOG_FORMAT=json, for
machines. Only what the code hands to the log is in them: no address, no value, no secret.

Of the app it needs app/config_error.py alone: the parent of gunicorn's processes loads it, and
nothing that would bring the rest.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from app.config_error import ConfigError

TEXT, JSON = "text", "json"

at_work: ContextVar[dict[str, str] | None] = ContextVar("at_work", default=None)
"""What every line says now: request=…, job=…."""
_OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "taskName"}
"""What every record has; the rest was handed over with `extra`."""


@contextmanager
def working_on(kind: str, name: str) -> Iterator[None]:
    """Every line that is written inside says so: request=…, job=…."""
    token = at_work.set({kind: name})
    try:
        yield
    finally:
        at_work.reset(token)


class Lines(logging.Formatter):
    """One line a record, and a traceback beneath it, or inside it where machines read."""

    def __init__(self, log_format: str = TEXT) -> None:
        super().__init__()
        self._is_json = log_format == JSON

    def format(self, record: logging.LogRecord) -> str:
        more = {name: value for name, value in vars(record).items() if name not in _OWN}
        more = {**(at_work.get() or {}), **more}
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
