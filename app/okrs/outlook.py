"""Which values a forecast may follow, and what it says in words."""

from collections.abc import Sequence
from datetime import date, datetime

from app.okrs.changes import CRITERIA, MEASURE, SHARES, SOURCE
from app.okrs.course import Course, Point
from app.okrs.figures import plural
from app.okrs.forecast import Forecast, forecast
from app.okrs.forecast_words import Wording, forecast_words
from app.okrs.integrations import integration_of
from app.okrs.loading import Item
from app.okrs.models import KPI, ROLL_UP, Measure, Objective

NEW_MEANING = (SOURCE, CRITERIA, MEASURE, SHARES)
"""Edits after which a value that differs is no pace. Another target changes no value."""


def forecast_for(item: Item, course: Course, turns: Sequence[datetime]) -> Forecast | None:
    """From what was counted as it is counted now, days before the link included; nothing of a
    guard, which leads nowhere, and of what has ended. `turns` are the moments of the edits after
    which a value that differs is no pace."""
    known = [] if item.measure.has_ended else _comparable(course, turns)
    if not known or item.measure.guard:
        return None
    return forecast(
        values={course.day_of(one): one.value for one in known},
        target=course.target,
        days=(course.first_day, course.last_day),
        today=course.today,
        known_until=_known_until(item, course, known[-1]),
        is_decrease=course.target < course.start,
    )


def outlook_of(measure: Measure, course: Course) -> str:
    """The forecast in words; empty where there is too little to say."""
    if course.forecast is None:
        return ""
    goal, noun = course.with_unit(course.target), None
    if measure.source is not None and measure.kind == KPI:
        noun = integration_of(measure.source).counted_noun
        if not course.unit:
            goal = f"{goal} {plural(noun, course.target)}"
    return forecast_words(course.forecast, Wording(goal, course.unit, noun))


def _comparable(course: Course, turns: Sequence[datetime]) -> list[Point]:
    # By whole days: the count that an edit leads to may have been fetched just before it.
    since = max((_day(course, one) for one in turns), default=date.min)
    own = sorted(course.points, key=lambda point: point.moment)
    known = [point for point in own if course.day_of(point) >= since] if turns else own
    until = course.rebuilt.until
    if until is None or _day(course, until) < since:
        return known
    return [*course.rebuilt.points, *(point for point in known if point.moment >= until)]


def _known_until(item: Item, course: Course, last: Point) -> date:
    """Up to when values are known: a source knows until it last counted, a person that day."""
    parts = _parts(item)
    counted = [one.source.counted_at for one in parts if one.source and one.source.counted_at]
    days = [course.day_of(last), *(_day(course, one) for one in counted)]
    return min(max(days), course.today)


def _parts(item: Item) -> list[Measure]:
    if isinstance(item, Objective) and item.measure.kind == ROLL_UP:
        return [one.measure for one in item.key_results]
    return [item.measure]


def _day(course: Course, moment: datetime) -> date:
    return moment.astimezone(course.zone).date()
