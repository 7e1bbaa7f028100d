"""What a chart draws, in seconds since its first day and in values: before it has a size."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from app.okrs.course import CHECKED_IN, Course, Point
from app.pages import day as day_text
from app.pages import number

DAY = 86400
HALF = DAY // 2
"""The middle of a day, where its values are expected and today is drawn."""

Place = tuple[int, Fraction]
"""Seconds since the first day began, by the clock on the wall, and a value."""


class Placed(NamedTuple):
    at: int
    point: Point


class Words(NamedTuple):
    """What is said of a point: its day, its value with the unit, and what was expected."""

    day: str
    value: str
    expected: str


class Plan:
    def __init__(self, course: Course) -> None:
        self.course = course
        self._words: dict[int, Words] = {}
        own = self._placed(sorted(course.points, key=lambda point: point.moment))
        rebuilt = self._placed(course.rebuilt.points)
        self.steps = _steps(own)
        self.rebuilt = _steps(rebuilt)
        self.check_ins = [
            (one.at, one.point.value) for one in own if one.at >= 0 and one.point.kind == CHECKED_IN
        ]
        self.by_day = {one.at // DAY: one for one in (*rebuilt, *own)}
        """The last reading of each day, counted from the first; where there is none, what was
        rebuilt of it."""
        self.placed = sorted((*rebuilt, *own), key=lambda one: one.at)

        self.own_span = (course.last_day - course.first_day).days
        ends = (at // DAY for at, _ in (*self.steps[-1:], *self.rebuilt[-1:]))
        self.days = max([self.own_span, *ends]) + 1
        """The days that the drawing covers, more than the item's own when readings run beyond."""
        self.end = self.days * DAY

        today = (course.today - course.first_day).days
        self.today = today * DAY + HALF if 0 <= today < self.days else None
        if self.steps and today >= 0:
            _hold(self.steps, min(today * DAY + HALF, self.end))
        if self.rebuilt and course.rebuilt.until is not None:
            _hold(self.rebuilt, min(self._offset(course.rebuilt.until), self.end))

        self.turns: dict[date, list[str]] = {}
        for mark in sorted(course.marks, key=lambda mark: mark.moment):
            at = self._offset(mark.moment)
            if 0 <= at < self.end:
                self.turns.setdefault(self.day(at // DAY), []).append(mark.text)

    @property
    def values(self) -> list[Fraction]:
        drawn = (value for _, value in (*self.steps, *self.rebuilt))
        return [self.course.start, self.course.target, *drawn]

    @property
    def expected(self) -> list[Place]:
        """The expected line through the middle of each day, level before and after."""
        start, target = self.course.start, self.course.target
        if not self.own_span:
            return [(0, target), (self.end, target)]
        last = self.own_span * DAY + HALF
        return [(0, start), (HALF, start), (last, target), (self.end, target)]

    @property
    def told(self) -> list[Placed]:
        """The points that give their figures: the last of each day, whatever a person checked in,
        and whatever can be opened. Oldest first."""
        last = set(map(id, self.by_day.values()))
        return [
            one
            for one in self.placed
            if one.at >= 0 and (id(one) in last or one.point.url or one.point.kind == CHECKED_IN)
        ]

    def day(self, after: int) -> date:
        return self.course.first_day + timedelta(days=after)

    def words(self, one: Placed) -> Words:
        """Put together once: they stand on the chart and in its table."""
        found = self._words.get(id(one))
        if found is None:
            day = self.day(one.at // DAY)
            value, expected = self.course.with_unit(one.point.value), self.course.expected(day)
            found = self._words[id(one)] = Words(day_text(day), value, number(expected))
        return found

    def ahead(self, pace: Fraction, low: Fraction, high: Fraction) -> list[Place]:
        """Where a pace leads from the last known value, to the last day or the edge of a range."""
        forecast = self.course.forecast
        if forecast is None:
            return []
        start = (forecast.known_until - self.course.first_day).days
        days, value = Fraction(self.own_span - start), forecast.value
        end = forecast.value_after(days, pace)
        edge = min(max(end, low), high)
        if edge != end:
            days *= (edge - value) / (end - value)
        begins = start * DAY + HALF
        return [(begins, value), (begins + int(days * DAY), edge)]

    def _placed(self, points: Sequence[Point]) -> list[Placed]:
        return [Placed(self._offset(point.moment), point) for point in points]

    def _offset(self, moment: datetime) -> int:
        # By the clock on the wall, so that a day of 23 or 25 hours is as wide as any other.
        local = moment.astimezone(self.course.zone)
        seconds = local.hour * 3600 + local.minute * 60 + local.second
        return (local.toordinal() - self.course.first_day.toordinal()) * DAY + seconds


def _steps(placed: Sequence[Placed]) -> list[Place]:
    """The points within the drawing, and as its first one what held when it began."""
    early = [one.point.value for one in placed if one.at < 0]
    inside = [(one.at, one.point.value) for one in placed if one.at >= 0]
    return [(0, early[-1]), *inside] if early else inside


def _hold(steps: list[Place], until: int) -> None:
    """Let the last value hold until then."""
    at, value = steps[-1]
    if until > at:
        steps.append((until, value))
