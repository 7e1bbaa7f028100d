"""What an import keeps: the file while it is being mapped, and where each item came from."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.db import Model, utcnow
from app.okrs.models import Measure


class Import(Model):
    """A file that someone moves in, from the upload until it is done or given up."""

    __tablename__ = "import"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    layout: Mapped[str] = mapped_column(String(40))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What was read of the file, JSON, deflated; None once it is done."""
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What people, types, teams and periods of the file are here."""
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    done_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """How many rows had which fate."""

    person: Mapped[Person] = relationship()


class Imported(Model):
    """Where an item came from, so that importing it again changes it instead of doubling it."""

    __tablename__ = "imported"
    __table_args__ = (UniqueConstraint("origin", "reference"),)

    measure_id: Mapped[int] = mapped_column(
        ForeignKey("measure.id", ondelete="CASCADE"), primary_key=True
    )
    origin: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(80))
    """Its id there, or a digest of what tells it apart where it had none."""

    measure: Mapped[Measure] = relationship()


class WaitingSource(Model):
    """How an imported item was linked elsewhere: it waits for a connection to be linked anew."""

    __tablename__ = "waiting_source"

    measure_id: Mapped[int] = mapped_column(
        ForeignKey("measure.id", ondelete="CASCADE"), primary_key=True
    )
    integration: Mapped[str] = mapped_column(String(40))
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The criteria, in the form that the integration gives them."""

    measure: Mapped[Measure] = relationship()
