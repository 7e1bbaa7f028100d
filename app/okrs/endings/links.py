"""Links between what was postponed and what carries it on."""

from dataclasses import dataclass

from sqlalchemy import or_
from sqlalchemy.orm import joinedload

from app.accounts.models import Person
from app.db import db
from app.okrs.loading import Item, visible_key_results, visible_objectives
from app.okrs.models import POSTPONED, Measure, Objective
from app.okrs.rows import item_url


@dataclass(frozen=True)
class CarriedLink:
    """An item that the one at hand carries on, or that carries it on."""

    title: str
    cycle: str
    url: str
    is_later: bool


def carried_links(person: Person, item: Item) -> list[CarriedLink]:
    """What the person sees of them, the earlier first; one statement where there may be any."""
    measure = item.measure
    if measure.continues_id is None and measure.ended_as != POSTPONED:
        return []
    kind = type(item)
    others = (
        visible_objectives(person).options(joinedload(Objective.cycle))
        if kind is Objective
        else visible_key_results(person)
    )
    found = db.session.scalars(
        others.join(Measure, Measure.id == kind.measure_id)
        .where(or_(Measure.continues_id == measure.id, Measure.id == measure.continues_id))
        .order_by(Measure.id)
    )
    return [
        CarriedLink(
            title=one.title,
            cycle=one.cycle.name,
            url=item_url(one, "show"),
            is_later=one.measure_id != measure.continues_id,
        )
        for one in found
    ]
