"""Items that were linked elsewhere, and wait here for a connection to be linked anew."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import joinedload

from app.accounts.asking import Asking, asked_by
from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import (
    Integration,
    Need,
    enabled_integrations,
    integration_named,
    is_enabled,
)
from app.okrs.loading import Item, is_item_owned_by, is_visible, live_measures
from app.okrs.models import Measure
from app.okrs.moving.models import WaitingSource
from app.okrs.rows import item_url

_MOST = 3
"""Items that are told one by one."""


@dataclass(frozen=True)
class Waiting:
    """For pages that tell of such an item."""

    item: Item
    place: str
    integration: Integration
    is_enabled: bool
    """Whether the integration is: else there is no connection to choose."""

    @property
    def next_url(self) -> str:
        """Where a connection is chosen, or the item's page, which says why none can be."""
        if self.is_enabled:
            return f"{item_url(self.item, 'edit')}?link=1#source"
        return item_url(self.item, "show")


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
    place = integration.place_words(waiting.definition)
    return Waiting(item, place, integration, is_enabled(integration.name))


def forget(item: Item) -> None:
    """It waits no more: it was linked, or is to be kept by hand. Commits nothing."""
    db.session.execute(delete(WaitingSource).where(WaitingSource.measure_id == item.measure_id))


def all_waiting(person: Person) -> list[Waiting]:
    """What waits in the whole workspace, as far as the person sees it."""
    return _waiting(_all_of(person.is_admin), person)


def needs_of_waiting(person: Person) -> list[Need]:
    """The items of the person that wait, in a number of statements that does not grow."""
    told = _waiting(_own(person.is_admin), person)
    return [_need_of_many(told)] if len(told) > _MOST else [_need(one) for one in told]


@cache
def _all_of(by_admin: bool) -> Select[WaitingSource]:
    return _in(live_measures().where(is_visible(Asking(by_admin))))


@cache
def _own(by_admin: bool) -> Select[WaitingSource]:
    person = Asking(by_admin)
    return _in(live_measures().where(is_item_owned_by(person), is_visible(person)))


def _in(measures: Select[int]) -> Select[WaitingSource]:
    return (
        select(WaitingSource)
        .where(WaitingSource.measure_id.in_(select(measures.subquery().c.id)))
        .options(
            joinedload(WaitingSource.measure).options(
                joinedload(Measure.objective),
                joinedload(Measure.key_result),
            )
        )
        .order_by(WaitingSource.measure_id)
    )


def _waiting(query: Select[WaitingSource], person: Person) -> list[Waiting]:
    stored = db.session.scalars(query, asked_by(person)).all()
    enabled = enabled_integrations() if stored else []
    return [
        Waiting(one.measure.item, found.place_words(one.definition), found, found in enabled)
        for one in stored
        if (found := integration_named(one.integration)) is not None
    ]


def _need(waiting: Waiting) -> Need:
    return Need(
        title=f"“{waiting.item.title}” was linked to {waiting.place}",
        sentence=f"{_remedy(waiting)} What was counted there stays.",
        url=waiting.next_url,
        action="Choose a connection" if waiting.is_enabled else "Look at it",
    )


def _need_of_many(told: list[Waiting]) -> Need:
    first = told[0]
    return Need(
        title=f"{len(told)} of your items wait for a connection",
        sentence="They were linked to a data source where they come from. "
        f"“{first.item.title}” is the first. {_remedy(first)}",
        url=first.next_url,
        action="Begin with the first" if first.is_enabled else "Look at the first",
    )


def _remedy(waiting: Waiting) -> str:
    if waiting.is_enabled:
        return "Choose a connection, and it counts again."
    return f"{waiting.integration.title} has to be enabled here before it counts again."
