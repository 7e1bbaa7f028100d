"""Linking an item as another one is linked: the same board, read by the same connection, the same
criteria."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import Measure
from app.trello.loading import is_usable_by
from app.trello.models import Connection, TrelloSource
from app.trello.sources import criteria_of, link


def linkable_again(person: Person, sources: Sequence[TrelloSource]) -> set[int]:
    """The newest versions of those sources whose connection the person may use and which shows
    their board. Nobody takes the connections away until the commit."""
    wanted = {source.board.connection_id for source in sources}
    usable = (
        select(Connection)
        .where(
            Connection.id.in_(wanted),
            Connection.disconnected_at.is_(None),
            is_usable_by(person),
        )
        .order_by(Connection.id)
        .options(selectinload(Connection.allowed_boards))
        .with_for_update(key_share=True, of=Connection)
        .execution_options(populate_existing=True)
    )
    held = {one.id: one for one in db.session.scalars(usable)}
    return {
        source.versions[-1].id
        for source in sources
        if source.board.connection_id in held
        and held[source.board.connection_id].shows(source.board.trello_id)
    }


def link_again(source: TrelloSource, measure: Measure, by: Person) -> None:
    """Link the measure as this source is linked; the clock counts it soon."""
    made = link(measure, source.board, criteria_of(source), by)
    made.shows_cards = source.shows_cards
    source.board.next_sync_at = utcnow()
