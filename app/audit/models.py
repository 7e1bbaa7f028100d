"""The audit log: who did what, to what, when, and from where."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, utcnow


class AuditEntry(Model):
    """One thing that was done. Nothing in the app changes or deletes an entry."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_thing_kind_thing_id", "thing_kind", "thing_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    actor_name: Mapped[str] = mapped_column(String(120), default="")
    """As they were called then; "command line" where nobody was signed in."""
    action: Mapped[str] = mapped_column(String(60), index=True)
    """One of `actions.SENTENCES`, such as "connection.shared"."""
    thing_kind: Mapped[str] = mapped_column(String(40), default="")
    thing_id: Mapped[int | None]
    thing_name: Mapped[str] = mapped_column(String(512), default="")
    """What it was called then."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What changed, by name: texts and numbers for people. Never a secret."""
    address: Mapped[str] = mapped_column(String(64), default="")
    """Where the request came from; empty for what Tally did by itself."""
