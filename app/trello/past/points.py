"""A rebuilt past as it is stored: the points at which the cards that counted changed."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class CountedCard:
    """A card that counted, as it was then. Lists, labels and members by their ids."""

    id: str
    list_id: str
    label_ids: tuple[str, ...]
    member_ids: tuple[str, ...]
    is_completed: bool


@dataclass(frozen=True)
class Point:
    """A moment at which cards began to count, stopped, or changed while they did."""

    moment: datetime
    matching: int
    completed: int
    cards: tuple[CountedCard, ...]
    """Those that came or changed."""
    gone: tuple[str, ...]
    """The ids of those that stopped to count."""


@dataclass(frozen=True)
class Names:
    """Today's names, by Trello's ids; of cards also their addresses."""

    lists: Mapping[str, str]
    labels: Mapping[str, str]
    members: Mapping[str, str]
    cards: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Figures:
    """What counted from a moment on."""

    moment: datetime
    matching: int
    completed: int

    @property
    def percentage(self) -> Fraction:
        """Completed of matching, exact; 0 where nothing matches."""
        return Fraction(100 * self.completed, self.matching) if self.matching else Fraction(0)


def pack(points: Iterable[Point], names: Names) -> bytes:
    """JSON, deflated, with the names of those cards only that ever counted."""
    kept = tuple(points)
    cards = {card.id for point in kept for card in point.cards}
    content = {
        "points": [_written(point) for point in kept],
        "lists": dict(names.lists),
        "labels": dict(names.labels),
        "members": dict(names.members),
        "cards": {card_id: names.cards[card_id] for card_id in sorted(cards)},
    }
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 6)


def figures(payload: bytes) -> Iterator[Figures]:
    """Oldest first."""
    for point in _content(payload)["points"]:
        moment = datetime.fromisoformat(point["at"])
        yield Figures(moment, point["matching"], point["completed"])


def cards_at(payload: bytes, moment: datetime) -> list[dict[str, Any]]:
    """What counted at the moment, as records like those of evidence."""
    content = _content(payload)
    counting: dict[str, dict[str, Any]] = {}
    for point in content["points"]:
        if datetime.fromisoformat(point["at"]) > moment:
            break
        for card_id in point["gone"]:
            del counting[card_id]
        counting.update((card["id"], card) for card in point["cards"])
    return [_record(card, content) for card in counting.values()]


def _content(payload: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(zlib.decompress(payload))
    return content


def _record(card: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    name, url = names["cards"][card["id"]]
    return {
        "id": card["id"],
        "name": name,
        "list": names["lists"].get(card["list_id"], ""),
        "labels": [names["labels"][one] for one in card["label_ids"]],
        "owners": [names["members"][one] for one in card["member_ids"]],
        "completed": card["is_completed"],
        "url": url,
    }


def _written(point: Point) -> dict[str, Any]:
    return {
        "at": point.moment.isoformat(),
        "matching": point.matching,
        "completed": point.completed,
        "cards": [asdict(card) for card in point.cards],
        "gone": point.gone,
    }
