"""Comments on items, and mentions of people in comments and check-ins."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.db import Model, utcnow
from app.okrs.models import CheckIn, Measure


class Comment(Model):
    """What a person says about an item; an item is named by its measure."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_measure_id_made_at", "measure_id", "made_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    measure_id: Mapped[int] = mapped_column(ForeignKey("measure.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    text: Mapped[str] = mapped_column(Text)
    edited_at: Mapped[datetime | None]

    measure: Mapped[Measure] = relationship()
    person: Mapped[Person] = relationship()


class Mention(Model):
    """Someone who was mentioned, until they have seen it."""

    __tablename__ = "mention"
    __table_args__ = (
        CheckConstraint("(check_in_id is null) <> (comment_id is null)", name="one_place"),
        Index("ix_mention_person_id_seen_at", "person_id", "seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    measure_id: Mapped[int] = mapped_column(
        ForeignKey("measure.id", ondelete="CASCADE"), index=True
    )
    check_in_id: Mapped[int | None] = mapped_column(
        ForeignKey("check_in.id", ondelete="CASCADE"), index=True
    )
    comment_id: Mapped[int | None] = mapped_column(
        ForeignKey("comment.id", ondelete="CASCADE"), index=True
    )
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime | None]

    by: Mapped[Person] = relationship(foreign_keys=[by_id])
    measure: Mapped[Measure] = relationship()
    check_in: Mapped[CheckIn | None] = relationship()
    comment: Mapped[Comment | None] = relationship()
