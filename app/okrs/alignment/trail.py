"""What an item is aligned under, upwards, and what is aligned under it: as far as people see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, bindparam, literal, select
from sqlalchemy.orm import joinedload

from app.accounts.asking import Asking, asked_by
from app.accounts.models import Person
from app.db import db
from app.okrs.alignment.chains import objective_at
from app.okrs.loading import Item, is_visible, visible_objectives
from app.okrs.measure_loading import load_sources
from app.okrs.models import KeyResult, Objective
from app.okrs.rows import item_url

LONGEST_TRAIL, LONGEST_LIST = 12, 50


@dataclass(frozen=True)
class Step:
    """One thing on the way up."""

    title: str
    url: str
    is_key_result: bool = False


def trail_above(person: Person, measure_id: int | None) -> list[Step]:
    """The way from the top down to the item with this measure, itself included; what the person
    does not see ends it, and so do a dozen objectives. One statement."""
    if measure_id is None:
        return []
    way = select(literal(measure_id).label("measure_id"), literal(1).label("place"))
    steps = way.cte("steps", recursive=True)
    steps = steps.union_all(
        select(Objective.parent_measure_id, steps.c.place + 1)
        .select_from(steps)
        .join(Objective, Objective.id == objective_at(steps.c.measure_id))
        .where(Objective.parent_measure_id.is_not(None), steps.c.place < LONGEST_TRAIL)
    )
    rows = db.session.execute(
        select(steps.c.place, Objective, KeyResult)
        .select_from(steps)
        .join(Objective, Objective.id == objective_at(steps.c.measure_id))
        .outerjoin(KeyResult, KeyResult.measure_id == steps.c.measure_id)
        .where(is_visible(person), KeyResult.deleted_at.is_(None))
        .order_by(steps.c.place)
    )
    trail: list[Step] = []
    for expected, (place, objective, key_result) in enumerate(rows, 1):
        if place != expected:
            break
        trail += [_step(one) for one in (key_result, objective) if one is not None]
    return trail[::-1]


def _step(item: Item) -> Step:
    is_key_result = isinstance(item, KeyResult)
    return Step(item.title, item_url(item, "show"), is_key_result)


def all_aligned_under(person: Person, items: Sequence[Item]) -> Sequence[Objective]:
    """The objectives aligned directly under any of these, as far as the person sees them."""
    under = {"under": [one.measure_id for one in items]}
    return db.session.scalars(_aligned_under(person.is_admin), asked_by(person, **under)).all()


def rows_aligned_under(person: Person, item: Item) -> list[Objective]:
    """Those under one item with what their rows need: one more than are shown, if there are. One
    statement where there are none, else three."""
    asked = asked_by(person, under=item.measure_id)
    # Most items have none, and to make ready for all that rows need takes longer than to ask.
    ids = db.session.scalars(_ids_aligned_under(person.is_admin), asked).all()
    if not ids:
        return []
    aligned = list(db.session.scalars(_with_their_rows(), {"ids": ids}))
    load_sources(one.measure for one in aligned)
    return aligned


@cache
def _ids_aligned_under(by_admin: bool) -> Select[int]:
    return (
        visible_objectives(Asking(by_admin))
        .where(Objective.parent_measure_id == bindparam("under"))
        .order_by(Objective.id)
        .with_only_columns(Objective.id)
        .limit(LONGEST_LIST + 1)
    )


@cache
def _with_their_rows() -> Select[Objective]:
    return (
        select(Objective)
        .where(Objective.id.in_(bindparam("ids", expanding=True)))
        .order_by(Objective.id)
        .options(
            joinedload(Objective.cycle),
            joinedload(Objective.owner),
            joinedload(Objective.team),
            joinedload(Objective.measure),
        )
    )


@cache
def _aligned_under(by_admin: bool) -> Select[Objective]:
    return (
        visible_objectives(Asking(by_admin))
        .where(Objective.parent_measure_id.in_(bindparam("under", expanding=True)))
        .order_by(Objective.id)
    )
