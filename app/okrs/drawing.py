"""The geometry of an item's chart: from days and values to coordinates in an SVG.

Nothing here touches the database, and no float is used: equal input draws equal charts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from app.okrs.plan import HALF, Opening, Place, Plan
from app.okrs.ticks import days_between, round_values
from app.pages import day as day_text
from app.pages import number

_BETWEEN_TURNS = 16
_BETWEEN_LINKS = 7
_REACH = 12
"""How far around a point it can be hit, unless its neighbour is nearer."""
_LONGEST_TEXT = 18


@dataclass(frozen=True)
class Spot:
    """A place in the drawing, with the text that stands there, if any."""

    x: str
    y: str
    text: str = ""
    anchor: str = "middle"


@dataclass(frozen=True)
class Link:
    """A point that can be opened, and the stretch around it that can be hit."""

    x: str
    y: str
    left: str
    width: str
    top: str
    height: str
    title: str
    url: str


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
    target: str
    """How high its line runs."""
    target_text: Spot
    expected: str
    """Paths as in the attribute d of an SVG path; empty where there is nothing to draw."""
    rebuilt: str
    line: str
    band: str
    """Between the quick and the slow pace of the forecast, up to the target or the last day."""
    likely: str
    dots: list[Spot]
    links: list[Link]
    last: Spot | None
    last_text: Spot | None
    today: Spot | None
    end: str | None
    """The end of the item's days, where readings run beyond it."""
    turns: list[Spot]


@dataclass(frozen=True)
class Size:
    name: str
    width: int
    height: int
    character: int
    """About the width of a digit in the size of text used, to keep labels apart."""
    most_intervals: int
    top: int = 24
    beneath: int = 30
    right: int = 10


BROAD = Size("broad", width=760, height=230, character=7, most_intervals=5)
MIDDLE = Size("middle", width=530, height=230, character=7, most_intervals=5)
SLIM = Size("slim", width=360, height=230, character=8, most_intervals=4)


class _Scale:
    """From days and values to places in a drawing of this size."""

    def __init__(self, plan: Plan, size: Size) -> None:
        self.size = size
        ticks, decimals = round_values(plan.values, size.most_intervals)
        self.value_ticks = [(tick, number(tick, decimals)) for tick in ticks]
        self.low, self.high = ticks[0], ticks[-1]
        self.left = 10 + size.character * max(len(text) for _, text in self.value_ticks)
        self.right, self.bottom = size.width - size.right, size.height - size.beneath
        self.day = Fraction(self.right - self.left, plan.days)
        self.one = (self.bottom - size.top) / (self.high - self.low)

    def x(self, at: Fraction) -> Fraction:
        return self.left + at * self.day

    def y(self, value: Fraction) -> Fraction:
        return self.bottom - (value - self.low) * self.one

    def spots(self, places: Sequence[Place]) -> list[Spot]:
        return [Spot(_coordinate(self.x(at)), _coordinate(self.y(value))) for at, value in places]


def draw(plan: Plan, size: Size) -> Drawing:
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
        target=_coordinate(scale.y(plan.course.target)),
        target_text=_target_text(plan, scale),
        expected=_polyline(scale.spots(plan.expected)),
        rebuilt=_stairs(scale.spots(plan.rebuilt)),
        line=_stairs(scale.spots(plan.steps)),
        band=_band(plan, scale),
        likely=_likely(plan, scale),
        dots=scale.spots(plan.check_ins),
        links=_links(plan, scale),
        last=scale.spots(plan.steps[-1:])[0] if plan.steps else None,
        last_text=_last_text(plan, scale) if plan.steps else None,
        today=_today(plan.today, scale) if plan.today is not None else None,
        end=_coordinate(scale.x(Fraction(end))) if plan.days > end else None,
        turns=_turns(plan, scale),
    )


def _target_text(plan: Plan, scale: _Scale) -> Spot:
    """Above its line, at the end of it that is clear of the word over today."""
    text = f"target {plan.course.figure(plan.course.target)}"
    room = scale.size.character * (len(text) + 5)
    y = _coordinate(scale.y(plan.course.target) - 5)
    if plan.today is not None and scale.x(plan.today) < scale.left + room:
        return Spot(_coordinate(Fraction(scale.right)), y, text, "end")
    return Spot(_coordinate(Fraction(scale.left + 4)), y, text, "start")


def _band(plan: Plan, scale: _Scale) -> str:
    forecast = plan.course.forecast
    if forecast is None:
        return ""
    quick = plan.ahead(forecast.quick, *_reach(plan, scale))
    slow = plan.ahead(forecast.slow, *_reach(plan, scale))
    end = plan.own_span + HALF
    corners = [*quick, (end, quick[-1][1]), (end, slow[-1][1]), slow[-1]]
    return _polyline(scale.spots(corners)) + "Z"


def _likely(plan: Plan, scale: _Scale) -> str:
    forecast = plan.course.forecast
    if forecast is None:
        return ""
    return _polyline(scale.spots(plan.ahead(forecast.pace, *_reach(plan, scale))))


def _reach(plan: Plan, scale: _Scale) -> tuple[Fraction, Fraction]:
    """The lowest and the highest value of a forecast that is drawn: it ends at the target."""
    target = plan.course.target
    return (scale.low, target) if target > plan.course.start else (target, scale.high)


def _links(plan: Plan, scale: _Scale) -> list[Link]:
    """As many of the points that can be opened as can be told apart, the newest first."""
    kept: list[Opening] = []
    places: list[Fraction] = []
    for one in reversed(plan.openings):
        x = scale.x(one.at)
        if not places or places[-1] - x >= _BETWEEN_LINKS:
            kept.append(one)
            places.append(x)
    if not kept:
        return []
    kept.reverse()
    places.reverse()
    middles = [(one + other) / 2 for one, other in pairwise(places)]
    stretches = pairwise([Fraction(0), *middles, Fraction(scale.size.width)])
    return [
        _link(scale, one, x, max(x - _REACH, left), min(x + _REACH, right))
        for one, x, (left, right) in zip(kept, places, stretches, strict=True)
    ]


def _link(scale: _Scale, one: Opening, x: Fraction, left: Fraction, right: Fraction) -> Link:
    y = scale.y(one.value)
    return Link(
        x=_coordinate(x),
        y=_coordinate(y),
        left=_coordinate(left),
        width=_coordinate(right - left),
        top=_coordinate(y - _REACH),
        height=str(2 * _REACH),
        title=one.title,
        url=one.url,
    )


def _day_ticks(plan: Plan, scale: _Scale) -> list[Spot]:
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


def _turns(plan: Plan, scale: _Scale) -> list[Spot]:
    """The numbers of the marks, each at its day or as near to its right as stands clear."""
    places: list[Fraction] = []
    for day in plan.turns:
        own = scale.x((day - plan.course.first_day).days + HALF)
        places.append(max(own, places[-1] + _BETWEEN_TURNS) if places else own)
    return [
        Spot(_coordinate(at), _coordinate(Fraction(scale.bottom)), str(place))
        for place, at in enumerate(places, start=1)
    ]


def _today(today: Fraction, scale: _Scale) -> Spot:
    at, room = scale.x(today), 3 * scale.size.character
    anchor = "start" if at < scale.left + room else "end" if at > scale.right - room else "middle"
    return Spot(_coordinate(at), _coordinate(Fraction(scale.size.top - 10)), "today", anchor)


def _last_text(plan: Plan, scale: _Scale) -> Spot:
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


def _coordinate(value: Fraction) -> str:
    """To a tenth, rounded half up, without a trailing zero."""
    # floor(10 * value + 1/2), without the detour over fractions: a page has hundreds of these.
    tenths = (20 * value.numerator + value.denominator) // (2 * value.denominator)
    sign = "-" if tenths < 0 else ""
    whole, rest = divmod(abs(tenths), 10)
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
