"""Sign-ins that came back, kept so that none is taken twice."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, utcnow


class OpenIdReturn(Model):
    """A sign-in that came back from the provider, known by the hash of its state."""

    __tablename__ = "openid_return"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(default=utcnow)
