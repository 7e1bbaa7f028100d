"""The cards that began to count last, for the page of the item itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.accounts.models import Person
from app.okrs.loading import may_edit
from app.trello.evidence.lines import Line, line_of
from app.trello.evidence.reading import Change, history
from app.trello.models import TrelloSource

MOST = 5
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class NewCard:
    """A card that counts, and since when."""

    line: Line
    since: datetime | None
    """None where it counts since the first count, or since before the changes that were read."""


def newest_cards(source: TrelloSource, person: Person) -> Sequence[NewCard]:
    """Those of the newest evidence that entered last; none for whoever sees counts only.

    One statement.
    """
    if not (source.shows_cards or may_edit(person, source.measure.item)):
        return ()
    cards, changes = history(source.id, MOST)
    since = _entered(changes)
    newest_first = sorted(cards, key=lambda record: record["name"].casefold())
    newest_first.sort(key=lambda record: since.get(record["id"], _LONG_AGO), reverse=True)
    return [NewCard(line_of(record), since.get(record["id"])) for record in newest_first[:MOST]]


def _entered(changes: Sequence[Change]) -> dict[str, datetime]:
    """When each card that counts entered, as far as these changes, the newest first, tell."""
    since: dict[str, datetime] = {}
    for change in changes:
        if not (change.is_first or change.is_recount):
            for record in change.entered:
                since.setdefault(record["id"], change.taken_at)
    return since
