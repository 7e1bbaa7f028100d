"""A rebuilt past as it is stored: the points at which the cards that counted changed."""

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from app.trello.card_records import CardRecord
from app.trello.counting import percentage


@dataclass(frozen=True)
class CountedCard:
    """A card that counted, as it was then. Lists, labels and members by their ids."""

    id: str
    list_id: str
    label_ids: tuple[str, ...]
    member_ids: tuple[str, ...]
    is_completed: bool


@dataclass(frozen=True)
class CountPoint:
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
class PastFigures:
    """What counted from a moment on."""

    moment: datetime
    matching: int
    completed: int

    @property
    def percentage(self) -> Fraction:
        return percentage(self.matching, self.completed)


@dataclass(frozen=True)
class Step:
    """A moment from which another set of cards counted."""

    moment: datetime
    cards: Sequence[CardRecord]
    """All that counted."""
    entered: Sequence[CardRecord]
    left: Sequence[CardRecord]
    marked: Sequence[CardRecord]
    """Those that stayed, but were completed, or were no longer."""
    is_first: bool
    """True where it is not known what counted before: then nothing is said to have entered."""

    @property
    def completed_count(self) -> int:
        return sum(record["completed"] for record in self.cards)


def pack(points: Iterable[CountPoint], names: Names) -> bytes:
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


def figures(payload: bytes) -> Iterator[PastFigures]:
    """Oldest first."""
    for point in _content(payload)["points"]:
        moment = datetime.fromisoformat(point["at"])
        yield PastFigures(moment, point["matching"], point["completed"])


class Steps:
    """A stored past as the moments from which other cards counted, up to before `until`.

    Points at which cards only changed their list, labels or owners are no steps.
    """

    def __init__(self, payload: bytes, until: datetime | None = None) -> None:
        self._content = _content(payload)
        self._points = [
            (moment, point)
            for point in self._content["points"]
            if (moment := datetime.fromisoformat(point["at"])) and (not until or moment < until)
        ]
        self.moments = list(self._moments())
        """The oldest first: the first is where the past begins to be known."""

    def at(self, moment: datetime) -> Step | None:
        """The step that held at the moment; None where it is not known what counted."""
        place = bisect_right(self.moments, moment)
        if not place:
            return None
        began = self.moments[place - 1]
        old: dict[str, Any] = {}
        now: dict[str, Any] = {}
        for at, point in self._points:
            if at > moment:
                break
            _turn(now, point)
            if at < began:
                _turn(old, point)
        return self._step(began, old, now)

    @property
    def last(self) -> datetime | None:
        return self.moments[-1] if self.moments else None

    def before(self, moment: datetime) -> datetime | None:
        """When the step before the one that held at the moment began."""
        place = bisect_right(self.moments, moment) - 2
        return self.moments[place] if place >= 0 else None

    def after(self, moment: datetime) -> datetime | None:
        """When the next step begins."""
        place = bisect_right(self.moments, moment)
        return self.moments[place] if place < len(self.moments) else None

    def _moments(self) -> Iterator[datetime]:
        completed: dict[str, bool] = {}
        for moment, point in self._points:
            came = {card["id"]: card["is_completed"] for card in point["cards"]}
            others = any(completed.get(key) is not done for key, done in came.items())
            if point is self._points[0][1] or point["gone"] or others:
                yield moment
            for card_id in point["gone"]:
                del completed[card_id]
            completed.update(came)

    def _step(self, began: datetime, old: Mapping[str, Any], now: Mapping[str, Any]) -> Step:
        is_first = began == self.moments[0]
        return Step(
            moment=began,
            cards=self._records(now.values()),
            entered=self._records(now[key] for key in now if key not in old and not is_first),
            left=self._records(old[key] for key in old if key not in now),
            marked=self._records(
                now[key]
                for key in now
                if key in old and now[key]["is_completed"] != old[key]["is_completed"]
            ),
            is_first=is_first,
        )

    def _records(self, cards: Iterable[Mapping[str, Any]]) -> list[CardRecord]:
        return [_record(card, self._content) for card in cards]


def _turn(counting: dict[str, Any], point: Mapping[str, Any]) -> None:
    for card_id in point["gone"]:
        del counting[card_id]
    counting.update((card["id"], card) for card in point["cards"])


def _content(payload: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(zlib.decompress(payload))
    return content


def _record(card: Mapping[str, Any], names: Mapping[str, Any]) -> CardRecord:
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


def _written(point: CountPoint) -> dict[str, Any]:
    return {
        "at": point.moment.isoformat(),
        "matching": point.matching,
        "completed": point.completed,
        "cards": [asdict(card) for card in point.cards],
        "gone": point.gone,
    }
