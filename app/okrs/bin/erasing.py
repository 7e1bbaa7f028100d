"""Erasing what has lain in the bin for long: the item, and all that hangs on its measure.

The audit log stays. In small transactions, so that nobody waits long for the database.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, Select, delete, select, update

from app.db import db, utcnow
from app.okrs.bin.finding import KEPT
from app.okrs.holding import hold_ids
from app.okrs.loading import Kind
from app.okrs.models import Evidence, KeyResult, Measure, Objective, Reading, Source, SourceVersion

_AT_ONCE = 500
"""Rows of evidence in one transaction."""


def erase_old() -> int:
    """Erase what was deleted too long ago to be restored; how many items that were."""
    before = utcnow() - KEPT
    kinds: tuple[Kind, ...] = (KeyResult, Objective)
    found = [(kind, row) for kind in kinds for row in db.session.execute(_old(kind, before)).all()]
    db.end_reading()
    return sum(_erase(kind, row, before) for kind, row in found)


def _old(kind: Kind, before: datetime) -> Select[int, int, int]:
    """What of this kind was deleted before that, or lies under an objective that was."""
    old = select(Objective.id).where(Objective.deleted_at < before)
    ids = select(kind.id, kind.measure_id, Objective.measure_id.label("objective_measure_id"))
    if kind is Objective:
        return ids.where(Objective.id.in_(old))
    of_old = ids.join(Objective, Objective.id == KeyResult.objective_id)
    return of_old.where((KeyResult.deleted_at < before) | Objective.id.in_(old))


def _erase(kind: Kind, row: Row[int, int, int], before: datetime) -> bool:
    """False where it was restored, or erased, since it was found. Once this has looked, nobody
    restores it any more: they look at its age as well, with its measure held."""
    item_id, measure_id = row.id, row.measure_id
    with db.writing() as session:
        hold_ids({measure_id, row.objective_measure_id})
        if session.execute(_old(kind, before).where(kind.id == item_id)).first() is None:
            return False
        session.execute(delete(Reading).where(Reading.measure_id == measure_id))
    while _erase_evidence(measure_id):
        pass
    with db.writing() as session:
        for column in (Measure.continues_id, Objective.parent_measure_id):
            following = update(column.class_).where(column == measure_id)
            session.execute(following.values({column.key: None}))
        session.execute(delete(kind).where(kind.id == item_id))
        session.execute(delete(Measure).where(Measure.id == measure_id))
    return True


def _erase_evidence(measure_id: int) -> int:
    """Some of what its sources counted, the newest first, since rows build on older ones."""
    with db.writing() as session:
        ids: Sequence[int] = session.scalars(
            select(Evidence.id)
            .join(SourceVersion, SourceVersion.id == Evidence.source_version_id)
            .join(Source.__table__, Source.__table__.c.id == SourceVersion.source_id)
            .where(Source.__table__.c.measure_id == measure_id)
            .order_by(Evidence.id.desc())
            .limit(_AT_ONCE)
        ).all()
        session.execute(delete(Evidence).where(Evidence.id.in_(ids)))
    return len(ids)
