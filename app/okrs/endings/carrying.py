"""Postponing items into another cycle, and cloning objectives. Nothing here commits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from app.accounts.models import Person
from app.audit.log import record
from app.db import db, utcnow
from app.okrs.changes import note_change, record_of
from app.okrs.endings.closing import Ending, close, open_parts
from app.okrs.endings.copies import Copying
from app.okrs.endings.proposals import proposals_for
from app.okrs.loading import Item
from app.okrs.models import KPI, POSTPONED, Cycle, KeyResult, Measure, Objective
from app.okrs.rollup.settling import note_change_of_figure
from app.okrs.standing import progress_of, value_of

NOTHING_LEFT = "It has reached its target, so there is nothing left to postpone. Close it instead."


@dataclass
class Carried:
    """What became of an objective and its key results."""

    made: Objective
    closed: list[KeyResult] = field(default_factory=list)
    """Those that had reached their targets, and so were closed with what was proposed."""


def has_nothing_left(measure: Measure) -> bool:
    """Whether it is a KPI at or beyond its target: from there is no way left to it."""
    if measure.kind != KPI or measure.guard is not None:
        return False
    return progress_of(measure, value_of(measure)) >= 100


def carry_objective(
    objective: Objective, cycle: Cycle, copying: Copying, moment: datetime | None = None
) -> Carried:
    """Postpone the objective with its open key results. What ends in one step bears one moment."""
    moment, parts = moment or utcnow(), open_parts(objective)
    carried = Carried(copying.objective(objective, cycle))
    proposals = proposals_for(parts)
    for part in parts:
        if has_nothing_left(part.measure):
            close(part, Ending.proposed(proposals[part.measure_id]), copying.by, moment)
            carried.closed.append(part)
        else:
            copying.key_result(part, carried.made, comes_along=True)
            _postpone(part, cycle, copying.by, moment)
    _postpone(objective, cycle, copying.by, moment)
    return carried


def carry_key_result(
    key_result: KeyResult, into: Objective, copying: Copying, moment: datetime | None = None
) -> KeyResult:
    """Postpone the key result alone, into an objective that runs elsewhere."""
    made = copying.key_result(key_result, into)
    _postpone(key_result, into.cycle, copying.by, moment or utcnow())
    return made


def clone(
    objective: Objective, cycle: Cycle, parts: Sequence[KeyResult], copying: Copying
) -> Objective:
    """With those of its key results."""
    made = copying.objective(objective, cycle)
    for part in parts:
        copying.key_result(part, made, comes_along=True)
    return made


def cycles_carried_into(objectives: Sequence[Objective]) -> dict[int, set[int]]:
    """The ids of the cycles in which each goes on, where that was not deleted since, by the ids of
    their measures; in one statement."""
    found: dict[int, set[int]] = {one.measure_id: set() for one in objectives}
    rows = db.session.execute(
        select(Measure.continues_id, Objective.cycle_id)
        .join(Objective, Objective.measure_id == Measure.id)
        .where(Measure.continues_id.in_(found), Objective.deleted_at.is_(None))
    )
    for measure_id, cycle_id in rows:
        found[measure_id or 0].add(cycle_id)
    return found


def _postpone(item: Item, cycle: Cycle, by: Person, moment: datetime) -> None:
    measure = item.measure
    measure.final_value = value_of(measure)
    measure.ended_as, measure.ended_at, measure.ended_by = POSTPONED, moment, by
    note_change(measure, by, POSTPONED, after=f"into {cycle.name}")
    note_change_of_figure(db.session(), [measure.id])
    kind, number, title = record_of(item)
    record(f"{kind}.postponed", kind, number, title, by=by, into=cycle.name)
