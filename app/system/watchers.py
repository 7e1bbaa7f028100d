"""Who may read the figures of /metrics: whoever has the token, or, where there is none, a program
on this machine."""

import hmac
from urllib.parse import urlsplit

from flask import current_app, request

from app.config import Config
from app.loopback import is_loopback

_OF_PROXIES = ("forwarded", "via", "x-real-ip", "x-forwarded-")
"""How the names of headers begin that proxies add, however many of them are trusted."""


def may_watch() -> bool:
    """Where there is a token it is asked of everyone: a proxy on this machine that adds nothing
    to what it passes on would make strangers look like programs of it."""
    config: Config = current_app.extensions["tally_config"]
    return _is_from_here() if config.metrics_token is None else _has(config.metrics_token)


def _is_from_here() -> bool:
    """Whether a program on this machine asks by itself: not through a proxy that stands on it, nor
    a browser that was led here under another name."""
    if any(name.lower().startswith(_OF_PROXIES) for name, _value in request.headers):
        return False
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    return is_loopback(request.remote_addr or "") and is_loopback(host)


def _has(token: str) -> bool:
    given = request.authorization
    if given is None or given.type != "bearer":
        return False
    return hmac.compare_digest((given.token or "").encode(), token.encode())
