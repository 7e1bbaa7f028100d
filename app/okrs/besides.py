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
    # By the columns alone, since no objects come of them.
    item_owner, person, item_tag, tag = (
        one.metadata.tables[one.__tablename__] for one in (ItemOwner, Person, ItemTag, Tag)
    )
    owners = (
        select(item_owner.c.measure_id, person.c.name, literal(False).label("is_tag"))
        .join_from(item_owner, person, person.c.id == item_owner.c.person_id)
        .where(item_owner.c.measure_id.in_(ids))
    )
    tags = (
        select(item_tag.c.measure_id, tag.c.name, literal(True))
        .join_from(item_tag, tag, tag.c.id == item_tag.c.tag_id)
        .where(item_tag.c.measure_id.in_(ids))
    )
    return select(union_all(owners, tags).subquery())
