"""Who is asking: closed by default, `@public` opens a view, loaders check the rest.

Observers get to no view that takes a change, unless it is marked `@for_observers`.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from flask import (
    Flask,
    abort,
    current_app,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from app.accounts.models import Person, workspace_if_set_up
from app.accounts.sessions import signed_in_person
from app.db import db
from app.htmx import is_htmx, sign_in_elsewhere

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
Thing = TypeVar("Thing")

LARGEST_ID = 2**31 - 1
_READING = {"GET", "HEAD", "OPTIONS"}


def public(view: View) -> View:
    """Let anyone reach this view, signed in or not."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def for_machines(view: View) -> View:
    """Let another server reach this view, which itself finds out who asks before it writes.

    It gets no CSRF token, for no browser comes here, and no transaction that may write, so that
    strangers can't hold up the others. It reaches for `db.writing` once it knows the sender.
    """
    view.is_for_machines = True  # type: ignore[attr-defined]
    return public(view)


def for_observers(view: View) -> View:
    """Let observers change something here after all: what concerns their own account alone."""
    view.is_for_observers = True  # type: ignore[attr-defined]
    return view


def is_for_machines() -> bool:
    """Whether the present request goes to such a view."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "is_for_machines", False)


def me() -> Person:
    """The person who is signed in; only for views that are not public."""
    # The object behind the proxy: SQLAlchemy would take the proxy itself for a stranger.
    return cast(Person, current_user._get_current_object())


def hold_me(*, to_change: bool = False) -> Person:
    """The person signed in, read anew; until the commit they keep their account and their role.

    For what is written after a wait, as for the network: whoever was signed out meanwhile is
    answered like everyone who is, and whoever became an observer like an observer.
    """
    person = me()
    person.hold(to_change=to_change)
    if signed_in_person(session.get("_user_id", "")) is None:
        abort(make_response(_sign_in_first()))
    _keep_observers_out()
    return person


def require_member() -> Person:
    """The person signed in; an observer is answered with 403.

    For views that only show something, but something that leads to a change.
    """
    person = me()
    if person.is_observer:
        abort(403)
    return person


def require_admin() -> Person:
    """The person signed in; anyone but an admin is answered with 403."""
    person = me()
    if not person.is_admin:
        abort(403)
    return person


def found(thing: Thing | None) -> Thing:
    """The thing itself; where there is none, 404."""
    if thing is None:
        abort(404)
    return thing


def by_id(model: type[Thing], thing_id: int) -> Thing:
    """The row with this id, loaded without any check of access; where there is none, 404.

    Databases refuse ids beyond theirs with an error, so those are looked for nowhere.
    """
    return found(db.session.get(model, thing_id) if thing_id <= LARGEST_ID else None)


def id_in(text: str) -> int | None:
    """The id that was sent as this text; None where it can be none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return int(text) if int(text) <= LARGEST_ID else None


def ids_in(texts: Iterable[str]) -> list[int]:
    """Those of the texts that can be ids."""
    return [one for one in map(id_in, texts) if one is not None]


def id_from_query(name: str) -> int | None:
    """The id that the address names, brought into the range that databases know; None without."""
    number = request.args.get(name, type=int)
    return None if number is None else min(max(number, 0), LARGEST_ID)


def init_access(app: Flask) -> None:
    """Demand a signed-in person for every view that is not public."""
    login = LoginManager(app)
    login.session_protection = None  # a session may move to another address; it ends by its row
    login.user_loader(signed_in_person)
    app.before_request(_closed_by_default)


def _closed_by_default() -> ResponseReturnValue | None:
    if request.endpoint is None or request.endpoint == "static":
        return None  # unknown addresses are answered by the error pages
    if getattr(current_app.view_functions[request.endpoint], "is_public", False):
        return None
    if current_user.is_authenticated:
        _keep_observers_out()
        return None
    if workspace_if_set_up() is None:
        return redirect(url_for("accounts.setup"))
    return _sign_in_first()


def _sign_in_first() -> ResponseReturnValue:
    back = _way_back() if request.method == "GET" and not is_htmx() else None
    address = url_for("accounts.sign_in", next=back)
    return sign_in_elsewhere(address) if is_htmx() else redirect(address)


def _keep_observers_out() -> None:
    """Answer an observer with 403 at every view that takes a change, even to look at its form."""
    view = current_app.view_functions[request.endpoint or ""]
    if not me().is_observer or getattr(view, "is_for_observers", False):
        return
    rules = current_app.url_map.iter_rules(request.endpoint)
    if any((rule.methods or set()) - _READING for rule in rules):
        abort(403)


def _way_back() -> str:
    """Where to go on after signing in; without the query where it holds what another site gave."""
    if any(name.startswith("oauth_") for name in request.args):
        return request.path
    return request.full_path.rstrip("?")
