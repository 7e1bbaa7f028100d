"""From what is recorded of an item to the course that its chart draws."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select

from app.accounts.models import workspace
from app.db import db
from app.okrs.changes import (
    ALIGNMENT,
    CREATED,
    DELETED,
    MARKED,
    REOPENED,
    RESTORED,
    TARGET,
)
from app.okrs.course import CHECKED_IN, COUNTED, REBUILT, Course, Mark, Point, Rebuilt
from app.okrs.figures import guard_words
from app.okrs.history import History, TracedChange, TracedReading
from app.okrs.integrations import integration_of
from app.okrs.models import KPI, POSTPONED, Change, KeyResult, Objective, Source
from app.okrs.outlook import NEW_MEANING, forecast_for
from app.okrs.rows import Row
from app.okrs.standing import days_of
from app.okrs.timeline import change_entry

_JUMPS = (TARGET, CREATED, DELETED, RESTORED, ALIGNMENT, POSTPONED, REOPENED)
"""Edits of a part by which a roll-up differs, although the part itself has the pace it had."""


def course_of(row: Row, history: History) -> Course:
    """How the measure ran in its present series, what was expected, and where its pace leads: of
    plain values and tuples, so that its chart can be kept."""
    measure, space = row.item.measure, workspace()
    first, last = days_of(row.item)
    is_kpi = measure.kind == KPI
    target = measure.target_value if is_kpi else Fraction(100)
    start = measure.start_value if is_kpi else Fraction(0)
    points = _points(row, history)
    course = Course(
        first_day=first,
        last_day=last,
        today=space.today(),
        zone=space.zone,
        start=target if measure.guard else start,  # what is expected of a guard is level
        target=target,
        points=points,
        marks=_marks(points, history.changes),
        rebuilt=_rebuilt(row, history),
        unit=measure.unit if is_kpi else "%",
        label=(measure.unit.capitalize() or "Value") if is_kpi else "Progress",
        status=row.standing.status,
        goal=guard_words(measure),
    )
    own_turns = [one.made_at for one in history.changes if one.what in NEW_MEANING]
    turns = [*own_turns, *_turns_of_parts(row)]
    return replace(course, forecast=forecast_for(row.item, course, turns))


def _turns_of_parts(row: Row) -> Sequence[datetime]:
    """Of what a roll-up is or was made of: what makes it jump without any progress, as the link of
    a key result does."""
    item = row.item
    if not isinstance(item, Objective) or not row.is_rolled_up:
        return []
    key_results = select(KeyResult.measure_id).where(KeyResult.objective_id == item.id)
    aligned = select(Objective.measure_id).where(Objective.parent_measure_id == item.measure_id)
    return db.session.scalars(
        select(Change.made_at).where(
            Change.measure_id.in_(key_results.union(aligned)),
            Change.what.in_((*NEW_MEANING, *_JUMPS)),
        )
    ).all()


def _points(row: Row, history: History) -> tuple[Point, ...]:
    measure, zone = row.item.measure, workspace().zone
    own = [one for one in history.readings if one.series == measure.series and not one.is_beside]
    # Only the last count of a day leads to its evidence: a day is one place on the chart.
    last_of_day = {
        one.taken_at.astimezone(zone).date(): one.id for one in own if one.source_id is not None
    }
    leading = set(last_of_day.values())
    return tuple(_point(one, one.id in leading) for one in own)


def _point(one: TracedReading, leads: bool) -> Point:
    return Point(
        moment=one.taken_at,
        value=one.value,
        kind=CHECKED_IN if one.check_in_id else COUNTED,
        url=one.evidence_url if leads else "",
    )


def _rebuilt(row: Row, history: History) -> Rebuilt:
    """What the present source would have counted, up to the first reading it then took."""
    past, source = history.past, row.source
    if past is None or source is None:
        return Rebuilt()
    zone, evidence_url = workspace().zone, integration_of(source).evidence_url
    last_of_day = {one.moment.astimezone(zone).date(): one.moment for one in past.points}
    leading = set(last_of_day.values())
    return Rebuilt(
        points=tuple(
            Point(
                moment=one.moment,
                value=one.value,
                kind=REBUILT,
                url=evidence_url(source.id, one.moment) if one.moment in leading else "",
            )
            for one in past.points
        ),
        until=_first_after(past.points[-1].moment, source, history) if past.points else None,
        gaps=tuple(past.gaps),
        is_waiting=past.is_waiting,
        so_far=past.so_far,
    )


def _first_after(moment: datetime, source: Source, history: History) -> datetime | None:
    taken = (one.taken_at for one in history.readings if one.source_id == source.id)
    return next((one for one in taken if one >= moment), None)


def _marks(points: Sequence[Point], changes: Sequence[TracedChange]) -> tuple[Mark, ...]:
    """Where what was read before came to mean something else; before that, nothing was."""
    if not points:
        return ()
    marked = (one for one in changes if one.what in MARKED and one.made_at > points[0].moment)
    return tuple(map(_mark, marked))


def _mark(change: TracedChange) -> Mark:
    entry = change_entry(change)
    text = entry.did[:1].upper() + entry.did[1:]
    if entry.after:
        text += f": {entry.before} → {entry.after}" if entry.before else f": {entry.after}"
    return Mark(change.made_at, text)
