"""Where everything on an item's chart stands: from readings and days to coordinates in an SVG.

Nothing here touches the database, and no float is used: equal input draws equal charts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo

from app.okrs.standing import ON_TRACK, expected_on
from app.okrs.ticks import days_between, round_values
from app.pages import day as day_text
from app.pages import number

COUNTED, CHECKED_IN = "counted", "checked in"
ROWS = 60
"""Days in the table beside the chart; older ones are left out and their number is told."""

_HALF = Fraction(1, 2)
_BETWEEN_TURNS = 16
_LONGEST_TEXT = 18


@dataclass(frozen=True)
class Point:
    """A value at a moment; the kind says how it came about."""

    moment: datetime
    value: Fraction
    kind: str = COUNTED


@dataclass(frozen=True)
class Mark:
    """A moment from which on another target or other criteria hold, in words."""

    moment: datetime
    text: str


@dataclass(frozen=True)
class Course:
    """What is to be drawn: how a measure ran, and from where to where it should."""

    first_day: date
    last_day: date
    today: date
    zone: ZoneInfo
    start: Fraction
    target: Fraction
    points: Sequence[Point] = ()
    marks: Sequence[Mark] = ()
    unit: str = ""
    label: str = "Value"
    """What the values are, for the legend and the table."""
    status: str = ON_TRACK
    """Gives the line its colour."""

    def with_unit(self, value: Fraction) -> str:
        """A value as it is counted: of a percentage one decimal, else all that can be typed."""
        return f"{number(value, 1 if self.unit == '%' else 6)} {self.unit}".rstrip()

    def expected(self, day: date) -> Fraction:
        """The value that the straight line from start to target has on a day."""
        share = expected_on(day, (self.first_day, self.last_day)) / 100
        return self.start + (self.target - self.start) * share


@dataclass(frozen=True)
class Spot:
    """A place in the drawing, with the text that stands there, if any."""

    x: str
    y: str
    text: str = ""
    anchor: str = "middle"


@dataclass(frozen=True)
class Drawing:
    """One size of the chart. Coordinates are decimals of at most one place."""

    name: str
    width: int
    height: int
    left: str
    right: str
    top: str
    bottom: str
    value_ticks: list[Spot]
    day_ticks: list[Spot]
    expected: str
    """Paths as in the attribute d of an SVG path; empty where there is nothing to draw."""
    line: str
    dots: list[Spot]
    last: Spot | None
    last_text: Spot | None
    today: Spot | None
    end: str | None
    """The end of the item's days, where readings run beyond it."""
    turns: list[Spot]


@dataclass(frozen=True)
class Turn:
    """One or several marks of a day, under one number."""

    number: int
    day: str
    text: str


@dataclass(frozen=True)
class Row:
    """The last reading of a day."""

    day: str
    value: str
    expected: str
    kind: str


@dataclass(frozen=True)
class Chart:
    course: Course
    description: str
    drawings: list[Drawing]
    turns: list[Turn]
    rows: list[Row]
    """Newest first."""
    rows_left_out: int

    @property
    def is_empty(self) -> bool:
        return not self.course.points


def draw_chart(course: Course) -> Chart:
    """The chart in both sizes, with the same figures as sentences and as a table."""
    points = sorted(course.points, key=lambda point: point.moment)
    plan = _Plan(course, points)
    rows = _rows(course, points)
    return Chart(
        course=course,
        description=_describe(course, points),
        drawings=[_draw(plan, _BROAD), _draw(plan, _SLIM)],
        turns=[
            Turn(place, day_text(day), "; ".join(texts))
            for place, (day, texts) in enumerate(plan.turns.items(), start=1)
        ],
        rows=rows[:ROWS],
        rows_left_out=max(0, len(rows) - ROWS),
    )


@dataclass(frozen=True)
class _Size:
    name: str
    width: int
    height: int
    character: int
    """About the width of a digit in the size of text used, to keep labels apart."""
    most_intervals: int
    top: int = 24
    beneath: int = 30
    right: int = 10


_BROAD = _Size("broad", width=760, height=230, character=7, most_intervals=5)
_SLIM = _Size("slim", width=360, height=230, character=8, most_intervals=4)


class _Plan:
    """The course in days since the first one and in values, before it has a size."""

    def __init__(self, course: Course, points: Sequence[Point]) -> None:
        self.course = course
        places = [(self._offset(point.moment), point) for point in points]
        inside = [(at, point) for at, point in places if at >= 0]
        self.steps = [(at, point.value) for at, point in inside]
        if len(inside) < len(points):  # what held before the first day still held when it began
            self.steps.insert(0, (Fraction(0), points[len(points) - len(inside) - 1].value))
        self.check_ins = [(at, point.value) for at, point in inside if point.kind == CHECKED_IN]

        self.own_span = (course.last_day - course.first_day).days
        latest = floor(self.steps[-1][0]) if self.steps else 0
        self.days = max(self.own_span, latest) + 1
        """The days that the drawing covers, more than the item's own when readings run beyond."""

        today = (course.today - course.first_day).days
        self.today = today + _HALF if 0 <= today < self.days else None
        if self.steps and today >= 0:
            at, value = self.steps[-1]
            held_until = min(today + _HALF, Fraction(self.days))
            if held_until > at:
                self.steps.append((held_until, value))

        self.turns: dict[date, list[str]] = {}
        for mark in sorted(course.marks, key=lambda mark: mark.moment):
            if 0 <= self._offset(mark.moment) < self.days:
                day = mark.moment.astimezone(course.zone).date()
                self.turns.setdefault(day, []).append(mark.text)

    @property
    def values(self) -> list[Fraction]:
        return [self.course.start, self.course.target, *(value for _, value in self.steps)]

    @property
    def expected(self) -> list[tuple[Fraction, Fraction]]:
        """The expected line through the middle of each day, level before and after."""
        start, target, end = self.course.start, self.course.target, Fraction(self.days)
        if not self.own_span:
            return [(Fraction(0), target), (end, target)]
        return [
            (Fraction(0), start),
            (_HALF, start),
            (self.own_span + _HALF, target),
            (end, target),
        ]

    def _offset(self, moment: datetime) -> Fraction:
        # By the clock on the wall, so that a day of 23 or 25 hours is as wide as any other.
        local = moment.astimezone(self.course.zone)
        seconds = local.hour * 3600 + local.minute * 60 + local.second
        return (local.date() - self.course.first_day).days + Fraction(seconds, 86400)


class _Scale:
    """From days and values to places in a drawing of this size."""

    def __init__(self, plan: _Plan, size: _Size) -> None:
        self.size, self.days = size, plan.days
        ticks, decimals = round_values(plan.values, size.most_intervals)
        self.value_ticks = [(tick, number(tick, decimals)) for tick in ticks]
        self.low, self.high = ticks[0], ticks[-1]
        self.left = 10 + size.character * max(len(text) for _, text in self.value_ticks)
        self.right, self.bottom = size.width - size.right, size.height - size.beneath

    def x(self, at: Fraction) -> Fraction:
        return self.left + at / self.days * (self.right - self.left)

    def y(self, value: Fraction) -> Fraction:
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - share * (self.bottom - self.size.top)

    def spots(self, places: Sequence[tuple[Fraction, Fraction]]) -> list[Spot]:
        return [Spot(_coordinate(self.x(at)), _coordinate(self.y(value))) for at, value in places]


def _draw(plan: _Plan, size: _Size) -> Drawing:
    scale = _Scale(plan, size)
    end = plan.own_span + 1
    return Drawing(
        name=size.name,
        width=size.width,
        height=size.height,
        left=_coordinate(Fraction(scale.left)),
        right=_coordinate(Fraction(scale.right)),
        top=_coordinate(Fraction(size.top)),
        bottom=_coordinate(Fraction(scale.bottom)),
        value_ticks=[
            Spot(_coordinate(Fraction(scale.left - 8)), _coordinate(scale.y(tick)), text, "end")
            for tick, text in scale.value_ticks
        ],
        day_ticks=_day_ticks(plan, scale),
        expected=_polyline(scale.spots(plan.expected)),
        line=_stairs(scale.spots(plan.steps)),
        dots=scale.spots(plan.check_ins),
        last=scale.spots(plan.steps[-1:])[0] if plan.steps else None,
        last_text=_last_text(plan, scale) if plan.steps else None,
        today=_today(plan.today, scale) if plan.today is not None else None,
        end=_coordinate(scale.x(Fraction(end))) if plan.days > end else None,
        turns=_turns(plan, scale),
    )


def _day_ticks(plan: _Plan, scale: _Scale) -> list[Spot]:
    """The first and the last day, and between them as many round ones as stand clear."""
    first = plan.course.first_day
    last = first + timedelta(days=plan.days - 1)
    has_years = first.year != last.year
    baseline = _coordinate(Fraction(scale.size.height - 6))

    def text(day: date) -> str:
        return day_text(day) if has_years else day_text(day).rsplit(" ", 1)[0]

    def spot(at: int, day: date, anchor: str) -> Spot:
        return Spot(_coordinate(scale.x(Fraction(at))), baseline, text(day), anchor)

    if first == last:
        return [spot(0, first, "start")]
    slot = scale.size.character * len("30 Sep 2026" if has_years else "30 Sep") + 14
    inner = days_between(first, plan.days, Fraction(slot * plan.days, scale.right - scale.left))
    return [
        spot(0, first, "start"),
        *(spot((day - first).days, day, "middle") for day in inner),
        spot(plan.days, last, "end"),
    ]


def _turns(plan: _Plan, scale: _Scale) -> list[Spot]:
    """The numbers of the marks, each at its day or as near to its right as stands clear."""
    places: list[Fraction] = []
    for day in plan.turns:
        own = scale.x((day - plan.course.first_day).days + _HALF)
        places.append(max(own, places[-1] + _BETWEEN_TURNS) if places else own)
    return [
        Spot(_coordinate(at), _coordinate(Fraction(scale.bottom)), str(place))
        for place, at in enumerate(places, start=1)
    ]


def _today(today: Fraction, scale: _Scale) -> Spot:
    at, room = scale.x(today), 3 * scale.size.character
    anchor = "start" if at < scale.left + room else "end" if at > scale.right - room else "middle"
    return Spot(_coordinate(at), _coordinate(Fraction(scale.size.top - 10)), "today", anchor)


def _last_text(plan: _Plan, scale: _Scale) -> Spot:
    """Right of the last point, where nothing is drawn yet; else before it, off the line."""
    at, value = plan.steps[-1]
    x, y, size = scale.x(at), scale.y(value), scale.size
    text = plan.course.with_unit(value)
    if len(text) > _LONGEST_TEXT:
        text = number(value)
    if x + 10 + (size.character + 1) * len(text) <= size.width:
        return Spot(_coordinate(x + 10), _coordinate(y + 4), text, "start")
    highest, lowest = Fraction(size.top + 12), Fraction(scale.bottom - 10)
    rises = value >= plan.steps[0][1]
    free = y - 10 if rises else y + 20
    return Spot(_coordinate(x - 8), _coordinate(min(max(free, highest), lowest)), text, "end")


def _polyline(spots: Sequence[Spot]) -> str:
    return "M" + "L".join(f"{spot.x} {spot.y}" for spot in spots) if spots else ""


def _stairs(spots: Sequence[Spot]) -> str:
    """A value holds until the next one: along first, then up or down."""
    if not spots:
        return ""
    path, before = f"M{spots[0].x} {spots[0].y}", spots[0]
    for spot in spots[1:]:
        if spot.x != before.x:
            path += f"H{spot.x}"
        if spot.y != before.y:
            path += f"V{spot.y}"
        before = spot
    return path


def _rows(course: Course, points: Sequence[Point]) -> list[Row]:
    by_day = {point.moment.astimezone(course.zone).date(): point for point in points}
    return [
        Row(day_text(day), course.with_unit(point.value), number(course.expected(day)), point.kind)
        for day, point in reversed(by_day.items())
    ]


def _describe(course: Course, points: Sequence[Point]) -> str:
    way = (
        f"From {number(course.start)} to {course.with_unit(course.target)}, "
        f"{day_text(course.first_day)} to {day_text(course.last_day)}."
    )
    if not points:
        return f"{way} No readings yet."
    last = points[-1]
    return (
        f"{way} Latest: {course.with_unit(last.value)} "
        f"on {day_text(last.moment.astimezone(course.zone))}; "
        f"expected by {day_text(course.today)}: {number(course.expected(course.today))}."
    )


def _coordinate(value: Fraction) -> str:
    """To a tenth, rounded half up, without a trailing zero."""
    tenths = floor(value * 10 + _HALF)
    sign = "-" if tenths < 0 else ""
    whole, rest = divmod(abs(tenths), 10)
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
