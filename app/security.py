"""What every answer says to the browser, and how cookies, CSRF and proxies are set."""

from flask import Flask, Response
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Config

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
LARGEST_REQUEST = 512 * 1024


def init_security(app: Flask, config: Config) -> None:
    """Headers, cookies, CSRF on every change, and the proxies that may speak for the client."""
    is_https = bool(config.public_url and config.public_url.startswith("https://"))
    app.config.update(
        SECRET_KEY=config.secret_key,
        # Another app on the same host but another port would share a cookie named "session".
        SESSION_COOKIE_NAME="tally_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        WTF_CSRF_TIME_LIMIT=None,  # pages stay open for days
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
    )
    CSRFProtect(app)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Not no-referrer: under https the CSRF check wants to see where a form came from.
    response.headers["Referrer-Policy"] = "same-origin"
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    return response
