"""What an item's chart is drawn from: how its measure ran, and from where to where it should."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.okrs.figures import with_unit
from app.okrs.forecast import Forecast
from app.okrs.standing import ON_TRACK, way_gone
from app.pages import number

COUNTED, CHECKED_IN, REBUILT = "counted", "checked in", "rebuilt"


class Point(NamedTuple):
    """A value at a moment; the kind says how it came about."""

    moment: datetime
    value: Fraction
    kind: str = COUNTED
    url: str = ""
    """Where the things that made it are shown; empty where that is nowhere, and for all but the
    last point of a day."""


@dataclass(frozen=True)
class Mark:
    """A moment from which on another target or other criteria hold, in words."""

    moment: datetime
    text: str


@dataclass(frozen=True)
class Rebuilt:
    """What a source would have counted before it was linked, kept apart from readings."""

    points: Sequence[Point] = ()
    """Oldest first. Nothing is claimed before the first."""
    until: datetime | None = None
    """The first reading after them, up to which the last one held; None while there is none."""
    gaps: Sequence[str] = ()
    """What the record does not tell, as sentences for people."""
    is_waiting: bool = False
    so_far: str = ""
    """How far it has come while it is waited for, as a sentence."""

    @property
    def is_empty(self) -> bool:
        return not self.points and not self.gaps and not self.is_waiting


@dataclass(frozen=True)
class Course:
    """What is to be drawn."""

    first_day: date
    last_day: date
    today: date
    zone: ZoneInfo
    start: Fraction
    target: Fraction
    points: Sequence[Point] = ()
    marks: Sequence[Mark] = ()
    rebuilt: Rebuilt = Rebuilt()
    forecast: Forecast | None = None
    unit: str = ""
    label: str = "Value"
    """What the values are, for the legend and the table."""
    status: str = ON_TRACK
    """Gives the line its colour."""
    goal: str = ""
    """Of a guard, what it has to do; it starts and is expected at its target."""

    def figure(self, value: Fraction) -> str:
        """Of a percentage one decimal, else all that can be typed."""
        return number(value, 1 if self.unit == "%" else 6)

    def with_unit(self, value: Fraction) -> str:
        """A value as it is counted: "9 posts"."""
        return with_unit(self.figure(value), self.unit)

    def expected(self, day: date) -> Fraction:
        """The value that the straight line from start to target has on a day."""
        gone, span = way_gone(day, (self.first_day, self.last_day))
        start, way, parts = self._way
        return Fraction(start * span + way * gone, parts * span)

    @cached_property
    def _way(self) -> tuple[int, int, int]:
        """Where it starts, how far the target is from there, and of what both are counted: in
        whole numbers, since a chart asks for dozens of days."""
        (start, parts), (target, of_target) = (
            one.as_integer_ratio() for one in (self.start, self.target)
        )
        return start * of_target, target * parts - start * of_target, parts * of_target

    def day_of(self, point: Point) -> date:
        return point.moment.astimezone(self.zone).date()
