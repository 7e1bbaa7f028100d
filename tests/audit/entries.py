"""Entries of the audit log made directly, committed."""

from datetime import datetime
from typing import Any

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow


def make_entry(
    by: Person | None = None,
    action: str = "cycle.created",
    kind: str = "",
    thing_id: int | None = None,
    name: str = "",
    at: datetime | None = None,
    **values: Any,
) -> AuditEntry:
    entry = AuditEntry(
        actor_id=by.id if by else None,
        action=action,
        thing_kind=kind,
        thing_id=thing_id,
        thing_name=name,
        happened_at=at or utcnow(),
        **{"actor_name": by.name if by else "", "address": "203.0.113.9", "detail": {}} | values,
    )
    db.session.add(entry)
    db.session.commit()
    return entry
