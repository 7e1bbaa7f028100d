"""Writing the audit log. Every change that matters says so here, in its own transaction."""

from typing import Any, Protocol

from flask import has_request_context, request
from flask_login import current_user

from app.audit.actions import SENTENCES
from app.audit.models import AuditEntry
from app.db import db

COMMAND_LINE = "command line"
LONGEST_NAME, LONGEST_ADDRESS = 512, 64


class Actor(Protocol):
    """Someone who can have done it: a Person, which this package must not import."""

    id: Any
    name: Any


def record(
    action: str,
    kind: str = "",
    thing_id: int | None = None,
    name: str = "",
    *,
    by: Actor | None = None,
    **detail: str | int | list[str] | None,
) -> AuditEntry:
    """Add an entry to the present transaction; commits nothing.

    `action` is a key of actions.SENTENCES, `kind` names the thing ("connection", "objective"),
    `detail` says what changed, as people would read it: never a token, a password or a link.
    `by` is whoever is signed in, unless given.
    """
    if action not in SENTENCES:
        raise ValueError(f"{action} has no sentence in app/audit/actions.py")
    actor = by or _signed_in()
    entry = AuditEntry(
        actor_id=actor.id if actor else None,
        actor_name=actor.name if actor else ("" if has_request_context() else COMMAND_LINE),
        action=action,
        thing_kind=kind,
        thing_id=thing_id,
        thing_name=name[:LONGEST_NAME],
        detail={key: value for key, value in detail.items() if value is not None},
        address=_address(),
    )
    db.session.add(entry)
    return entry


def _address() -> str:
    """Where the request comes from, as far as there is room: a proxy may pass on any text."""
    return (request.remote_addr or "")[:LONGEST_ADDRESS] if has_request_context() else ""


def _signed_in() -> Actor | None:
    if has_request_context() and current_user.is_authenticated:
        found: Actor = current_user._get_current_object()
        return found
    return None
