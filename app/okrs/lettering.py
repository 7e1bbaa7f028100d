"""The words and numbers on a chart, placed so that none covers another in the room there is."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from app.okrs.plan import DAY, HALF, Plan
from app.okrs.scale import CHARACTER, HEIGHT, WIDTH, Scale, Spot, decimal
from app.okrs.ticks import days_between
from app.pages import day as day_text
from app.pages import short_number

_BETWEEN_TURNS = 16
_LONGEST_TEXT = 18


@dataclass(frozen=True)
class Size:
    name: str
    width: int
    """The least in pixels for which the stylesheet shows it."""


BROAD, MIDDLE, SLIM = Size("broad", 640), Size("middle", 432), Size("slim", 264)
SIZES = (BROAD, MIDDLE, SLIM)


@dataclass(frozen=True)
class Lettering:
    name: str
    day_ticks: list[Spot]
    turns: list[Spot]
    labels: list[tuple[str, Spot]]
    """What they name, from under to over: today, the last value, the target."""


def lettering(plan: Plan, scale: Scale, size: Size) -> Lettering:
    room = _Room(plan, scale, size)
    return Lettering(size.name, room.day_ticks(), room.turns(), room.labels())


class _Room:
    def __init__(self, plan: Plan, scale: Scale, size: Size) -> None:
        self.plan, self.scale, self.size = plan, scale, size

    def _pixels(self, at: int) -> int:
        """From the left edge."""
        return at * self.size.width // self.plan.end

    def day_ticks(self) -> list[Spot]:
        """The first and the last day, and between them as many round ones as stand clear."""
        first, days = self.plan.course.first_day, self.plan.days
        last = first + timedelta(days=days - 1)
        has_years = first.year != last.year
        baseline = str(HEIGHT - 6)

        def spot(after: int, day: date, anchor: str) -> Spot:
            text = day_text(day) if has_years else day_text(day).rsplit(" ", 1)[0]
            return Spot(self.scale.x(after * DAY), baseline, text, anchor)

        if first == last:
            return [spot(0, first, "start")]
        slot = CHARACTER * len("30 Sep 2026" if has_years else "30 Sep") + 14
        inner = days_between(first, days, Fraction(slot * days, self.size.width))
        return [
            spot(0, first, "start"),
            *(spot((day - first).days, day, "middle") for day in inner),
            spot(days, last, "end"),
        ]

    def labels(self) -> list[tuple[str, Spot]]:
        labels = []
        if self.plan.today is not None:
            labels.append(("today", self._today(self.plan.today)))
        if self.plan.steps:
            labels.append(("last", self._last()))
        return [*labels, ("target", self._target())]

    def _target(self) -> Spot:
        """Above its line, at the end of it that is clear of the word over today."""
        course, figure = self.plan.course, self.plan.course.figure(self.plan.course.target)
        texts = [f"target {figure}", f"target {short_number(course.target)}"]
        y = decimal(self.scale.down(course.target) - 50, 1)
        today = self.size.width if self.plan.today is None else self._pixels(self.plan.today)
        for text in texts:
            room = CHARACTER * (len(text) + 5)
            if room <= today:
                return Spot("0", y, text, "start", 4)
            if room <= self.size.width - today:
                break
        return Spot("100", y, text, "end")

    def _today(self, today: int) -> Spot:
        at, room = self._pixels(today), 3 * CHARACTER
        anchor = "start" if at < room else "end" if at > self.size.width - room else "middle"
        return Spot(self.scale.x(today), str(self.scale.top - 10), "today", anchor)

    def _last(self) -> Spot:
        """Right of the last point, where nothing is drawn yet; else before it, off the line."""
        at, value = self.plan.steps[-1]
        x, y = self.scale.x(at), self.scale.down(value)
        text = self.plan.course.with_unit(value)
        if len(text) > _LONGEST_TEXT:
            text = short_number(value)
        if self._pixels(at) + 10 + (CHARACTER + 1) * len(text) <= self.size.width:
            return Spot(x, decimal(y + 40, 1), text, "start", 10)
        highest, lowest = 10 * (self.scale.top + 12), 10 * (self.scale.bottom - 10)
        free = y - 100 if value >= self.plan.steps[0][1] else y + 200
        return Spot(x, decimal(min(max(free, highest), lowest), 1), text, "end", -8)

    def turns(self) -> list[Spot]:
        """The numbers of the marks, each at its day or as near to it as stands clear: to its right,
        but never beyond the edge. More than there is room for share it evenly."""
        first, count = self.plan.course.first_day, len(self.plan.turns)
        least = min(_BETWEEN_TURNS * WIDTH // self.size.width, WIDTH // max(count, 1))
        places: list[int] = []
        for day in self.plan.turns:
            own = self.scale.across((day - first).days * DAY + HALF)
            places.append(max(own, places[-1] + least) if places else own)
        last, bottom = WIDTH - least // 2, str(self.scale.bottom)
        return [
            Spot(decimal(min(at, last - (count - place) * least), 2), bottom, str(place))
            for place, at in enumerate(places, start=1)
        ]
