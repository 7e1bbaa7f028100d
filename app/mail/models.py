"""Mail that waits to be sent, or was."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.db import Model, utcnow


class OutgoingMail(Model):
    """One message to one person, written with what it tells of and sent by the worker."""

    __tablename__ = "outgoing_mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str | None] = mapped_column(String(160), unique=True)
    """What must not be told twice, such as "summary:7:2026-W48"; None where nothing repeats."""
    measure_id: Mapped[int | None] = mapped_column(
        ForeignKey("measure.id", ondelete="CASCADE"), index=True
    )
    """Of the item it tells of, which the person must still see when it is sent."""
    content_encrypted: Mapped[str | None] = mapped_column(Text)
    """Subject and text, for links in them open accounts; None once it was sent or given up, and
    from the start where there was nothing to tell."""
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    next_try_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    claim: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    try_count: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)
    """Why it was not sent last time, in words; None after it was."""

    person: Mapped[Person] = relationship()


class ToldTrouble(Model):
    """When someone was last mailed about one thing that needs them."""

    __tablename__ = "told_trouble"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
    )
    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Tells one trouble from another: a hash of where it is seen to."""
    told_at: Mapped[datetime] = mapped_column(default=utcnow)
