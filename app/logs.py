"""What of a request or an answer stays out of the log: one-time links, tokens, what was typed."""

import logging
import re
from types import TracebackType
from typing import Any

from flask import Flask, request

from app.outages import outage_behind, tell

_TOO_TALKATIVE = {"authlib": logging.INFO, "urllib3": logging.ERROR}
"""Below these, Authlib prints tokens, and urllib3 addresses, which at Trello may hold a token."""
_SERVERS = ("gunicorn.error", "gunicorn.access", "werkzeug")
"""They may be told to log every address, or do so when something fails."""
_SECRET_PARTS = frozenset({"token", "key"})
"""The names of what makes an address known to one alone."""


def init_logs(app: Flask) -> None:
    """Call it when all addresses are there."""
    for name, level in _TOO_TALKATIVE.items():
        logging.getLogger(name).setLevel(level)
    app.log_exception = _log_exception_of(app)  # type: ignore[method-assign]
    mask = _Mask(app)
    for name in _SERVERS:
        logger = logging.getLogger(name)
        for former in [one for one in logger.filters if isinstance(one, _Mask)]:
            logger.removeFilter(former)  # of another app in this process
        logger.addFilter(mask)


def _log_exception_of(app: Flask) -> Any:
    def log_exception(exc_info: tuple[type, BaseException, TracebackType] | Any) -> None:
        """By the name of the view: its address may be a one-time link."""
        outage = outage_behind(exc_info[1])
        if outage is not None:
            tell(outage, exc_info[1])
            return
        app.logger.error(
            "Exception in %s [%s]", request.endpoint, request.method, exc_info=exc_info
        )

    return log_exception


class _Mask(logging.Filter):
    """Takes one-time links and what other sites hand back out of the addresses that servers log."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        starts = sorted(
            re.escape(rule.rule.partition("<")[0])
            for rule in app.url_map.iter_rules()
            if rule.arguments & _SECRET_PARTS
        )
        handed_back = r"\boauth_\w+=|[?&](?:code|state)="
        self._secret = re.compile(rf"((?:{'|'.join(starts)}|{handed_back}))[^\s/?&#\"']+")

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._secret.sub(r"\1…", record.getMessage()), None
        return True
