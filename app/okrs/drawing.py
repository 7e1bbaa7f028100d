"""The geometry of an item's chart: from days and values to coordinates in an SVG.

One drawing is as wide as there is room: across, coordinates are hundredths of its width, so that
only the words on it depend on a size (`lettering`). Nothing here touches the database, and no float
is used: equal input draws equal charts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from app.okrs.lettering import SIZES, Lettering, lettering
from app.okrs.plan import DAY, HALF, Place, Placed, Plan
from app.okrs.scale import HEIGHT, WIDTH, Scale, Spot, decimal

_BETWEEN_FIGURES = 60
"""Hundredths of a percent of the width: nearer points can't be told apart."""
REACH = 24
"""Pixels across and up in which a point can be hit."""


class Figures(NamedTuple):
    """What a point says and where it lies."""

    x: str
    y: str
    text: str
    url: str
    size: str
    """Of one that opens something, from which size on it is clear of the others that do, so that it
    can be hit; empty where it never is."""


@dataclass(frozen=True)
class Drawing:
    """Heights in pixels, and what lies across in percent of the width."""

    height: int
    axis_width: int
    """Of the labels of values, which stand beside it."""
    top: str
    bottom: str
    value_ticks: list[Spot]
    target: str
    """How high its line runs."""
    expected: str
    """Paths as in the attribute d of an SVG path; empty where there is nothing to draw."""
    rebuilt: str
    line: str
    band: str
    """Between the quick and the slow pace of the forecast, up to the target or the last day."""
    likely: str
    dots: list[Spot]
    figures: list[Figures]
    """Oldest first."""
    last: Spot | None
    today: str | None
    end: str | None
    """The end of the item's days, where readings run beyond it."""
    turns: list[str]
    """Where other targets or other criteria begin to hold."""
    letterings: list[Lettering]
    """The words on it, for each size."""


def draw(plan: Plan) -> Drawing:
    scale = Scale(plan)
    end = (plan.own_span + 1) * DAY
    return Drawing(
        height=HEIGHT,
        axis_width=scale.axis_width,
        top=str(scale.top),
        bottom=str(scale.bottom),
        value_ticks=[Spot("", scale.y(tick), text) for tick, text in scale.value_ticks],
        target=scale.y(plan.course.target),
        expected=_polyline(scale, plan.expected),
        rebuilt=_stairs(scale, plan.rebuilt),
        line=_stairs(scale, plan.steps),
        band=_band(plan, scale),
        likely=_likely(plan, scale),
        dots=scale.spots(plan.check_ins),
        figures=_figures(plan, scale),
        last=scale.spots(plan.steps[-1:])[0] if plan.steps else None,
        today=scale.x(plan.today) if plan.today is not None else None,
        end=scale.x(end) if plan.end > end else None,
        turns=[scale.x((day - plan.course.first_day).days * DAY + HALF) for day in plan.turns],
        letterings=[lettering(plan, scale, size) for size in SIZES],
    )


def _band(plan: Plan, scale: Scale) -> str:
    forecast = plan.course.forecast
    if forecast is None:
        return ""
    quick = plan.ahead(forecast.quick, *_reach(plan, scale))
    slow = plan.ahead(forecast.slow, *_reach(plan, scale))
    end = plan.own_span * DAY + HALF
    corners = [*quick, (end, quick[-1][1]), (end, slow[-1][1]), slow[-1]]
    return _polyline(scale, corners) + "Z"


def _likely(plan: Plan, scale: Scale) -> str:
    forecast = plan.course.forecast
    if forecast is None:
        return ""
    return _polyline(scale, plan.ahead(forecast.pace, *_reach(plan, scale)))


def _reach(plan: Plan, scale: Scale) -> tuple[Fraction, Fraction]:
    """The lowest and the highest value of a forecast that is drawn: it ends at the target."""
    target = plan.course.target
    return (scale.low, target) if target > plan.course.start else (target, scale.high)


def _figures(plan: Plan, scale: Scale) -> list[Figures]:
    """As many of the points as can be told apart, the newest first; those that can be opened give
    way to no others."""
    kept: list[tuple[int, Placed]] = []
    edges: dict[bool, int] = {}
    for one in reversed(plan.told):
        across, opens = scale.across(one.at), bool(one.point.url)
        if opens not in edges or edges[opens] - across >= _BETWEEN_FIGURES:
            kept.append((across, one))
            edges[opens] = across
    kept.reverse()
    sizes = _clear_from([across for across, one in kept if one.point.url])
    return [_told(plan, scale, across, one, sizes.get(across, "")) for across, one in kept]


def _clear_from(places: list[int]) -> dict[int, str]:
    """From which size on each of these places is clear of the others, the last of them first."""
    sizes: dict[int, str] = {}
    for size in reversed(SIZES):
        for at in reversed(places):
            if all(abs(at - other) * size.width >= REACH * WIDTH for other in sizes):
                sizes[at] = size.name
    return sizes


def _told(plan: Plan, scale: Scale, across: int, one: Placed, size: str) -> Figures:
    course, point, words = plan.course, one.point, plan.words(one)
    y, sign = scale.down(point.value), " %" if course.unit == "%" else ""
    expected = "" if course.goal else f", {words.expected}{sign} expected"
    return Figures(
        x=decimal(across, 2),
        y=decimal(y, 1),
        text=f"{words.day}: {words.value}{expected}, {point.kind}",
        url=point.url,
        size=size if point.url else "",
    )


def _polyline(scale: Scale, places: Sequence[Place]) -> str:
    return "M" + "L".join(f"{scale.x(at)} {scale.y(value)}" for at, value in places)


def _stairs(scale: Scale, places: Sequence[Place]) -> str:
    """A value holds until the next one: along first, then up or down."""
    if not places:
        return ""
    before_x, before_y = scale.corner(places[0])
    path = [_polyline(scale, places[:1])]
    for x, y in map(scale.corner, places[1:]):
        if x != before_x:
            path.append(f"H{decimal(x, 2)}")
        if y != before_y:
            path.append(f"V{decimal(y, 1)}")
        before_x, before_y = x, y
    return "".join(path)
