"""Editing, closing and reopening cycles, with a record of it. Nothing here commits."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.models import Person
from app.audit.edits import edits_between
from app.audit.log import record
from app.db import db, utcnow
from app.names import as_compared
from app.okrs.figures import plural
from app.okrs.models import Cycle, KeyResult, Measure, Objective
from app.pages import day

RECORDED_AS = {"name": ("name",), "first_day": ("days",), "last_day": ("days",)}
"""What the audit log calls a change of each field of a cycle's form."""


@dataclass(frozen=True)
class StillOpen:
    """What of a cycle has neither been closed nor postponed."""

    objective_count: int
    key_result_count: int

    def __bool__(self) -> bool:
        return bool(self.objective_count or self.key_result_count)

    @property
    def words(self) -> str:
        """ "1 objective and 3 key results are still open." """
        counts = ((self.objective_count, "objective"), (self.key_result_count, "key result"))
        said = [f"{count:,} {plural(noun, count)}" for count, noun in counts if count]
        is_one = self.objective_count + self.key_result_count == 1
        return f"{' and '.join(said)} {'is' if is_one else 'are'} still open."


def still_open(cycle: Cycle) -> StillOpen:
    """Whoever sees them."""
    is_open = (Measure.ended_as.is_(None), Objective.deleted_at.is_(None))
    objectives = (
        select(func.count())
        .select_from(Objective)
        .join(Measure, Measure.id == Objective.measure_id)
        .where(Objective.cycle_id == cycle.id, *is_open)
    )
    key_results = (
        select(func.count())
        .select_from(KeyResult)
        .join(KeyResult.objective)
        .join(Measure, Measure.id == KeyResult.measure_id)
        .where(Objective.cycle_id == cycle.id, KeyResult.deleted_at.is_(None), *is_open)
    )
    return StillOpen(db.session.scalar(objectives) or 0, db.session.scalar(key_results) or 0)


def hold_to_change(cycle: Cycle) -> None:
    """Read it anew; until the commit nobody changes it, or puts anything into it."""
    db.session.refresh(cycle, with_for_update=True)


def change_cycle(cycle: Cycle, name: str, starts_on: date, ends_on: date, by: Person) -> bool:
    """Give the cycle another name or other days, which its items follow but for days of their
    own. False, having changed nothing, where another cycle has this name or these days."""
    before = _described(cycle)
    try:
        with db.session.begin_nested():
            cycle.name, cycle.key = name, as_compared(name)
            cycle.starts_on, cycle.ends_on = starts_on, ends_on
    except IntegrityError:
        db.session.refresh(cycle)
        return False
    changed = edits_between(before, _described(cycle))
    if changed:
        record("cycle.edited", "cycle", cycle.id, cycle.name, by=by, changed=changed)
    return True


def close_cycle(cycle: Cycle, by: Person) -> None:
    cycle.closed_at, cycle.closed_by_id = utcnow(), by.id
    record("cycle.closed", "cycle", cycle.id, cycle.name, by=by)


def reopen_cycle(cycle: Cycle, by: Person) -> None:
    cycle.closed_at = cycle.closed_by_id = None
    record("cycle.reopened", "cycle", cycle.id, cycle.name, by=by)


def record_created(cycle: Cycle, by: Person) -> None:
    """Of one that was just added."""
    record("cycle.created", "cycle", cycle.id, cycle.name, by=by, days=_days(cycle))


def _described(cycle: Cycle) -> dict[str, str]:
    return {"name": cycle.name, "days": _days(cycle)}


def _days(cycle: Cycle) -> str:
    return f"{day(cycle.starts_on)} to {day(cycle.ends_on)}"
