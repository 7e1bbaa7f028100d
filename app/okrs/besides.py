"""What rows show besides an item's figures: who else owns it, and its tags."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, literal, select, union_all

from app.accounts.models import Person
from app.db import db
from app.names import as_compared
from app.okrs.models import ItemOwner, ItemTag, Tag


@dataclass
class Besides:
    further_owners: list[str] = field(default_factory=list)
    """Names, in order."""
    tags: list[str] = field(default_factory=list)


def besides_of(measure_ids: Collection[int]) -> dict[int, Besides]:
    """By the ids of measures, for all of them; in one statement."""
    found = {one: Besides() for one in measure_ids}
    rows = db.session.execute(_owners_and_tags(), {"ids": list(found)}).all()
    for row in sorted(rows, key=lambda row: as_compared(row.name)):
        one = found[row.measure_id]
        (one.tags if row.is_tag else one.further_owners).append(row.name)
    return found


@cache
def _owners_and_tags() -> Select[Any]:
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    owners = select(ItemOwner.measure_id, Person.name, literal(False).label("is_tag")).join(
        Person, Person.id == ItemOwner.person_id
    )
    tags = select(ItemTag.measure_id, Tag.name, literal(True)).join(Tag, Tag.id == ItemTag.tag_id)
    both = union_all(
        owners.where(ItemOwner.measure_id.in_(ids)), tags.where(ItemTag.measure_id.in_(ids))
    ).subquery()
    return select(both)
