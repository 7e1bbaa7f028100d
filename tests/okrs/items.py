"""Objectives and key results made directly, committed."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import (
    KPI,
    PERCENT,
    ROLL_UP,
    Change,
    Cycle,
    KeyResult,
    Measure,
    Objective,
    Reading,
)
from app.okrs.rollup.settling import note_change_of_figure

# A hundred days from the first to the last; the tests' today is its 50th after the first.
FIRST_DAY, LAST_DAY, TODAY = date(2026, 1, 1), date(2026, 4, 11), date(2026, 2, 20)


def make_cycle(name: str = "Spring", first: date = FIRST_DAY, last: date = LAST_DAY) -> Cycle:
    cycle = Cycle(name=name, starts_on=first, ends_on=last)
    db.session.add(cycle)
    db.session.commit()
    return cycle


def cycle_of_today() -> Cycle:
    """For tests that leave the calendar alone."""
    today = utcnow().date()
    return make_cycle("Now", today - timedelta(days=10), today + timedelta(days=10))


def make_measure(kind: str = PERCENT, **values: Any) -> Measure:
    figures = ("start_value", "target_value", "value")
    exact = {name: Fraction(values.pop(name)) for name in figures if name in values}
    return Measure(kind=kind, **exact, **values)


def make_objective(
    owner: Person, cycle: Cycle, title: str = "People find us", **values: Any
) -> Objective:
    objective = Objective(
        title=title,
        owner_id=owner.id,
        cycle_id=cycle.id,
        measure=values.pop("measure", None) or make_measure(ROLL_UP),
        **values,
    )
    db.session.add(objective)
    db.session.flush()
    note_change_of_figure(db.session(), [objective.measure_id])
    db.session.commit()
    return objective


def make_key_result(
    objective: Objective, owner: Person, title: str = "Publish posts", **values: Any
) -> KeyResult:
    key_result = KeyResult(
        title=title,
        objective_id=objective.id,
        owner_id=owner.id,
        measure=values.pop("measure", None)
        or make_measure(KPI, start_value=0, target_value=20, unit="posts"),
        **values,
    )
    db.session.add(key_result)
    db.session.flush()
    note_change_of_figure(db.session(), [key_result.measure_id])
    db.session.commit()
    return key_result


def changes_of(measure_id: int) -> list[tuple[str, str, str]]:
    """What was recorded of edits, oldest first."""
    found = db.session.scalars(
        select(Change).where(Change.measure_id == measure_id).order_by(Change.id)
    )
    return [(one.what, one.before, one.after) for one in found]


def only(kind: type[Any]) -> Any:
    """The only row of its kind."""
    return db.session.scalars(select(kind)).one()


def given_readings() -> list[Reading]:
    """What people gave and sources counted, oldest first; what roll-ups came to is left out."""
    query = select(Reading).join(Measure, Measure.id == Reading.measure_id)
    return list(db.session.scalars(query.where(Measure.kind != ROLL_UP).order_by(Reading.id)))


def count_of(kind: type[Any]) -> int:
    return len(db.session.scalars(select(kind)).all())
