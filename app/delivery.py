"""How answers travel: compressed, and static files under addresses that browsers may keep."""

import os
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_compress import Compress
from werkzeug.security import safe_join

KEPT_FOR = 365 * 24 * 3600
"""Seconds for which a browser need not ask again for a file under an address of its version."""


def sends_file(response: Response) -> bool:
    """Whether this is a static file, the same for everyone, or word that the browser has it."""
    return request.endpoint == "static" and response.status_code < 400


class Sessions(SecureCookieSessionInterface):
    """Flask-Login looks at the session for static files too, and they would be said to vary with
    it: browsers would ask for each again after signing in."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not sends_file(response):
            super().save_session(app, session, response)


def init_delivery(app: Flask) -> None:
    """Called before whatever else looks at answers, so that this comes after it."""
    # What an attacker would guess from lengths (BREACH) needs cookies sent along from another
    # site, which SameSite=Lax does not do, and a token that stays, which CSRF tokens do not.
    app.config.update(
        COMPRESS_MIN_SIZE=1024,
        COMPRESS_STREAMS=False,
        # A page comes a tenth smaller than by zstd as it is set, for a third of a millisecond.
        COMPRESS_ALGORITHM=["br", "zstd", "gzip"],
        COMPRESS_BR_LEVEL=5,
    )
    Compress(app)
    app.url_defaults(_add_version)
    app.after_request(_serve_whole)
    app.after_request(_let_keep)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and (version := _version(values["filename"])):
        values["v"] = version


def _serve_whole(response: Response) -> Response:
    """Static files are small, and Flask-Compress leaves a file open that it compresses bit by
    bit."""
    if request.endpoint == "static" and response.status_code == 200:
        response.direct_passthrough = False
        response.make_sequence()
    return response


def _let_keep(response: Response) -> Response:
    """A file that was asked for by the version it has now will never be another."""
    asked_for = request.args.get("v") if request.endpoint == "static" else None
    if asked_for and request.view_args and asked_for == _version(request.view_args["filename"]):
        response.headers["Cache-Control"] = f"public, max-age={KEPT_FOR}, immutable"
    return response


def _version(filename: str) -> str | None:
    """None where there is no such file."""
    path = _path(current_app.static_folder or "", filename)
    if path is None:
        return None
    try:
        changed_at = os.stat(path).st_mtime_ns
    except (OSError, ValueError):  # not there; not a name that a file could have
        return None
    return _digest(path, changed_at)


@lru_cache(maxsize=64)
def _path(folder: str, filename: str) -> str | None:
    """None for a name that leads out of the folder. Kept, since every page names its files."""
    return safe_join(folder, filename)


@lru_cache(maxsize=64)
def _digest(path: str, changed_at: int) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()[:12]
