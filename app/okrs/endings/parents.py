"""What is above a copy of an aligned objective, by the cycle that it is put into."""

from collections.abc import Sequence

from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.loading import Item, objective_of
from app.okrs.models import Cycle, Measure, Objective
from app.okrs.sight import sees
from app.okrs.standing import days_of


def parent_in(original: Objective, cycle: Cycle) -> Measure | None:
    """What the copy is aligned under: what carries on the parent in its cycle, else the parent
    itself where that runs and its days reach into the cycle."""
    parent = original.parent_measure
    return None if parent is None else _above(parent, _carrying_on(parent), cycle)


def parents_of(original: Objective, cycle: Cycle) -> list[Measure]:
    """What decides on that and what it may be: to be held before a copy is made."""
    found = (original.parent_measure, parent_in(original, cycle))
    return [one for one in found if one is not None]


def alignment_words(original: Objective, cycles: Sequence[Cycle], person: Person) -> list[str]:
    """What a copy will be aligned under, in sentences: one where it is the same in all cycles."""
    parent = original.parent_measure
    if parent is None or not is_there(parent.item):
        return []
    following = _carrying_on(parent)
    told: dict[str, list[str]] = {}
    for cycle in cycles:
        above = _above(parent, following, cycle)
        told.setdefault(_words(parent, above, cycle, person), []).append(cycle.name)
    if len(told) == 1:
        return [f"{words}." for words in told]
    return [f"{', '.join(names)}: {words[0].lower()}{words[1:]}." for words, names in told.items()]


def is_there(item: Item) -> bool:
    return item.deleted_at is None and objective_of(item).deleted_at is None


def _carrying_on(parent: Measure) -> Sequence[Measure]:
    following = select(Measure).where(Measure.continues_id == parent.id).order_by(Measure.id.desc())
    return db.session.scalars(following).all()


def _above(parent: Measure, following: Sequence[Measure], cycle: Cycle) -> Measure | None:
    for one in following:
        if is_there(one.item) and one.item.cycle.id == cycle.id:
            return one
    is_kept = is_there(parent.item) and not parent.has_ended and _reaches_into(parent.item, cycle)
    return parent if is_kept else None


def _reaches_into(item: Item, cycle: Cycle) -> bool:
    first, last = days_of(item)
    return first <= cycle.ends_on and last >= cycle.starts_on


def _words(parent: Measure, above: Measure | None, cycle: Cycle, person: Person) -> str:
    item = (above or parent).item
    name = f"“{item.title}”" if sees(person, objective_of(item)) else "what this one is under"
    if above is not None:
        return f"It will be aligned under {name} as well"
    if parent.has_ended:
        why = "has ended"
    else:
        why = "ends before that" if days_of(item)[1] < cycle.starts_on else "begins after that"
    return f"{name[0].upper()}{name[1:]} {why}, so it will be aligned under nothing"
