"""What hangs on measures that are loaded already: their sources and further owners.

Each takes one statement of its own for all of them. In a join with the measures SQLite would first
read the sources, or the owners, of all measures there are.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts.models import Person
from app.db import db
from app.okrs.models import ItemOwner, Measure, Source


def load_sources(measures: Iterable[Measure]) -> None:
    by_id = {one.id: one for one in measures}
    if not by_id:
        return
    sources = db.session.scalars(_sources(), {"of_measures": list(by_id)})
    found = {one.measure_id: one for one in sources}
    for measure_id, measure in by_id.items():
        set_committed_value(measure, "source", found.get(measure_id))


def load_further_owners(measures: Iterable[Measure]) -> None:
    by_id = {one.id: one for one in measures}
    if not by_id:
        return
    found = defaultdict(list)
    for measure_id, owner in db.session.execute(_owners(), {"of_measures": list(by_id)}):
        found[measure_id].append(owner)
    for measure_id, measure in by_id.items():
        set_committed_value(measure, "further_owners", found[measure_id])


@cache
def _sources() -> Select[Source]:
    of_measures = Source.measure_id.in_(bindparam("of_measures", expanding=True))
    return select(Source).where(of_measures, Source.ended_at.is_(None))


@cache
def _owners() -> Select[int, Person]:
    return (
        select(ItemOwner.measure_id, Person)
        .join(Person, Person.id == ItemOwner.person_id)
        .where(ItemOwner.measure_id.in_(bindparam("of_measures", expanding=True)))
        .order_by(Person.name, Person.id)
    )
