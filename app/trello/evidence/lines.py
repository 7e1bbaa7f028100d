"""Cards as lines of a page: nothing of theirs is linked but what is Trello's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app

from app.trello.card_records import CardRecord


@dataclass(frozen=True)
class Line:
    """One card as the page shows it."""

    name: str
    url: str | None
    """None where the address is not Trello's own."""
    list_name: str
    labels: Sequence[str]
    owners: Sequence[str]
    is_completed: bool
    why_not: str = ""


@dataclass(frozen=True)
class Listing:
    """Cards, as many as are shown at first, or all."""

    count: int
    lines: Sequence[Line] = ()

    @property
    def more_count(self) -> int:
        return self.count - len(self.lines)


def line_of(record: CardRecord, why_not: str = "") -> Line:
    return Line(
        name=record["name"].strip() or "unnamed card",
        url=_own(record["url"]),
        list_name=record["list"],
        labels=record["labels"],
        owners=record["owners"],
        is_completed=record["completed"],
        why_not=why_not,
    )


def _own(url: str) -> str | None:
    """The address where it is Trello's own; whatever else an answer says is not linked."""
    origin = current_app.extensions["tally_config"].trello_origin
    return url if url.startswith(f"{origin}/") else None
