"""Who changed a thing since a moment, as far as the log tells it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from app.audit.edits import what_of
from app.audit.models import AuditEntry
from app.db import db

MOST = 200


@dataclass(frozen=True)
class Saved:
    """Who saved something, and when."""

    by_id: int | None
    by_name: str
    at: datetime


def last_entry_of(kind: str, thing_id: int | None) -> int:
    """The number of the newest entry about a thing; 0 where there is none."""
    newest = select(func.max(AuditEntry.id)).where(_is_about(kind, thing_id))
    return db.session.scalar(newest) or 0


def who_changed(
    kind: str, thing_id: int | None, since: int, parts: Mapping[str, Collection[str]]
) -> dict[str, Saved]:
    """Who last changed each part of a thing after the entry of that number.

    A part is told by what entries call it: by an action, or by what stands before the colon in
    their list of changes. Parts that no entry names are left out.
    """
    entries = db.session.scalars(
        select(AuditEntry)
        .where(_is_about(kind, thing_id), AuditEntry.id > since)
        .order_by(AuditEntry.id.desc())
        .limit(MOST)
    )
    found: dict[str, Saved] = {}
    for entry in entries:
        named = _named_by(entry)
        for part, names in parts.items():
            if part not in found and not named.isdisjoint(names):
                found[part] = Saved(entry.actor_id, entry.actor_name, entry.happened_at)
    return found


def _is_about(kind: str, thing_id: int | None) -> ColumnElement[bool]:
    return (AuditEntry.thing_kind == kind) & AuditEntry.thing_id.is_not_distinct_from(thing_id)


def _named_by(entry: AuditEntry) -> set[str]:
    changed = entry.detail.get("changed")
    words = changed if isinstance(changed, list) else []
    return {entry.action, *map(what_of, words)}
