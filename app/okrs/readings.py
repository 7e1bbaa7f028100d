"""Values of measures as they come in: each is kept, the newest is the present one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import (
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session, joinedload

from app.db import Moment, db
from app.exact import Exact
from app.okrs.models import ONCE, UNTIL_RESUMED, CheckIn, Measure, Reading, SourceVersion
from app.okrs.rollup.settling import note_change_of_figure

Figures = tuple[Fraction, int | None, int | None]
"""A measure's value, and how many things matched and were completed."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a source counted for a measure, in the measure's present series."""

    measure_id: int
    series: int
    source_version_id: int
    taken_at: datetime
    figures: Figures
    evidence_id: int


def record_changes(session: Session, changes: Sequence[Counted]) -> None:
    """Append figures known to differ from what was counted last, and make them present.

    A value given by hand stays where it stands in for them, and what was counted goes beside it.
    Three statements for any number of them; objects loaded before do not notice. Commits nothing.
    """
    if not changes:
        return
    appended, present = [], []
    for one in changes:
        value, matching, completed = one.figures
        counts = {"matching_count": matching, "completed_count": completed}
        appended.append(
            {
                "of_measure": one.measure_id,
                "measure_id": one.measure_id,
                "series": one.series,
                "taken_at": one.taken_at,
                "value": value,
                "source_version_id": one.source_version_id,
                "evidence_id": one.evidence_id,
                **counts,
            }
        )
        present.append(
            {"of_measure": one.measure_id, "counted": value, "at": one.taken_at, **counts}
        )
    session.connection().execute(_MAKE_PRESENT, present)  # first: it tells what goes beside
    session.connection().execute(_APPEND, appended)
    note_change_of_figure(session, [one.measure_id for one in changes])


def record_reading(
    measure: Measure,
    taken_at: datetime,
    value: Fraction,
    matching: int | None,
    completed: int | None,
    version: SourceVersion,
    evidence: int | None,
) -> Reading | None:
    """Append what a source counted, and make it the present value unless one given by hand stays.

    `evidence` is the id of its row. None when what was counted last came from the same source with
    the same figures. Commits nothing.
    """
    stays = outlasts(measure, value)
    last = newest_reading(measure, by_source=measure.override is not None)
    if (
        last is not None
        and last.source_version is not None
        and last.source_version.source_id == version.source_id
        and (last.value, last.matching_count, last.completed_count) == (value, matching, completed)
        and (stays or measure.override is None)
    ):
        if not stays:
            make_present(measure, last)
        return None
    reading = Reading(
        measure=measure,
        series=measure.series,
        taken_at=taken_at,
        value=value,
        matching_count=matching,
        completed_count=completed,
        source_version=version,
        evidence_id=evidence,
        is_beside=stays,
    )
    db.session.add(reading)
    if stays:
        measure.automatic_value = value
        measure.matching_count, measure.completed_count = matching, completed
    else:
        end_override(measure)
        make_present(measure, reading)
    return reading


def record_check_in(
    measure: Measure, check_in: CheckIn, value: Fraction, override: str | None = None
) -> Reading:
    """Append the value that a person gave and make it the present one. Commits nothing.

    `override` says how long it stands in for what the source counts, where there is one: the
    counts stay the source's.
    """
    check_in.value, check_in.override = value, override
    reading = Reading(
        measure=measure,
        series=measure.series,
        taken_at=check_in.made_at,
        value=value,
        check_in=check_in,
    )
    if override is None:
        db.session.add(reading)
        make_present(measure, reading)
        return reading
    if measure.override is None:
        measure.automatic_value = automatic_value(measure)
    db.session.add(reading)
    measure.override = override
    measure.value, measure.valued_at = value, check_in.made_at
    note_change_of_figure(db.session(), [measure.id])
    return reading


def outlasts(measure: Measure, counted: Fraction) -> bool:
    """Whether a value given by hand stays although the source has counted this."""
    is_same = measure.automatic_value == counted
    return measure.override == UNTIL_RESUMED or (measure.override == ONCE and is_same)


def automatic_value(measure: Measure) -> Fraction | None:
    """What the measure's source counted last, shown or not; None where it never did."""
    last = newest_reading(measure, by_source=True)
    if last is None or last.source_version is None or measure.source is None:
        return None
    return last.value if last.source_version.source_id == measure.source.id else None


def end_override(measure: Measure) -> None:
    """Let the source bring the value again, from what it counts next."""
    measure.override = measure.automatic_value = None


def newest_reading(measure: Measure, *, by_source: bool = False) -> Reading | None:
    """The last shown reading of the measure's present series, or the last that a source brought,
    shown or not."""
    wanted = Reading.source_version_id.is_not(None) if by_source else Reading.is_beside.is_(False)
    return db.session.scalar(
        select(Reading)
        .where(Reading.measure_id == measure.id, Reading.series == measure.series, wanted)
        .order_by(Reading.taken_at.desc(), Reading.id.desc())
        .options(joinedload(Reading.source_version))
        .limit(1)
    )


def by_age() -> Select[Any]:
    """The shown readings of present series, each with its place; the newest of a measure is 1."""
    place = func.row_number().over(
        partition_by=Reading.measure_id, order_by=(Reading.taken_at.desc(), Reading.id.desc())
    )
    return (
        select(Reading.measure_id, Reading.value, Reading.taken_at, place.label("place"))
        .join(Measure, Measure.id == Reading.measure_id)
        .where(Reading.series == Measure.series, Reading.is_beside.is_(False))
    )


def values_then(moments: Mapping[int, datetime]) -> dict[int, Fraction]:
    """The last reading of each measure's present series by its moment; without one it lacks.

    The moments are by the measures' ids. One statement, none where there are no measures.
    """
    if not moments:
        return {}
    by_moment: dict[datetime, list[int]] = {}
    for measure_id, moment in moments.items():
        by_moment.setdefault(moment, []).append(measure_id)
    is_by_then = (
        and_(Reading.measure_id.in_(ids), Reading.taken_at <= moment)
        for moment, ids in by_moment.items()
    )
    newest = by_age().where(or_(*is_by_then)).subquery()
    found = db.session.execute(
        select(newest.c.measure_id, newest.c.value).where(newest.c.place == 1)
    )
    return {row.measure_id: row.value for row in found}


def make_present(measure: Measure, reading: Reading) -> None:
    measure.value = reading.value
    measure.matching_count = reading.matching_count
    measure.completed_count = reading.completed_count
    measure.valued_at = reading.taken_at
    note_change_of_figure(db.session(), [measure.id])


# Built once, without the ORM's part: these run for every board, every hour.
_readings, _measures = Reading.metadata.tables["reading"], Measure.metadata.tables["measure"]
_counted = bindparam("counted", type_=_measures.c.value.type)
_same = type_coerce(_counted, Exact)
_stays = or_(
    _measures.c.override == UNTIL_RESUMED,
    and_(_measures.c.override == ONCE, _measures.c.automatic_value == _same),
)
"""Whether a value given by hand outlasts what was counted: `outlasts` as SQL."""
_MAKE_PRESENT = (
    update(_measures)
    .where(_measures.c.id == bindparam("of_measure"))
    .values(
        value=case((_stays, _measures.c.value), else_=_counted),
        valued_at=case((_stays, _measures.c.valued_at), else_=bindparam("at", type_=Moment)),
        override=case((_stays, _measures.c.override)),
        automatic_value=case((_stays, _same)),
    )
)
_APPEND = insert(_readings).values(
    is_beside=exists().where(
        _measures.c.id == bindparam("of_measure"), _measures.c.override.is_not(None)
    )
)
