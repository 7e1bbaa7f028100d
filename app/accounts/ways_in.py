"""How people can sign in here: with a password of Tally's own, with OpenID Connect, or both."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_

from app.accounts.models import Person
from app.config import Config

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def init_ways_in(app: Flask) -> None:
    """Templates ask for `has_passwords()` and `openid_name()`."""
    app.jinja_env.globals.update(has_passwords=has_passwords, openid_name=openid_name)


def has_passwords() -> bool:
    """Whether people may sign in with a password of Tally's own."""
    return _config().has_passwords


def openid_name() -> str | None:
    """What people sign in with, by its name; None where there is no OpenID Connect."""
    openid = _config().openid
    return openid.name if openid else None


def with_passwords(view: View) -> View:
    """A view about passwords: where there are none, it is not there either (404)."""

    @wraps(view)
    def guarded(**values: Any) -> ResponseReturnValue:
        if not has_passwords():
            abort(404)
        return view(**values)

    return cast(View, guarded)


def has_come_in() -> ColumnElement[bool]:
    """Those who hold what one signs in with here, save for whether their account is open."""
    config, ways = _config(), []
    if config.has_passwords:
        ways.append(Person.password_hash.is_not(None))
    if config.openid:
        issuer = config.openid.issuer.rstrip("/")
        ways.append(Person.oidc_issuer.in_([issuer, f"{issuer}/"]))
    return or_(*ways)


def _config() -> Config:
    config: Config = current_app.extensions["tally_config"]
    return config
