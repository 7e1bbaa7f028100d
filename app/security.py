"""What every answer says to the browser, and how cookies, CSRF, hosts and proxies are set."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Config
from app.delivery import Sessions, sends_file
from app.loopback import is_loopback

HTMX_URL = "https://cdn.jsdelivr.net/npm/htmx.org@4.0.1/dist/htmx.min.js"
HTMX_HASH = "sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn"
"""Of 4.0.1 itself; its README prints that of 4.0.0."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "base-uri 'none'",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        f"script-src 'self' {HTMX_URL}",
        "style-src 'self'",
    )
)
PERMISSIONS_POLICY = ", ".join(
    f"{name}=()" for name in ("camera", "geolocation", "microphone", "payment", "usb")
)
LARGEST_REQUEST = 512 * 1024
HTTPS_FOR = 365 * 24 * 3600
"""Seconds for which a browser that was here by https comes back by nothing else."""


class Misdirected(HTTPException):
    """Someone came by a name that is not this site's."""

    code = 421
    description = "This is not the address of this site."


class _Ageless(URLSafeTimedSerializer):
    """Asks no cookie when it was made: a host whose clock is behind would sign people out who come
    from another one. The row of a session tells when that is over."""

    def loads(self, s: str | bytes, **wishes: Any) -> Any:  # type: ignore[override]
        return super().loads(s, **wishes | {"max_age": None})


class _Cookies(Sessions):
    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        return _Ageless(
            app.config["SECRET_KEY"],
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={
                "key_derivation": self.key_derivation,
                "digest_method": self.digest_method,
            },
        )


def init_security(app: Flask, config: Config) -> None:
    """Headers, cookies, CSRF on every change, and the proxies that may speak for the client."""
    is_https = bool(config.public_url and config.public_url.startswith("https://"))
    app.config.update(
        SECRET_KEY=config.secret_key,
        # Another app on the same host but another port would share a cookie named "session".
        # Under https its name keeps sites on sibling domains from setting one of their own.
        SESSION_COOKIE_NAME="__Host-tally_session" if is_https else "tally_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        WTF_CSRF_TIME_LIMIT=None,  # pages stay open for days
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
    )
    app.session_interface = _Cookies()
    # Its redirects would name the host that the request named.
    app.url_map.merge_slashes = False
    CSRFProtect(app)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    hosts = _own_hosts(config.public_url)
    if hosts:
        app.before_request(partial(_refuse_other_hosts, hosts))
    app.after_request(partial(_add_headers, is_https))


def site_origin() -> str:
    """Where this site is reached: PUBLIC_URL, or else the name by which this browser asked for it.

    The browser at hand may be told what it said itself, and nobody else: a stranger could put any
    name there. So without PUBLIC_URL this raises RuntimeError where nobody is signed in.
    """
    config: Config = current_app.extensions["tally_config"]
    if config.public_url is None and not current_user.is_authenticated:
        raise RuntimeError("an address for someone else needs PUBLIC_URL")
    return config.public_url or request.host_url.rstrip("/")


def _own_hosts(public_url: str | None) -> frozenset[str]:
    """The names by which this site may be asked for; empty where any will do.

    Any will do as long as nobody has said where the site is reached, or it is on this machine.
    """
    name = urlsplit(public_url).hostname if public_url else None
    return frozenset() if name is None or is_loopback(name) else frozenset({name.lower()})


def _refuse_other_hosts(hosts: frozenset[str]) -> None:
    """A name that an attacker made lead here (DNS rebinding), or put into the header, ends here."""
    if (request.endpoint or "").startswith(("health.", "metrics.")):
        return  # asked for by machines, under whatever name they have for this one
    try:
        name = (urlsplit(f"//{request.host}").hostname or "").lower()
    except ValueError:
        raise Misdirected from None
    if name not in hosts and not is_loopback(name):
        raise Misdirected


def _add_headers(is_https: bool, response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    # Not no-referrer: under https the CSRF check wants to see where a form came from.
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = PERMISSIONS_POLICY
    if is_https:
        headers["Strict-Transport-Security"] = f"max-age={HTTPS_FOR}"
    if not sends_file(response):
        headers["Cache-Control"] = "no-store"
    return response
