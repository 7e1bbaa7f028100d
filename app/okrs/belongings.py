"""Objectives and key results that someone has to own for as long as they run."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import (
    InstrumentedAttribute,
    contains_eager,
    joinedload,
    selectinload,
)

from app.accounts.belongings import Belonging
from app.accounts.models import Person, workspace
from app.accounts.people import by_name
from app.db import db
from app.okrs.changes import OWNER, VIEWERS, note_change, record_edit
from app.okrs.loading import Item
from app.okrs.models import Cycle, KeyResult, Measure, Objective
from app.okrs.rollup.settling import note_change_of_figure
from app.okrs.sight import sees, set_sight, sight_words


def what(person: Person) -> list[Belonging]:
    """The person's objectives and key results that are neither over nor deleted."""
    return [
        Belonging("objective", [one.title for one in _objectives(person)]),
        Belonging("key result", [one.title for one in _key_results(person)]),
    ]


def hand_over(giver: Person, heir: Person, by: Person) -> None:
    """Make the heir the owner of what runs. What is over keeps the owner that it had.

    The heir gets to see the private objectives of key results that become theirs.
    """
    _hold([*_objectives(giver), *_key_results(giver)])
    objectives, key_results = _objectives(giver), _key_results(giver)
    items: list[Item] = [*objectives, *key_results]
    for item in items:
        item.owner = heir
        note_change(item.measure, by, OWNER, giver.name, heir.name)
        record_edit(item, by, {OWNER: (giver.name, heir.name)})
    note_change_of_figure(db.session(), [one.measure_id for one in objectives if one.is_private])
    _show_objectives(key_results, heir, by)


def show_own(person: Person, by: Person) -> None:
    """Let the person see the private objectives of their key results, of those that are over too.

    Admins see them anyway; and who was deactivated could be left out.
    """
    if person.is_admin:
        return
    # All are held, not only those of private objectives: one may just be becoming private.
    _hold(db.session.scalars(_owned_key_results(person)).all())
    _show_objectives(db.session.scalars(_owned_key_results(person)).all(), person, by)


def _hold(items: Iterable[Item]) -> None:
    """Let nobody save these, or change who sees them, until the commit."""
    measures = set()
    for item in items:
        measures.add(item.measure_id)
        if isinstance(item, KeyResult):
            measures.add(item.objective.measure_id)
    held = select(Measure.id).where(Measure.id.in_(measures)).order_by(Measure.id)
    db.session.execute(held.with_for_update())


def _show_objectives(key_results: Iterable[KeyResult], person: Person, by: Person) -> None:
    for objective in {one.objective.id: one.objective for one in key_results}.values():
        if not sees(person, objective):
            _show(objective, person, by)


def _show(objective: Objective, person: Person, by: Person) -> None:
    before = sight_words(objective)
    set_sight(objective, True, by_name([*objective.viewers, person]))
    after = sight_words(objective)
    note_change(objective.measure, by, VIEWERS, before, after)
    note_change_of_figure(db.session(), [objective.measure_id])
    record_edit(objective, by, {VIEWERS: (before, after)})


def _objectives(person: Person) -> Sequence[Objective]:
    return db.session.scalars(
        select(Objective)
        .join(Objective.cycle)
        .where(
            Objective.owner_id == person.id,
            Objective.deleted_at.is_(None),
            _runs(Objective.starts_on, Objective.ends_on),
        )
        .options(joinedload(Objective.measure))
        .order_by(Objective.title, Objective.id)
        .execution_options(populate_existing=True)
    ).all()


def _key_results(person: Person) -> Sequence[KeyResult]:
    runs = _runs(KeyResult.starts_on, KeyResult.ends_on)
    return db.session.scalars(_owned_key_results(person).where(runs)).all()


def _owned_key_results(person: Person) -> Select[KeyResult]:
    """With those that are over. Read anew."""
    return (
        select(KeyResult)
        .join(KeyResult.objective)
        .join(Objective.cycle)
        .where(
            KeyResult.owner_id == person.id,
            KeyResult.deleted_at.is_(None),
            Objective.deleted_at.is_(None),
        )
        .options(
            joinedload(KeyResult.measure),
            contains_eager(KeyResult.objective).options(
                joinedload(Objective.measure), selectinload(Objective.viewers)
            ),
        )
        .order_by(KeyResult.title, KeyResult.id)
        .execution_options(populate_existing=True)
    )


def _runs(
    starts_on: InstrumentedAttribute[date | None], ends_on: InstrumentedAttribute[date | None]
) -> ColumnElement[bool]:
    """What is not over today, by the rule of `standing.days_of`."""
    today = workspace().today()
    return or_(
        func.coalesce(ends_on, Cycle.ends_on) >= today,
        func.coalesce(starts_on, Cycle.starts_on) >= today,
    )
