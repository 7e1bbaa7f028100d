"""Items that were linked elsewhere, and wait here for a connection to be linked anew."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import Integration, Need, integration_named
from app.okrs.loading import Item, is_item_owned_by, is_visible, live_measures
from app.okrs.models import Measure
from app.okrs.moving.models import WaitingSource
from app.okrs.rows import item_url

_MOST = 3
"""Items that are told one by one."""


@dataclass(frozen=True)
class Waiting:
    """For the page of such an item."""

    place: str
    link_url: str


def waiting_of(item: Item) -> WaitingSource | None:
    return db.session.get(WaitingSource, item.measure_id)


def told_of(item: Item) -> Waiting | None:
    """Where the item was linked; None where it waits for nothing."""
    if item.measure.source is not None or item.measure.has_ended:
        return None
    waiting = waiting_of(item)
    integration = integration_named(waiting.integration) if waiting is not None else None
    if waiting is None or integration is None:
        return None
    return Waiting(integration.place_words(waiting.definition), _link_url(item))


def forget(item: Item) -> None:
    """It waits no more: it was linked, or is to be kept by hand. Commits nothing."""
    db.session.execute(delete(WaitingSource).where(WaitingSource.measure_id == item.measure_id))


def needs_of_waiting(person: Person) -> list[Need]:
    """The items of the person that wait, in two statements at most."""
    waiting = db.session.scalars(
        select(WaitingSource)
        .where(WaitingSource.measure_id.in_(_own(person)))
        .options(
            joinedload(WaitingSource.measure).options(
                joinedload(Measure.objective),
                joinedload(Measure.key_result),
            )
        )
        .order_by(WaitingSource.measure_id)
    ).all()
    known = [(one, found) for one in waiting if (found := integration_named(one.integration))]
    if len(known) > _MOST:
        return [_need_of_many(known)]
    return [_need(one, integration) for one, integration in known]


def _own(person: Person) -> ColumnElement[int]:
    own = live_measures().where(is_item_owned_by(person), is_visible(person))
    return select(own.subquery().c.id).scalar_subquery()


def _need(waiting: WaitingSource, integration: Integration) -> Need:
    item = waiting.measure.item
    place = integration.place_words(waiting.definition)
    return Need(
        title=f"“{item.title}” was linked to {place}",
        sentence="Choose a connection, and it counts again. What was counted there stays.",
        url=_link_url(item),
        action="Choose a connection",
    )


def _need_of_many(known: list[tuple[WaitingSource, Integration]]) -> Need:
    first = known[0][0].measure.item
    return Need(
        title=f"{len(known)} of your items were linked where they come from",
        sentence=f"“{first.title}” is the first. Choose a connection, and it counts again.",
        url=_link_url(first),
        action="Begin with the first",
    )


def _link_url(item: Item) -> str:
    return f"{item_url(item, 'edit')}?link=1#source"
