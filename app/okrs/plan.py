"""What a chart draws, in days since the first one and in values: before it has a size."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from math import floor

from app.okrs.course import CHECKED_IN, Course, Point
from app.pages import day as day_text

HALF = Fraction(1, 2)
"""The middle of a day, where its values are expected and today is drawn."""

Place = tuple[Fraction, Fraction]
"""Days since the first one, and a value."""


@dataclass(frozen=True)
class Opening:
    """A point that can be opened, before it has a place."""

    at: Fraction
    value: Fraction
    title: str
    url: str


class Plan:
    """The course in days since the first one and in values, before it has a size."""

    def __init__(self, course: Course) -> None:
        self.course = course
        points = sorted(course.points, key=lambda point: point.moment)
        self.steps = self._steps(points)
        self.rebuilt = self._steps(course.rebuilt.points)
        by_hand = [point for point in points if point.kind == CHECKED_IN]
        self.check_ins = [place for place in self._places(by_hand) if place[0] >= 0]
        both = sorted((*course.rebuilt.points, *points), key=lambda point: point.moment)
        self.openings = [
            self._opening(point) for point in both if point.url and self._offset(point.moment) >= 0
        ]

        self.own_span = (course.last_day - course.first_day).days
        ends = (floor(at) for at, _ in (*self.steps[-1:], *self.rebuilt[-1:]))
        self.days = max([self.own_span, *ends]) + 1
        """The days that the drawing covers, more than the item's own when readings run beyond."""

        today = (course.today - course.first_day).days
        self.today = today + HALF if 0 <= today < self.days else None
        if self.steps and today >= 0:
            _hold(self.steps, min(today + HALF, Fraction(self.days)))
        if self.rebuilt and course.rebuilt.until is not None:
            _hold(self.rebuilt, min(self._offset(course.rebuilt.until), Fraction(self.days)))

        self.turns: dict[date, list[str]] = {}
        for mark in sorted(course.marks, key=lambda mark: mark.moment):
            if 0 <= self._offset(mark.moment) < self.days:
                day = mark.moment.astimezone(course.zone).date()
                self.turns.setdefault(day, []).append(mark.text)

    @property
    def values(self) -> list[Fraction]:
        drawn = (value for _, value in (*self.steps, *self.rebuilt))
        return [self.course.start, self.course.target, *drawn]

    @property
    def expected(self) -> list[Place]:
        """The expected line through the middle of each day, level before and after."""
        start, target, end = self.course.start, self.course.target, Fraction(self.days)
        if not self.own_span:
            return [(Fraction(0), target), (end, target)]
        return [
            (Fraction(0), start),
            (HALF, start),
            (self.own_span + HALF, target),
            (end, target),
        ]

    def ahead(self, pace: Fraction, low: Fraction, high: Fraction) -> list[Place]:
        """Where a pace leads from the last known value, to the last day or the edge of a range."""
        forecast = self.course.forecast
        if forecast is None:
            return []
        start, value = (forecast.known_until - self.course.first_day).days + HALF, forecast.value
        days = self.own_span + HALF - start
        end = forecast.value_after(days, pace)
        edge = min(max(end, low), high)
        if edge != end:
            days *= (edge - value) / (end - value)
        return [(start, value), (start + days, edge)]

    def _opening(self, point: Point) -> Opening:
        title = f"{day_text(self.course.day_of(point))}: {self.course.with_unit(point.value)}"
        return Opening(self._offset(point.moment), point.value, title, point.url)

    def _steps(self, points: Sequence[Point]) -> list[Place]:
        """The points within the drawing, and as its first one what held when it began."""
        places = self._places(points)
        early = [value for at, value in places if at < 0]
        inside = [place for place in places if place[0] >= 0]
        return [(Fraction(0), early[-1]), *inside] if early else inside

    def _places(self, points: Sequence[Point]) -> list[Place]:
        return [(self._offset(point.moment), point.value) for point in points]

    def _offset(self, moment: datetime) -> Fraction:
        # By the clock on the wall, so that a day of 23 or 25 hours is as wide as any other.
        local = moment.astimezone(self.course.zone)
        seconds = local.hour * 3600 + local.minute * 60 + local.second
        return (local.date() - self.course.first_day).days + Fraction(seconds, 86400)


def _hold(steps: list[Place], until: Fraction) -> None:
    """Let the last value hold until then."""
    at, value = steps[-1]
    if until > at:
        steps.append((until, value))
