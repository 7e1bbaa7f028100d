"""What has changed since the roll-ups above it were last settled."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model


class Unsettled(Model):
    """A measure whose change the roll-ups above it have yet to take in, or a roll-up itself.

    Rows are only added by who changes something, in the same transaction, so that nobody waits
    for anybody (`holding` leaves room for that); settling takes them away.
    """

    __tablename__ = "unsettled"

    id: Mapped[int] = mapped_column(primary_key=True)
    measure_id: Mapped[int] = mapped_column(ForeignKey("measure.id", ondelete="CASCADE"))


class SettlingTurn(Model):
    """The one row that whoever settles holds, so that it happens one after another."""

    __tablename__ = "settling_turn"

    id: Mapped[int] = mapped_column(primary_key=True)
