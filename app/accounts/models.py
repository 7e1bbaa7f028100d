"""People, the workspace they share, and the one-time links that let them choose a password."""

import hashlib
import secrets
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import CheckConstraint, ForeignKey, String, Text, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, db, utcnow

ADMIN, MEMBER = "admin", "member"
ROLES = (ADMIN, MEMBER)
PASSWORD_LINK_LIFE = timedelta(days=7)

# 19 MiB and two passes: OWASP's floor for argon2id, about 30 ms on a small server.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Checked against when an account is unknown, so that the answer takes as long as for a known one.
_nobody_hash = _hasher.hash(secrets.token_hex(16))


class Workspace(Model):
    """The one workspace of this installation: its name, its calendar and its thresholds."""

    __tablename__ = "workspace"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    time_zone: Mapped[str] = mapped_column(String(64))
    first_month: Mapped[int] = mapped_column(default=1)
    behind_above: Mapped[Fraction] = mapped_column(default=Fraction(0))
    """Percentage points under expected progress above which an item is Behind."""
    at_risk_above: Mapped[Fraction] = mapped_column(default=Fraction(25))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def today(self) -> date:
        """The present day in the workspace's time zone."""
        return utcnow().astimezone(self.zone).date()


class Person(Model):
    """Someone with an account. Without a password hash they have yet to open their link."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint("role in ('admin', 'member')", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """In lower case."""
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(16), default=MEMBER)
    password_hash: Mapped[str | None] = mapped_column(Text)
    session_key: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_hex(16))
    """Part of every signed-in session; a new one ends them all."""
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    is_authenticated = True
    is_anonymous = False

    def get_id(self) -> str:
        """What Flask-Login keeps in the session."""
        return f"{self.id}.{self.session_key}"

    @property
    def is_admin(self) -> bool:
        return self.role == ADMIN

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    def choose_password(self, password: str) -> None:
        """Set the password and end every session signed in with the old one."""
        self.password_hash = _hasher.hash(password)
        self.session_key = secrets.token_hex(16)

    def has_password(self, password: str) -> bool:
        return _matches(self.password_hash or _nobody_hash, password) and bool(self.password_hash)


def nobody_has_password(password: str) -> None:
    """The work of checking a password where there is no such account."""
    _matches(_nobody_hash, password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


class PasswordLink(Model):
    """A link by which one person chooses a password, once, within seven days."""

    __tablename__ = "password_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    is_withdrawn: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True once a newer link for the same person took its place."""

    person: Mapped[Person] = relationship()

    @classmethod
    def make(cls, person: Person) -> tuple["PasswordLink", str]:
        """A new link and its token, which is stored nowhere."""
        token = secrets.token_urlsafe(32)
        link = cls(
            person=person,
            token_hash=hash_token(token),
            expires_at=utcnow() + PASSWORD_LINK_LIFE,
        )
        return link, token

    @property
    def is_open(self) -> bool:
        return self.used_at is None and not self.is_withdrawn and utcnow() < self.expires_at


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def workspace_if_set_up() -> Workspace | None:
    """The workspace, read once a request or job; None before the set-up."""
    kept: dict[Any, Any] = db.session().info
    if kept.get(Workspace) is None:
        kept[Workspace] = db.session.get(Workspace, 1)
    found: Workspace | None = kept[Workspace]
    return found


def workspace() -> Workspace:
    """The workspace. Only for places that are reached after it was set up."""
    found = workspace_if_set_up()
    if found is None:
        raise RuntimeError("the workspace is not set up yet")
    return found
