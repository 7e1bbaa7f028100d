"""What follows for readings and for the present value when a check-in is edited or taken back."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from sqlalchemy import Select, and_, exists, or_, select
from sqlalchemy.orm import joinedload

from app.db import db
from app.okrs.changes import MEASURE, SOURCE
from app.okrs.models import ONCE, ROLL_UP, Change, CheckIn, Measure, Reading, SourceVersion
from app.okrs.readings import automatic_value, newest_reading
from app.okrs.rollup.settling import note_change_of_figure


def reading_of(check_in: CheckIn) -> Reading | None:
    """What the check-in left of its value; None where it gave none."""
    return db.session.scalar(select(Reading).where(Reading.check_in_id == check_in.id))


def may_revalue(measure: Measure, check_in: CheckIn) -> bool:
    """Whether its value may be edited, or given: not where it was of another measure, nor where
    the value came, or has come since, from a source or the key results."""
    reading = reading_of(check_in)
    if reading is not None:
        return reading.series == measure.series
    if measure.kind == ROLL_UP or measure.source is not None:
        return False
    since = exists().where(
        Change.measure_id == measure.id,
        Change.what.in_((MEASURE, SOURCE)),
        Change.made_at > check_in.made_at,
    )
    return not db.session.scalar(select(since))


def revalue(measure: Measure, check_in: CheckIn, value: Fraction | None) -> None:
    """Let the check-in have given another value, or none, at its own moment.

    Of one that stood in for what a source counts, the counts beside it come forward where nothing
    earlier stands in for them.
    """
    reading = reading_of(check_in)
    check_in.value = value
    if reading is not None and value is not None:
        reading.value = value
    elif reading is not None:
        if check_in.override is not None:
            _bring_forward(reading)
        check_in.override = None
        db.session.delete(reading)
    elif value is not None:
        db.session.add(
            Reading(
                measure=measure,
                series=measure.series,
                taken_at=check_in.made_at,
                value=value,
                check_in=check_in,
            )
        )
    db.session.flush()  # the newest is asked of the database
    _follow_newest(measure)


def _follow_newest(measure: Measure) -> None:
    """Make the newest shown reading the present value, with all that goes with it."""
    newest = newest_reading(measure)
    counts = newest
    if measure.source is not None:
        counts = newest_reading(measure, by_source=True)
    measure.value = newest.value if newest else None
    measure.valued_at = newest.taken_at if newest else None
    measure.matching_count = counts.matching_count if counts else None
    measure.completed_count = counts.completed_count if counts else None
    measure.override = _overrides(newest, measure.source.created_at) if measure.source else None
    measure.automatic_value = automatic_value(measure) if measure.override else None
    note_change_of_figure(db.session(), [measure.id])


def _overrides(reading: Reading | None, since: datetime) -> str | None:
    """How long this reading stands in for what a source counts that was linked then."""
    if reading is None or reading.check_in is None or reading.taken_at < since:
        return None
    return reading.check_in.override


def _bring_forward(gone: Reading) -> None:
    """Show what was counted beside this value, unless an earlier one by hand stands in for it."""
    beside = _beside(gone)
    if not beside:
        return
    version = beside[0].source_version
    before = _last_before(gone, is_counted=False)
    override = _overrides(before, version.source.created_at) if version else None
    counted = _last_before(gone, is_counted=True)
    for one in beside:
        if override == ONCE and (counted is None or one.value != counted.value):
            override = None
        one.is_beside = override is not None


def _beside(gone: Reading) -> Sequence[Reading]:
    """What was counted after this reading and before the next that was shown, oldest first."""
    later = db.session.scalars(
        _of_series(gone)
        .where(
            or_(
                Reading.taken_at > gone.taken_at,
                and_(Reading.taken_at == gone.taken_at, Reading.id > gone.id),
            )
        )
        .order_by(Reading.taken_at, Reading.id)
        .options(joinedload(Reading.source_version).joinedload(SourceVersion.source))
    ).all()
    shown = next((place for place, one in enumerate(later) if not one.is_beside), len(later))
    return later[:shown]


def _last_before(gone: Reading, *, is_counted: bool) -> Reading | None:
    """The last reading before this one: of those that a source counted, or of those shown."""
    wanted = Reading.source_version_id.is_not(None) if is_counted else Reading.is_beside.is_(False)
    return db.session.scalar(
        _of_series(gone)
        .where(
            wanted,
            or_(
                Reading.taken_at < gone.taken_at,
                and_(Reading.taken_at == gone.taken_at, Reading.id < gone.id),
            ),
        )
        .order_by(Reading.taken_at.desc(), Reading.id.desc())
        .options(joinedload(Reading.check_in))
        .limit(1)
    )


def _of_series(reading: Reading) -> Select[Reading]:
    return select(Reading).where(
        Reading.measure_id == reading.measure_id, Reading.series == reading.series
    )
