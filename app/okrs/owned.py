"""What someone owns and is at work on: objectives and key results whose days are running."""

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import contains_eager, joinedload

from app.accounts.models import Person
from app.db import db
from app.okrs.loading import (
    Item,
    is_owned_by,
    objective_of,
    visible_key_results,
    visible_objectives,
    with_measure,
)
from app.okrs.models import ROLL_UP, UNTIL_RESUMED, CheckIn, Cycle, KeyResult, Measure, Objective
from app.okrs.readings import values_then
from app.okrs.standing import progress_of


def running_items(person: Person, today: date) -> list[Item]:
    """The items of this person that have begun and neither are over nor have ended, those of one
    objective together.

    In a number of statements that does not grow.
    """
    objectives = db.session.scalars(
        visible_objectives(person)
        .join(Objective.cycle)
        .where(is_owned_by(person, Objective), *_is_running(Objective, today))
        .options(
            contains_eager(Objective.cycle),
            with_measure(Objective),
        )
    ).all()
    key_results = db.session.scalars(
        visible_key_results(person)
        .join(Objective.cycle)
        .where(is_owned_by(person, KeyResult), *_is_running(KeyResult, today))
        .options(with_measure(KeyResult), joinedload(KeyResult.owner))
    ).all()
    return sorted([*objectives, *key_results], key=_place)


def progress_then(items: Sequence[Item], moment: datetime) -> dict[int, Fraction]:
    """The progress of each item at a moment, by the id of its measure; in one statement.

    Judged by the measure as it is now.
    """
    values = values_then({item.measure_id: moment for item in items})
    return {
        item.measure_id: progress_of(
            item.measure, values.get(item.measure_id, item.measure.start_value)
        )
        for item in items
    }


def last_check_ins(items: Sequence[Item]) -> dict[int, datetime]:
    """When each item was checked in last, by the id of its measure; those that never were lack."""
    found = db.session.execute(
        select(CheckIn.measure_id, func.max(CheckIn.made_at).label("last"))
        .where(CheckIn.measure_id.in_([item.measure_id for item in items]))
        .group_by(CheckIn.measure_id)
    )
    return {row.measure_id: row.last for row in found}


def is_kept_by_people(measure: Measure) -> bool:
    """Whether people have to say its value: not where a source or the key results bring it."""
    return people_say_it(measure.kind, measure.source is not None, measure.override)


def people_say_it(kind: str, is_linked: bool, override: str | None) -> bool:
    """The same of a measure that was read as a plain row."""
    return kind != ROLL_UP and (not is_linked or override == UNTIL_RESUMED)


def _is_running(kind: type[Objective] | type[KeyResult], today: date) -> list[ColumnElement[bool]]:
    return [
        func.coalesce(kind.starts_on, Cycle.starts_on) <= today,
        func.coalesce(kind.ends_on, Cycle.ends_on) >= today,
        kind.measure.has(Measure.ended_as.is_(None)),
    ]


def _place(item: Item) -> tuple[Any, ...]:
    objective = objective_of(item)
    position = -1 if isinstance(item, Objective) else item.position
    return objective.cycle.starts_on, objective.title, objective.id, position, item.id
