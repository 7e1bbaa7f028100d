"""Where items can be postponed or cloned to: open cycles, and objectives that run in them."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from app.accounts.models import Person, workspace
from app.db import db
from app.okrs.loading import may_edit, visible_objectives
from app.okrs.models import Cycle, KeyResult, Measure, Objective


def open_cycles() -> list[Cycle]:
    """Those that are neither closed nor over, the earliest first."""
    return list(
        db.session.scalars(
            select(Cycle)
            .where(Cycle.closed_at.is_(None), Cycle.ends_on >= workspace().today())
            .order_by(Cycle.starts_on, Cycle.ends_on, Cycle.id)
        )
    )


def following(cycles: Sequence[Cycle], present: Cycle) -> Cycle | None:
    """The one that comes next: the first to begin after it, of several the most alike in length."""
    later = [one for one in cycles if one.starts_on > present.ends_on]
    length = _length(present)
    return min(later, key=lambda one: (one.starts_on, abs(_length(one) - length)), default=None)


def open_objectives(person: Person) -> list[Objective]:
    """The objectives in open cycles that have not ended and that the person may edit, the earliest
    cycle first."""
    found = db.session.scalars(
        visible_objectives(person)
        .join(Objective.cycle)
        .join(Measure, Measure.id == Objective.measure_id)
        .where(
            Cycle.closed_at.is_(None),
            Cycle.ends_on >= workspace().today(),
            Measure.ended_as.is_(None),
        )
        .order_by(Cycle.starts_on, Cycle.id, Objective.title, Objective.id)
        .options(
            contains_eager(Objective.cycle),
            contains_eager(Objective.measure).selectinload(Measure.further_owners),
        )
    )
    return [one for one in found if may_edit(person, one)]


def home_of(objectives: Sequence[Objective], key_result: KeyResult) -> Objective | None:
    """Of these the one that carries on the key result's own objective."""
    above = key_result.objective.measure_id
    return next((one for one in objectives if one.measure.continues_id == above), None)


def _length(cycle: Cycle) -> timedelta:
    return cycle.ends_on - cycle.starts_on
