"""People, the workspace they share, and the one-time links that let them choose a password."""

import hashlib
import secrets
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, db, utcnow

ADMIN, MEMBER, OBSERVER = "admin", "member", "observer"
PASSWORD_LINK_LIFE = timedelta(days=7)
MAILED_LINK_LIFE = timedelta(hours=2)
"""Of a link that anyone can have sent to someone else's mailbox."""

# 19 MiB and two passes: OWASP's floor for argon2id, about 30 ms on a small server.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Checked against when an account is unknown, so that the answer takes as long as for a known one.
_nobody_hash = _hasher.hash(secrets.token_hex(16))

_SHARED = {"read": True}
"""How a row is held that stays as it is: by many at once."""


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
    details_kept_days: Mapped[int | None]
    """How long what is over keeps each of its counts, instead of the last of each day; None for as
    long as the item."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def today(self) -> date:
        """The present day in the workspace's time zone."""
        return utcnow().astimezone(self.zone).date()


class Person(Model):
    """Someone with an account. Without a password hash or a subject they have yet to come in."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("role in ('admin', 'member', 'observer')", name="role"),
        UniqueConstraint("oidc_issuer", "oidc_subject"),
        # The audit log speaks of them by their ids, also of those who were never let in.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """In lower case."""
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(16), default=MEMBER)
    password_hash: Mapped[str | None] = mapped_column(Text)
    session_key: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_hex(16))
    """Part of every signed-in session; a new one ends them all."""
    oidc_issuer: Mapped[str | None] = mapped_column(String(255))
    oidc_subject: Mapped[str | None] = mapped_column(String(255))
    """Who they are at the provider of `oidc_issuer`; None until they first sign in with it."""
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    time_zone: Mapped[str | None] = mapped_column(String(64))
    """In which moments are shown to them; None for the workspace's."""
    wants_mentions: Mapped[bool] = mapped_column(default=True, server_default=true())
    wants_warnings: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether mail tells them of a source of theirs that can't be counted."""
    wants_reminders: Mapped[bool] = mapped_column(default=True, server_default=true())
    wants_summary: Mapped[bool] = mapped_column(default=True, server_default=true())
    mail_weekday: Mapped[int] = mapped_column(default=0, server_default="0")
    """The day of the weekly reminder and summary, 0 for Monday, in their own zone."""
    mail_hour: Mapped[int] = mapped_column(default=9, server_default="9")
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
    def is_observer(self) -> bool:
        """Observers read, and change nothing but their own account."""
        return self.role == OBSERVER

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def may_own(self) -> bool:
        """Whether items and connections may become theirs."""
        return self.is_active and not self.is_observer

    def hold(self, *, to_change: bool = False) -> None:
        """Read it anew; until the commit nobody closes the account or gives it another role.

        Held before connections and measures, by all who hold those as well. Neither kind of hold
        is in the way of rows that only refer to the person, in transactions that hold nobody.
        """
        db.session.refresh(self, with_for_update={"key_share": True} if to_change else _SHARED)

    def choose_password(self, password: str) -> None:
        """Set the password and end every session signed in with the old one. Slow."""
        self.choose_hashed(hash_password(password))

    def choose_hashed(self, password_hash: str) -> None:
        """The same for a password that `hash_password` has gone over."""
        self.password_hash = password_hash
        self.session_key = secrets.token_hex(16)

    @property
    def is_invited(self) -> bool:
        """Whether they have yet to choose a password, or to come in without one."""
        return self.is_active and self.password_hash is None and self.oidc_subject is None

    @property
    def zone(self) -> ZoneInfo:
        """In which moments are shown to them."""
        return ZoneInfo(self.time_zone) if self.time_zone else workspace().zone

    def deactivate(self) -> None:
        """Close the account: nobody gets in with it, and no session lasts."""
        self.is_active = False
        self.session_key = secrets.token_hex(16)

    def reactivate(self) -> None:
        """Open the account again, but not to whoever may have learned the old password."""
        self.is_active, self.password_hash = True, None

    def has_password(self, password: str) -> bool:
        return _matches(self.password_hash or _nobody_hash, password) and bool(self.password_hash)


def hash_password(password: str) -> str:
    """What is kept of a password. Slow by design: hold no lock meanwhile."""
    return _hasher.hash(password)


def nobody_has_password(password: str) -> None:
    """The work of checking a password where there is no such account."""
    _matches(_nobody_hash, password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


class PersonSession(Model):
    """One browser in which someone signed in; it holds a token whose hash is kept here."""

    __tablename__ = "person_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)
    """Its last request, to about an hour."""
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    """What the browser said it is."""

    person: Mapped[Person] = relationship()


class PasswordLink(Model):
    """A link by which one person chooses a password, once and for a limited time."""

    __tablename__ = "password_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    is_withdrawn: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True once a newer link took its place, or the account was closed."""

    person: Mapped[Person] = relationship()

    @classmethod
    def make(
        cls, person: Person, life: timedelta = PASSWORD_LINK_LIFE
    ) -> tuple["PasswordLink", str]:
        """A new link and its token, which is stored nowhere."""
        token = secrets.token_urlsafe(32)
        link = cls(
            person=person,
            token_hash=hash_token(token),
            expires_at=utcnow() + life,
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


def have_at_hand(workspace: Workspace) -> None:
    """It was read with something else, so it need not be asked for."""
    db.session().info[Workspace] = workspace


def workspace() -> Workspace:
    """The workspace. Only for places that are reached after it was set up."""
    found = workspace_if_set_up()
    if found is None:
        raise RuntimeError("the workspace is not set up yet")
    return found
