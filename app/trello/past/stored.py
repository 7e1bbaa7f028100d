"""The rebuilt past of a source: when one is wanted, and what it says."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from fractions import Fraction
from functools import cache

from sqlalchemy import Select, and_, bindparam, delete, exists, func, select
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts.models import workspace
from app.db import db
from app.okrs.integrations import PastPart, PastPoint
from app.okrs.loading import first_days
from app.okrs.models import PERCENT, Measure, Reading, SourceVersion
from app.okrs.standing import days_of
from app.trello.models import Past, TrelloSource
from app.trello.past import points
from app.trello.past.points import PastFigures, Steps
from app.trello.so_far import past_words

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"


def want_past(source: TrelloSource, version: SourceVersion) -> None:
    """Ask for the past of a version that was just made. Commits nothing.

    Not for a source that counted on an earlier day: its own readings are the record then.
    The past of a version that it replaces goes.
    """
    if source.id is not None:
        if _has_counted_before_today(source):
            return
        own = select(SourceVersion.id).where(SourceVersion.source_id == source.id)
        db.session.execute(delete(Past).where(Past.source_version_id.in_(own)))
    add_past(source, version, source.measure.series)


def add_past(source: TrelloSource, version: SourceVersion, series: int) -> None:
    """A waiting past from the item's first day on; nothing to wait for if that is yet to come."""
    first, _ = days_of(source.measure.item)
    status = WAITING if first <= workspace().today() else DONE
    db.session.add(Past(source_version=version, series=series, wanted_from=first, status=status))


def too_short() -> Sequence[tuple[int, date]]:
    """The pasts, by their version, of items that were moved to an earlier first day, with it."""
    rows = db.session.execute(_too_short(), {"today": workspace().today()})
    return [(version_id, first) for version_id, first in rows]


@cache
def _too_short() -> Select[int, date]:
    items = first_days().subquery()
    return (
        select(Past.source_version_id, items.c.first_day)
        .join(Past.source_version)
        .join(TrelloSource, TrelloSource.id == SourceVersion.source_id)
        .join(items, items.c.id == TrelloSource.measure_id)
        .where(
            TrelloSource.ended_at.is_(None),
            Past.status.in_((WAITING, DONE)),
            Past.wanted_from > items.c.first_day,
            items.c.first_day <= bindparam("today"),
        )
        .order_by(Past.source_version_id)
    )


def past_of(measure: Measure) -> PastPart | None:
    """The rebuilt part of the present series, up to the first reading of its source.

    The versions of the source come along, since the item's page shows the last one's criteria.
    """
    source = measure.source
    if source is None:
        return None
    of_series = {"of_source": source.id, "of_series": measure.series}
    found = db.session.execute(_versions_with_past(), of_series).all()
    set_committed_value(source, "versions", [version for version, _ in found])
    past = next((one for _, one in found if one is not None), None)
    if past is None:
        return None
    if past.status in (WAITING, RUNNING):
        if measure.has_ended:
            return None
        return PastPart(points=(), gaps=(), is_waiting=True, so_far=past_words(past))
    gaps = [past.failure] if past.failure else past.gaps
    until = _first_reading(past)
    told = points.figures(past.payload) if past.payload else ()
    return PastPart(points=tuple(_changes(measure.kind, told, until)), gaps=gaps)


@cache
def _versions_with_past() -> Select[SourceVersion, Past]:
    of_source = SourceVersion.source_id == bindparam("of_source")
    with_past = (
        select(func.min(Past.source_version_id))
        .join(Past.source_version)
        .where(of_source, Past.series == bindparam("of_series"))
        .scalar_subquery()
    )
    is_first = and_(Past.source_version_id == SourceVersion.id, SourceVersion.id == with_past)
    return (
        select(SourceVersion, Past)
        .outerjoin(Past, is_first)
        .where(of_source)
        .order_by(SourceVersion.id)
    )


def first_past(source_id: int) -> Past | None:
    """The past of the first version that has one, in whatever series."""
    found: Past | None = db.session.scalar(
        select(Past)
        .join(Past.source_version)
        .where(SourceVersion.source_id == source_id)
        .order_by(SourceVersion.id)
        .limit(1)
    )
    return found


def steps_of(past: Past | None, until: datetime | None = None) -> Steps | None:
    """What a past tells, up to before `until`; None where it tells nothing."""
    return Steps(past.payload, until) if past is not None and past.payload else None


def _has_counted_before_today(source: TrelloSource) -> bool:
    space = workspace()
    midnight = datetime.combine(space.today(), time(), space.zone)
    own = select(SourceVersion.id).where(SourceVersion.source_id == source.id)
    earlier = exists().where(Reading.source_version_id.in_(own), Reading.taken_at < midnight)
    return bool(db.session.scalar(select(earlier)))


def _first_reading(past: Past) -> datetime:
    """When the source counted by itself for the first time; when it was linked if it never did."""
    own = select(SourceVersion.id).where(SourceVersion.source_id == past.source_version.source_id)
    first = db.session.scalar(
        select(func.min(Reading.taken_at)).where(
            Reading.source_version_id.in_(own), Reading.series == past.series
        )
    )
    return first or past.source_version.made_at


def _changes(kind: str, told: Iterable[PastFigures], until: datetime) -> Iterator[PastPoint]:
    """The points before `until` at which the value changed."""
    last = None
    for one in told:
        value = one.percentage if kind == PERCENT else Fraction(one.matching)
        if one.moment < until and value != last:
            last = value
            yield PastPoint(one.moment, value)
