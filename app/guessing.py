"""Guessing takes long: how often passwords and links may be tried, and from where.

Counted on Redis, for all processes; while it can't be reached, each process counts by itself.
"""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar, cast

from flask import Flask, Response, make_response, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded

import app.limit_storage  # noqa: F401  it makes itself known to the library
from app.accounts.forms import normal_email
from app.accounts.sessions import was_here_lately
from app.config import Config
from app.db import db

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
Answer = Callable[[str], ResponseReturnValue]
"""Makes the page that says why not, from the sentence about when to try again."""


@dataclass(frozen=True)
class _Limit:
    """So many tries in such a time, in the words of the `limits` library, for each `of()`."""

    most: str
    of: Callable[[], str]
    unless: Callable[[], bool] | None = None
    failures_alone: bool = True
    """Counts what was answered with 404 or 422; otherwise every try."""
    methods: tuple[str, ...] = ("POST",)


def slow_sign_in(answer: Answer) -> Callable[[View], View]:
    """Wrong passwords: ten in a quarter of an hour for an account from one address.

    And a hundred in an hour for an account from all addresses together, so that many guess no
    better than one. Whoever guesses must not lock out the account's owner, so this one does not
    hold where someone signed in to the account of late. Last, fifty in a quarter of an hour from
    one address for all accounts together.
    """
    return _limited(
        _Limit("10 per 15 minutes", _account_and_address),
        _Limit("50 per 15 minutes", _address),
        _Limit("100 per hour", _account, unless=_was_here_lately),
        answer=answer,
    )


def slow_reset(answer: Answer) -> Callable[[View], View]:
    """Asking for a link to a new password: three in an hour for an account, thirty an address."""
    return _limited(
        _Limit("3 per hour", _account, failures_alone=False),
        _Limit("30 per hour", _address, failures_alone=False),
        answer=answer,
    )


def slow_links(view: View) -> View:
    """Links that are none, or no longer: thirty in a quarter of an hour from one address."""
    return _limited(_Limit("30 per 15 minutes", _address, methods=("GET", "POST")))(view)


def slow_setup(view: View) -> View:
    """Setting up, which anyone may until it is done: thirty tries in an hour from one address."""
    return _limited(_Limit("30 per hour", _address, failures_alone=False))(view)


def slow_openid(view: View) -> View:
    """Ways to the provider and back: three hundred in a quarter of an hour from one address.

    Of those that came to nothing, fifty.
    """
    asked = ("GET", "HEAD")
    return _limited(
        _Limit("300 per 15 minutes", _address, failures_alone=False, methods=asked),
        _Limit("50 per 15 minutes", _address, methods=asked),
    )(view)


def slow_password_change(answer: Answer) -> Callable[[View], View]:
    """The present password, asked of someone signed in: ten wrong ones in a quarter of an hour."""
    return _limited(_Limit("10 per 15 minutes", _signed_in), answer=answer)


def init_guessing(app: Flask, config: Config) -> None:
    """Put the limits before the views that ask for them. Call it when all views are there."""
    unix = config.redis_url.startswith("unix://")
    limiter = Limiter(
        _address,
        app=app,
        storage_uri=f"redis+{config.redis_url}" if unix else config.redis_url,
        storage_options={"socket_connect_timeout": 1, "socket_timeout": 1},
        strategy="moving-window",
        key_prefix="tally-guesses",
        in_memory_fallback_enabled=True,
        # Redis may go away between the look before a try and the count after it.
        swallow_errors=True,
    )
    view: Callable[..., Any]
    for endpoint, view in app.view_functions.items():
        for limit in getattr(view, "limits", ()):
            view = limiter.limit(
                limit.most,
                key_func=limit.of,
                methods=list(limit.methods),
                exempt_when=limit.unless,
                deduct_when=_has_failed if limit.failures_alone else None,
            )(view)
        if hasattr(view, "limits"):
            app.view_functions[endpoint] = _answering(view, limiter)


def _limited(*limits: _Limit, answer: Answer | None = None) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.limits, view.answer_too_many = limits, answer or _page  # type: ignore[attr-defined]
        return view

    return mark


def _answering(view: Callable[..., Any], limiter: Limiter) -> Callable[..., Any]:
    answer: Answer = view.answer_too_many  # type: ignore[attr-defined]

    @wraps(view)
    def limited(**values: Any) -> Any:
        db.end_reading()  # of who is signed in; Redis may be slow, and so is a password's check
        try:
            answered = view(**values)
            db.end_reading()  # what the page's frame read: Redis is asked once more
            return answered
        except RateLimitExceeded:
            seconds = _seconds_to_wait(limiter)
            response = make_response(answer(f"Too many tries. Try again {_soon(seconds)}."))
            response.status_code = 429
            response.headers["Retry-After"] = str(seconds)
            return response

    return limited


def _page(sentence: str) -> ResponseReturnValue:
    title, _, remedy = sentence.partition(". ")
    return render_template("errors/error.html", title=title, remedy=remedy)


def _seconds_to_wait(limiter: Limiter) -> int:
    limit = limiter.current_limit
    return max(1, math.ceil(limit.window[0] - time.time())) if limit else 60


def _soon(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    return "in a minute" if minutes == 1 else f"in {minutes} minutes"


def _has_failed(response: Response) -> bool:
    return response.status_code in (404, 422)


def _account() -> str:
    """Never the email itself: it would stand in Redis and in its logs."""
    email = normal_email(request.form.get("email"))
    return "account-" + hashlib.sha256(email.encode(errors="replace")).hexdigest()[:32]


def _address() -> str:
    """Where the request comes from; for IPv6 the network that one customer is usually given."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "address-unknown"
    if not isinstance(address, IPv6Address):
        return f"address-{address}"
    if address.ipv4_mapped:
        return f"address-{address.ipv4_mapped}"
    return f"address-{int(address) >> 64:016x}"


def _account_and_address() -> str:
    return f"{_account()}-{_address()}"


def _signed_in() -> str:
    return f"person-{cast(str, session.get('_user_id', '')).partition('.')[0]}"


def _was_here_lately() -> bool:
    is_known = was_here_lately(normal_email(request.form.get("email")))
    db.session.close()  # the next step may wait for Redis, and then for the password's check
    return is_known
