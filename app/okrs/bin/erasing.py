"""Erasing what has lain in the bin for long: the item, and all that hangs on its measure.

The audit log stays. In small transactions, so that nobody waits long for the database.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select, update

from app.db import db, utcnow
from app.okrs.bin.finding import KEPT
from app.okrs.models import Evidence, KeyResult, Measure, Objective, Reading, Source, SourceVersion
from app.timing import scaled

EVERY = timedelta(hours=1)
_AT_ONCE = 20
"""Rows of evidence in one transaction: for each, the database looks through all readings."""


class Erasing:
    """Remembers when it last looked. Late, twice, or by two workers at once is harmless."""

    def __init__(self) -> None:
        self._next = 0.0

    def tick(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + scaled(EVERY).total_seconds()
        erase_old()


def erase_old() -> int:
    """Erase what was deleted too long ago to be restored; how many items that were."""
    before = utcnow() - KEPT
    old = select(Objective.id).where(Objective.deleted_at < before)
    of_old = KeyResult.objective_id.in_(old)
    key_results = db.session.execute(
        select(KeyResult.id, KeyResult.measure_id).where((KeyResult.deleted_at < before) | of_old)
    ).all()
    objectives = db.session.execute(
        select(Objective.id, Objective.measure_id).where(Objective.deleted_at < before)
    ).all()
    db.end_reading()
    for key_result_id, measure_id in key_results:
        _erase(KeyResult, key_result_id, measure_id)
    for objective_id, measure_id in objectives:
        _erase(Objective, objective_id, measure_id)
    return len(key_results) + len(objectives)


def _erase(kind: type[KeyResult] | type[Objective], item_id: int, measure_id: int) -> None:
    with db.writing() as session:
        session.execute(delete(Reading).where(Reading.measure_id == measure_id))
    while _erase_evidence(measure_id):
        pass
    with db.writing() as session:
        for column in (Measure.continues_id, Objective.parent_measure_id):
            following = update(column.class_).where(column == measure_id)
            session.execute(following.values({column.key: None}))
        session.execute(delete(kind).where(kind.id == item_id))
        session.execute(delete(Measure).where(Measure.id == measure_id))


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
