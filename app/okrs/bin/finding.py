"""What lies in the bin, for who may restore it. Deleted items are loaded nowhere else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.access import by_id
from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.loading import (
    AnyItem,
    Item,
    is_editable_by,
    is_open_to,
    may_edit,
    objective_of,
)
from app.okrs.models import KeyResult, Objective
from app.okrs.rows import item_url

KEPT = timedelta(days=30)
"""How long what was deleted can be restored."""


@dataclass(frozen=True)
class Binned:
    """A deleted item, with who deleted it."""

    item: Item
    by: Person | None

    @property
    def deleted_at(self) -> datetime:
        if self.item.deleted_at is None:
            raise RuntimeError("what lies in the bin was deleted")
        return self.item.deleted_at

    @property
    def erased_at(self) -> datetime:
        return self.deleted_at + KEPT

    @property
    def is_objective(self) -> bool:
        return isinstance(self.item, Objective)

    @property
    def restore_url(self) -> str:
        return item_url(self.item, "restore")

    @property
    def part_count(self) -> int:
        """How many key results went with the objective."""
        return len(self.item.key_results) if isinstance(self.item, Objective) else 0

    @property
    def waits_for(self) -> Objective | None:
        """The objective of a key result, where that lies in the bin too."""
        item = self.item
        is_waiting = isinstance(item, KeyResult) and item.objective.deleted_at is not None
        return item.objective if isinstance(item, KeyResult) and is_waiting else None


def in_bin(person: Person) -> list[Binned]:
    """What the person may restore, what was deleted last first; in a number of statements that
    does not grow."""
    since = utcnow() - KEPT
    objectives = db.session.scalars(
        select(Objective)
        .where(Objective.deleted_at >= since, is_open_to(person), is_editable_by(person, Objective))
        .options(
            joinedload(Objective.cycle),
            joinedload(Objective.owner),
            selectinload(Objective.key_results),
        )
    ).all()
    key_results = db.session.scalars(
        select(KeyResult)
        .join(KeyResult.objective)
        .where(KeyResult.deleted_at >= since, is_open_to(person), is_editable_by(person, KeyResult))
        .options(
            joinedload(KeyResult.owner),
            contains_eager(KeyResult.objective).joinedload(Objective.cycle),
        )
    ).all()
    items: list[Item] = [*objectives, *key_results]
    ids = {one.deleted_by_id for one in items}
    people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(ids)))}
    binned = [Binned(one, people.get(one.deleted_by_id or 0)) for one in items]
    return sorted(binned, key=lambda one: (one.deleted_at, one.item.id), reverse=True)


def binned_item_for(person: Person, kind: type[AnyItem], item_id: int) -> AnyItem:
    """The item, deleted or not; 404 where the person may not see or edit it, or it is kept no
    longer."""
    item = by_id(kind, item_id)
    if not is_kept(item) or not may_edit(person, item) or not _is_open(person, objective_of(item)):
        abort(404)
    return item


def is_kept(item: Item) -> bool:
    """Whether it is in no danger of being erased, deleted or not."""
    return item.deleted_at is None or item.deleted_at >= utcnow() - KEPT


def _is_open(person: Person, objective: Objective) -> bool:
    seen = select(Objective.id).where(Objective.id == objective.id, is_open_to(person))
    return db.session.scalar(seen) is not None
