"""What happened to an item: check-ins, counts and edits in one list, and the chart they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts.models import workspace
from app.db import db
from app.okrs.changes import MARKED
from app.okrs.chart import CHECKED_IN, COUNTED, Chart, Course, Mark, Point, draw_chart
from app.okrs.figures import value_words
from app.okrs.integrations import integration_named
from app.okrs.models import (
    KPI,
    ROLL_UP,
    Change,
    CheckIn,
    KeyResult,
    Measure,
    Objective,
    Reading,
    Source,
    SourceVersion,
)
from app.okrs.rows import Row
from app.okrs.standing import days_of, progress_of_value, roll_up

LONGEST = 50
"""Entries on an item's page."""

_SAID = {
    "created": "created it",
    "title": "changed the title",
    "owner": "changed the owner",
    "cycle": "moved it to another cycle",
    "days": "changed the days",
    "measure": "changed the measure",
    "target": "changed the target",
    "criteria": "changed what is counted",
    "deleted": "deleted it",
}


@dataclass(frozen=True)
class Entry:
    """One line: when, who or what, what it did, and the words it left."""

    at: datetime
    actor: str
    did: str
    before: str = ""
    after: str = ""
    note: str = ""


@dataclass(frozen=True)
class Timeline:
    entries: list[Entry]
    """Newest first."""
    more_count: int


@dataclass(frozen=True)
class Counted:
    """A reading, and the integration that brought it; without one a person did."""

    reading: Reading
    integration: str | None


@dataclass(frozen=True)
class History:
    """What its page shows of everything recorded of one measure."""

    readings: list[Counted]
    """All of them, oldest first."""
    changes: list[Change]
    check_ins: list[CheckIn]
    check_in_count: int
    """In all; only the newest are loaded."""


def history_of(measure: Measure) -> History:
    """Four statements, however long the history is."""
    readings = db.session.execute(
        select(Reading, Source.integration)
        .outerjoin(SourceVersion, SourceVersion.id == Reading.source_version_id)
        .outerjoin(Source.__table__, Source.__table__.c.id == SourceVersion.source_id)
        .where(Reading.measure_id == measure.id)
        .order_by(Reading.taken_at, Reading.id)
    )
    check_ins = db.session.scalars(
        select(CheckIn)
        .where(CheckIn.measure_id == measure.id)
        .options(joinedload(CheckIn.person))
        .order_by(CheckIn.made_at.desc(), CheckIn.id.desc())
        .limit(LONGEST)
    )
    # All of the marked ones, since the chart shows them; there are few.
    changes = db.session.scalars(
        select(Change)
        .where(Change.measure_id == measure.id)
        .options(joinedload(Change.person))
        .order_by(Change.made_at.desc(), Change.id.desc())
    )
    return History(
        readings=[Counted(reading, integration) for reading, integration in readings],
        changes=list(changes),
        check_ins=list(check_ins),
        check_in_count=_count_check_ins(measure),
    )


def timeline_of(measure: Measure, history: History) -> Timeline:
    """The newest entries and how many more there are."""
    counted = _count_entries(measure, history.readings)
    entries = [
        *counted,
        *_check_in_entries(measure, history),
        *(_change_entry(one) for one in history.changes),
    ]
    # Of one moment the edit comes before the count that it led to.
    entries.sort(key=lambda entry: entry.at, reverse=True)
    in_all = len(counted) + len(history.changes) + history.check_in_count
    shown = entries[:LONGEST]
    return Timeline(shown, in_all - len(shown))


def chart_of(row: Row, history: History) -> Chart:
    """How the measure ran in its present series, against what was expected."""
    measure, space = row.item.measure, workspace()
    first, last = days_of(row.item)
    is_kpi = measure.kind == KPI
    points = _points(row, history)
    return draw_chart(
        Course(
            first_day=first,
            last_day=last,
            today=space.today(),
            zone=space.zone,
            start=measure.start_value if is_kpi else Fraction(0),
            target=measure.target_value if is_kpi else Fraction(100),
            points=points,
            marks=_marks(points, history.changes),
            unit=measure.unit if is_kpi else "%",
            label=(measure.unit.capitalize() or "Value") if is_kpi else "Progress",
            status=row.standing.status,
        )
    )


def _points(row: Row, history: History) -> list[Point]:
    measure = row.item.measure
    if measure.kind == ROLL_UP and isinstance(row.item, Objective):
        return _rolled_up(row.item.key_results)
    return [
        Point(
            one.reading.taken_at,
            one.reading.value,
            CHECKED_IN if one.reading.check_in_id else COUNTED,
        )
        for one in history.readings
        if one.reading.series == measure.series
    ]


def _rolled_up(key_results: Sequence[KeyResult]) -> list[Point]:
    """The mean of the key results at every moment one of them changed."""
    measures = {one.measure_id: one.measure for one in key_results}
    progress = {
        measure_id: progress_of_value(
            measure.start_value, measure.start_value, measure.target_value
        )
        for measure_id, measure in measures.items()
    }
    readings = db.session.scalars(
        select(Reading)
        .where(Reading.measure_id.in_(measures))
        .order_by(Reading.taken_at, Reading.id)
    )
    points = []
    for reading in readings:
        measure = measures[reading.measure_id]
        if reading.series == measure.series:
            progress[reading.measure_id] = progress_of_value(
                reading.value, measure.start_value, measure.target_value
            )
            points.append(Point(reading.taken_at, roll_up(list(progress.values()))))
    return points


def _count_check_ins(measure: Measure) -> int:
    return db.session.scalar(select(func.count()).where(CheckIn.measure_id == measure.id)) or 0


def _count_entries(measure: Measure, readings: Sequence[Counted]) -> list[Entry]:
    entries = []
    before: dict[int, Fraction] = {}
    for one in readings:
        reading = one.reading
        if one.integration is not None:
            entries.append(_count_entry(measure, one, before.get(reading.series)))
        before[reading.series] = reading.value
    return entries


def _count_entry(measure: Measure, one: Counted, before: Fraction | None) -> Entry:
    reading = one.reading
    integration = integration_named(one.integration or "")
    unit_of = measure if reading.series == measure.series else _PLAIN
    note = ""
    if reading.matching_count is not None and reading.completed_count is not None:
        note = f"{reading.completed_count:,} of {reading.matching_count:,} completed"
    return Entry(
        at=reading.taken_at,
        actor=integration.title if integration else "Data source",
        did="counted",
        before="" if before is None or before == reading.value else value_words(unit_of, before),
        after=value_words(unit_of, reading.value),
        note=note,
    )


_PLAIN = Measure(kind=KPI, unit="")
"""For values of an earlier series, whose unit is not kept."""


def _check_in_entries(measure: Measure, history: History) -> list[Entry]:
    series = {one.reading.check_in_id: one.reading.series for one in history.readings}
    return [
        _check_in_entry(measure if series.get(one.id) == measure.series else _PLAIN, one)
        for one in history.check_ins
    ]


def _check_in_entry(unit_of: Measure, check_in: CheckIn) -> Entry:
    value = "" if check_in.value is None else value_words(unit_of, check_in.value)
    return Entry(
        at=check_in.made_at,
        actor=check_in.person.name,
        did="checked in",
        after=value,
        note=check_in.note,
    )


def _change_entry(change: Change) -> Entry:
    did = _SAID.get(change.what, f"changed the {change.what}")
    before, after = change.before, change.after
    if change.what == "source":
        did = f"connected {after}" if after else f"removed {before}"
        before = after = ""
    return Entry(
        at=change.made_at,
        actor=change.person.name if change.person else "Tally",
        did=did,
        before=before,
        after=after,
    )


def _marks(points: Sequence[Point], changes: Sequence[Change]) -> list[Mark]:
    """Where what was read before came to mean something else; before that, nothing was."""
    if not points:
        return []
    return [_mark(one) for one in changes if one.what in MARKED and one.made_at > points[0].moment]


def _mark(change: Change) -> Mark:
    entry = _change_entry(change)
    text = entry.did[:1].upper() + entry.did[1:]
    if entry.after:
        text += f": {entry.before} → {entry.after}" if entry.before else f": {entry.after}"
    return Mark(change.made_at, text)
