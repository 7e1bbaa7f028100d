"""Teams: who is in them, who leads them, and which one they are part of."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.db import Model, utcnow


class Team(Model):
    """People who pursue objectives together."""

    __tablename__ = "team"
    # The audit log speaks of teams by their ids.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(160), unique=True)
    """The name as it is compared, without regard to case."""
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    """The team it is part of. Chains never close to a ring."""
    archived_at: Mapped[datetime | None]
    """Since when it is offered no more; its objectives keep it."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    lead: Mapped[Person | None] = relationship(foreign_keys=[lead_id])
    parent: Mapped["Team | None"] = relationship(remote_side=[id])
    members: Mapped[list[Person]] = relationship(
        secondary="team_member", order_by="Person.name, Person.id"
    )
    """Without the lead, unless the lead is a member too."""


class TeamMember(Model):
    """Someone in a team."""

    __tablename__ = "team_member"

    team_id: Mapped[int] = mapped_column(
        ForeignKey("team.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
