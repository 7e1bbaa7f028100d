"""The kinds of mail there are: who may turn them off, and how long each is worth sending."""

from dataclasses import dataclass
from datetime import timedelta

from app.accounts.models import MAILED_LINK_LIFE, PASSWORD_LINK_LIFE, Person

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Kind:
    """One kind of mail, as it is stored under its name."""

    name: str
    wish: str | None = None
    """The column of Person that turns it on and off; None where someone asked for this mail."""
    title: str = ""
    """What it is called where it is turned on and off."""
    patience: timedelta = DAY
    """How long it is worth sending. After that nobody gets it, and its content is dropped."""

    def is_wanted_by(self, person: Person) -> bool:
        return person.is_active and (self.wish is None or bool(getattr(person, self.wish)))


# The first three as long as the link in them works.
INVITATION = Kind("invitation", patience=PASSWORD_LINK_LIFE)
LINK = Kind("link", patience=PASSWORD_LINK_LIFE)
RESET = Kind("reset", patience=MAILED_LINK_LIFE)
MENTION = Kind("mention", "wants_mentions", "When someone mentions you", patience=WEEK)
WARNING = Kind("warning", "wants_warnings", "When something of yours can't be counted")
REMINDER = Kind("reminder", "wants_reminders", "A weekly reminder of what wants a check-in")
SUMMARY = Kind("summary", "wants_summary", "A weekly summary of what you own")
KINDS = {kind.name: kind for kind in (INVITATION, LINK, RESET, MENTION, WARNING, REMINDER, SUMMARY)}
WEEKLY = (REMINDER, SUMMARY)
OPTIONAL = tuple(kind for kind in KINDS.values() if kind.wish)
