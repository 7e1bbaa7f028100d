"""Thinning what was counted of items that are long over, where admins want that.

Of each day, in the workspace's zone, the last count stays, and with it the things that were
counted: what charts, reviews and the pages that they lead to show. So does whatever a person
gave, and what comes forward again when that is taken back. In small transactions, and only so
many at a time, so that nobody waits long for the database and the clock goes on.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction

from sqlalchemy import Select, and_, case, delete, exists, func, or_, select, update

from app.accounts.models import workspace
from app.db import db, in_batches
from app.okrs.history import TracedReading, readings_of
from app.okrs.holding import hold_ids
from app.okrs.integrations import integration_named
from app.okrs.loading import present_measures
from app.okrs.models import Cycle, KeyResult, Measure, Objective, Reading, Source

STEPS = 200
"""Transactions in one go; what is left over is done in the next one."""


def thin() -> int:
    """Thin what is due by the workspace's rule; in how many steps that was done."""
    space = workspace()
    if space.details_kept_days is None:
        return 0
    day = space.today() - timedelta(days=space.details_kept_days)
    before = datetime.combine(day, time(), space.zone)
    due = db.session.scalars(_due(day, before).limit(STEPS)).all()
    db.end_reading()
    count = 0
    for measure_id in due:
        if count >= STEPS:
            break
        count += _thin(measure_id, day, before, STEPS - count)
    return count


def _due(day: date, before: datetime) -> Select[int, date]:
    """The ids of measures whose items and cycles were over before the day, and of which something
    was counted that was not looked at yet; with the items' first days."""
    is_key_result = KeyResult.id.is_not(None)
    own_first = case((is_key_result, KeyResult.starts_on), else_=Objective.starts_on)
    own_last = case((is_key_result, KeyResult.ends_on), else_=Objective.ends_on)
    counted = exists().where(
        Reading.measure_id == Measure.id,
        Reading.check_in_id.is_(None),
        Reading.taken_at < before,
        or_(Measure.thinned_before.is_(None), Reading.taken_at >= Measure.thinned_before),
    )
    is_new = or_(Measure.thinned_before.is_(None), Measure.thinned_before < before)
    return (
        present_measures()
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .with_only_columns(Measure.id, func.coalesce(own_first, Cycle.starts_on).label("first_day"))
        .where(
            Cycle.ends_on < day,
            func.coalesce(own_first, Cycle.ends_on) < day,
            func.coalesce(own_last, Cycle.ends_on) < day,
            or_(Measure.is_being_thinned, and_(is_new, counted)),
        )
        .order_by(Measure.id)
    )


def _thin(measure_id: int, day: date, before: datetime, most_steps: int) -> int:
    """In how many steps; none where it was thinned, or its days changed, since it was found."""
    with db.writing() as session:
        hold_ids({measure_id})
        due = _due(day, before).where(Measure.id == measure_id)
        found = session.execute(due).first()
        if found is None:
            return 0
        gone = dispensable(readings_of(measure_id), found.first_day, before)
        for batch in in_batches(gone):
            session.execute(
                delete(Reading).where(Reading.id.in_(batch)),
                execution_options={"synchronize_session": False},
            )
        # Said before anything that was counted goes, so that no page shows it as complete.
        _mark(measure_id, thinned_before=before, is_being_thinned=True)
    source = Source.__table__.c
    sources = db.session.execute(
        select(source.id, source.integration)
        .where(source.measure_id == measure_id)
        .order_by(source.id)
    ).all()
    db.end_reading()
    count = 1 if gone else 0  # so that it goes on, however few steps there are
    for source_id, name in sources:
        integration = integration_named(name)
        if integration is not None:
            count += integration.thin(source_id, before, max(0, most_steps - count))
        if count >= most_steps:
            return count
    with db.writing():
        _mark(measure_id, is_being_thinned=False)
    return count


def _mark(measure_id: int, **values: object) -> None:
    marked = update(Measure).where(Measure.id == measure_id).values(**values)
    db.session.execute(marked, execution_options={"synchronize_session": False})


def dispensable(readings: Sequence[TracedReading], first_day: date, before: datetime) -> list[int]:
    """The ids of those that nothing needs which is shown by days, of all of a measure, which come
    oldest first. Days are those of the zone of `before`.

    Of each series stay the first of each source, where its rebuilt part ends; the lowest and the
    highest from the item's first day on, which give the chart its scale; what a check-in followed
    or stands in for, which comes forward when that is taken back; and of each day the last that a
    source counted, and the last of all.
    """
    zone = before.tzinfo
    kept: set[int] = set()
    first: dict[tuple[int, int | None], int] = {}
    last: dict[tuple[int, date, bool], int] = {}
    lowest: dict[int, TracedReading] = {}
    highest: dict[int, TracedReading] = {}
    previous: dict[int, TracedReading] = {}
    for one in readings:
        if one.check_in_id is not None and one.series in previous:
            kept.add(previous[one.series].id)
        previous[one.series] = one
        if one.check_in_id is not None or one.is_beside or one.taken_at >= before:
            kept.add(one.id)
        if one.is_beside:
            continue
        local = one.taken_at.astimezone(zone).date()
        first.setdefault((one.series, one.source_id), one.id)
        if one.check_in_id is None:
            last[one.series, local, one.source_id is None] = one.id
        if local >= first_day:
            lowest[one.series] = min(lowest.get(one.series, one), one, key=_value)
            highest[one.series] = max(highest.get(one.series, one), one, key=_value)
    kept.update(first.values(), last.values())
    kept.update(one.id for edge in (lowest, highest) for one in edge.values())
    return [one.id for one in readings if one.id not in kept]


def _value(reading: TracedReading) -> Fraction:
    return reading.value
