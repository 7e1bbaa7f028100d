"""Values of measures as they come in: each is kept, the newest is the present one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session, joinedload

from app.db import db
from app.okrs.models import CheckIn, Measure, Reading, SourceVersion
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
    """Append figures known to differ from the present ones, and make them present.

    Three statements for any number of them; objects loaded before do not notice. Commits nothing.
    """
    if not changes:
        return
    appended, present = [], []
    for one in changes:
        value, matching, completed = one.figures
        figures = {"value": value, "matching_count": matching, "completed_count": completed}
        appended.append(
            {
                "measure_id": one.measure_id,
                "series": one.series,
                "taken_at": one.taken_at,
                "source_version_id": one.source_version_id,
                "evidence_id": one.evidence_id,
                **figures,
            }
        )
        present.append({"of_measure": one.measure_id, "valued_at": one.taken_at, **figures})
    session.connection().execute(_APPEND, appended)
    session.connection().execute(_MAKE_PRESENT, present)
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
    """Append what a source counted and make it the present value. `evidence` is the id of its row.

    None when the newest reading of the series came from the same source with the same figures.
    Commits nothing.
    """
    last = newest_reading(measure)
    if (
        last is not None
        and last.source_version is not None
        and last.source_version.source_id == version.source_id
        and (last.value, last.matching_count, last.completed_count) == (value, matching, completed)
    ):
        _make_present(measure, last)
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
    )
    db.session.add(reading)
    _make_present(measure, reading)
    return reading


def record_check_in(measure: Measure, check_in: CheckIn, value: Fraction) -> Reading:
    """Append the value that a person gave and make it the present one. Commits nothing."""
    check_in.value = value
    reading = Reading(
        measure=measure,
        series=measure.series,
        taken_at=check_in.made_at,
        value=value,
        check_in=check_in,
    )
    db.session.add(reading)
    _make_present(measure, reading)
    return reading


def hold(measure: Measure) -> None:
    """Read the measure and its source anew; nobody else writes them until the commit.

    For forms that waited for the network: a sync may have ended meanwhile.
    """
    db.session.refresh(measure, with_for_update={"of": Measure})  # its source may be joined in
    db.session.expire(measure, ["source"])
    if measure.source is not None:
        db.session.refresh(measure.source)
        db.session.expire(measure.source, ["versions"])


def newest_reading(measure: Measure) -> Reading | None:
    """The last reading of the measure's present series."""
    return db.session.scalar(
        select(Reading)
        .where(Reading.measure_id == measure.id, Reading.series == measure.series)
        .order_by(Reading.taken_at.desc(), Reading.id.desc())
        .options(joinedload(Reading.source_version))
        .limit(1)
    )


def _make_present(measure: Measure, reading: Reading) -> None:
    measure.value = reading.value
    measure.matching_count = reading.matching_count
    measure.completed_count = reading.completed_count
    measure.valued_at = reading.taken_at
    note_change_of_figure(db.session(), [measure.id])


# Built once, without the ORM's part: these run for every board, every hour.
_readings, _measures = Reading.metadata.tables["reading"], Measure.metadata.tables["measure"]
_APPEND = insert(_readings)
_MAKE_PRESENT = update(_measures).where(_measures.c.id == bindparam("of_measure"))
