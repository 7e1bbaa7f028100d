"""What is known of one card on a board over time. What the record can't tell is None here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from app.trello.past.tracks import BEGINNING, Track

DELETED, MOVED_AWAY, VANISHED = "deleted", "moved away", "vanished"


@dataclass(frozen=True)
class CardPast:
    """One card's life on the board."""

    id: str
    name: str
    url: str
    departure: str | None
    """How it left; None while it is on the board."""
    is_countable: bool
    """As today: no action tells when a card became a template. Of a card that left, True."""
    exists: Track
    list_id: Track
    is_archived: Track
    has_due_date: Track
    is_completed: Track
    members: Mapping[str, Track]
    """Whether each of those who ever were on it was."""
    labels: Mapping[str, Track]
    names_all: bool = True
    """True when it had no members and labels but those in the tracks, as far as can be known."""

    @cached_property
    def moments(self) -> tuple[datetime, ...]:
        """When anything about the card itself changed, in order."""
        own = (self.exists, self.list_id, self.is_archived, self.has_due_date, self.is_completed)
        all_of_them = (*own, *self.members.values(), *self.labels.values())
        return tuple(sorted({moment for one in all_of_them for moment in one.moments}))


def made_at(trello_id: str) -> datetime:
    """When a thing with this id was made: its first eight digits are Unix seconds."""
    try:
        return datetime.fromtimestamp(int(trello_id[:8], 16), UTC)
    except ValueError:
        return BEGINNING
