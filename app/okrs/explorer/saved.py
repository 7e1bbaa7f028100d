"""Keeping views of the explorer under a name. Nothing here commits."""

from urllib.parse import parse_qsl, urlencode

from flask import abort

from app.access import by_id
from app.accounts.models import Person
from app.db import db
from app.names import as_compared
from app.okrs.explorer.forms import LONGEST_SEARCH, ExplorerForm
from app.okrs.explorer.models import SavedView

_LONGEST_QUERY = LONGEST_SEARCH * 10
_KNOWN = {name for name in vars(ExplorerForm) if not name.startswith("_")}


def keep_view(person: Person, name: str, query: str, is_shared: bool) -> SavedView:
    """A new view of what the query of an address shows, as far as the explorer knows it.

    Raises IntegrityError where the person has a view of this name.
    """
    chosen = [pair for pair in parse_qsl(query[:_LONGEST_QUERY]) if pair[0] in _KNOWN]
    view = SavedView(
        person_id=person.id,
        name=name,
        key=as_compared(name),
        query=urlencode(chosen),
        is_shared=is_shared,
    )
    db.session.add(view)
    db.session.flush()  # the database allows a name once
    return view


def rename_view(view: SavedView, name: str, is_shared: bool) -> None:
    """Raises IntegrityError where the person has another view of this name."""
    view.name, view.key, view.is_shared = name, as_compared(name), is_shared
    db.session.flush()  # the database allows a name once


def own_view(person: Person, view_id: int) -> SavedView:
    """The person's own view; 404 where it is somebody else's, shared or not."""
    view = by_id(SavedView, view_id)
    if view.person_id != person.id:
        abort(404)
    return view
