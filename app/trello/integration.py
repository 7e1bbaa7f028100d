"""Trello, as the rest of the app knows it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import current_app, url_for
from sqlalchemy import Select
from werkzeug.datastructures import MultiDict

from app.accounts.models import Person
from app.db import utcnow
from app.okrs.integrations import MeasureWish, Need, PastPart, SourceForm, SourceState
from app.okrs.loading import may_edit
from app.okrs.models import PERCENT, Measure, Source
from app.okrs.rows import item_url
from app.pages import address_of
from app.timing import SetBack
from app.trello import clock, portable
from app.trello.app_keys import current_app_keys, key_has_changed
from app.trello.evidence.glance import NewCard, newest_cards
from app.trello.evidence.thinning import thin
from app.trello.link_again import link_again, linkable_again
from app.trello.linking import TrelloSourceForm, stored_choice
from app.trello.loading import may_manage, may_reconnect, may_use
from app.trello.models import Connection, TrelloSource
from app.trello.needs import needs
from app.trello.past.job import PastClock
from app.trello.past.stored import past_of
from app.trello.rehearsal import rehearse
from app.trello.set_back import put_right
from app.trello.so_far import board_words
from app.trello.sources import criteria_of
from app.trello.states import measures_being_counted, states
from app.trello.webhooks import job as webhook_job
from app.trello.webhooks import news
from app.trello.words import criteria_in_words


@dataclass(frozen=True)
class Panel:
    """What the page of a linked item shows of its source."""

    words: str
    board_name: str
    board_url: str | None
    """None where the address is not Trello's own."""
    connection_name: str | None
    """None for those who may not know of the connection."""
    reconnect_url: str | None
    """Where the connection is signed in again; None unless it has to be, by this person."""
    edit_url: str | None
    """Where its criteria are chosen again; None for those who may not edit the item."""
    owner_name: str
    matching_count: int | None
    completed_count: int | None
    is_percent: bool
    cards: Sequence[NewCard]
    """The few that began to count last; none for those who see counts only."""
    board_id: int

    @property
    def so_far(self) -> str:
        """What is read of the board, to be asked while it is being counted."""
        return board_words(self.board_id)


class TrelloIntegration:
    """Counts cards on Trello boards."""

    name = "trello"
    title = "Trello"
    summary = "Counts the cards on a board, or the share of them that is completed."
    mark_template = "trello/_mark.html"
    panel_template = "trello/_panel.html"
    row_template = "trello/_row.html"
    manage_endpoint = "trello.manage"
    counted_noun = "card"

    def __init__(self) -> None:
        self._pasts, self._set_back = PastClock(), SetBack()

    def rehearse(self) -> None:
        rehearse()

    def glance(self) -> None:
        news.glance()

    def tick(self) -> None:
        if self._set_back.is_noticed():
            put_right()
        clock.tick()
        self._pasts.tick()
        webhook_job.tick()

    def needs(self, person: Person) -> Sequence[Need]:
        return needs(person)

    def thin(self, source_id: int, before: datetime, most_steps: int) -> int:
        return thin(source_id, before, most_steps)

    def past(self, measure: Measure) -> PastPart | None:
        return past_of(measure)

    def evidence_url(self, source_id: int, moment: datetime | None = None) -> str:
        address = address_of("trello.show_evidence", source_id=source_id)
        return f"{address}?at={quote(moment.isoformat(), safe=':')}" if moment else address

    def source_form(
        self,
        person: Person,
        typed: MultiDict[str, str] | None,
        source: Source | None,
        wish: MeasureWish,
        waiting: Mapping[str, Any] | None = None,
    ) -> SourceForm:
        own = source if isinstance(source, TrelloSource) else None
        return TrelloSourceForm(person, typed, own, wish, waiting)

    def choice_of(self, source: Source) -> str:
        if not isinstance(source, TrelloSource):
            raise TypeError("not a source of Trello")
        return stored_choice(source)

    def words_of(self, source: Source) -> str:
        if not isinstance(source, TrelloSource):
            raise TypeError("not a source of Trello")
        return criteria_in_words(criteria_of(source), source.board)

    def portable(self, sources: Sequence[Source]) -> Mapping[int, dict[str, Any]]:
        return portable.portable(sources)

    def received(self, definition: Mapping[str, Any]) -> dict[str, Any] | None:
        return portable.checked(definition)

    def place_words(self, definition: Mapping[str, Any]) -> str:
        return f"the board “{definition['board_name'] or 'unnamed board'}”"

    def states(self, sources: Sequence[Source]) -> Mapping[int, SourceState]:
        return states(sources)

    def being_counted(self) -> Select[int]:
        return measures_being_counted()

    def count_soon(self, source: Source) -> None:
        if isinstance(source, TrelloSource):
            source.board.next_sync_at = utcnow()

    def hold_to_link_like(self, person: Person, sources: Sequence[Source]) -> Collection[int]:
        own = [source for source in sources if isinstance(source, TrelloSource)]
        return linkable_again(person, own)

    def link_like(self, source: Source, measure: Measure, by: Person) -> None:
        if isinstance(source, TrelloSource):
            link_again(source, measure, by)

    def panel(self, source: Source, person: Person) -> Panel:
        if not isinstance(source, TrelloSource):
            raise TypeError("not a source of Trello")
        measure, board = source.measure, source.board
        item = measure.item
        is_known = may_use(person, board.connection) or may_manage(person, board.connection)
        origin = current_app.extensions["tally_config"].trello_origin
        return Panel(
            words=criteria_in_words(criteria_of(source), board),
            board_name=board.name,
            board_url=board.url if board.url.startswith(f"{origin}/") else None,
            connection_name=board.connection.name if is_known else None,
            reconnect_url=_reconnect_url(person, board.connection),
            edit_url=f"{item_url(item, 'edit')}#source" if may_edit(person, item) else None,
            owner_name=item.owner.name,
            matching_count=measure.matching_count,
            completed_count=measure.completed_count,
            is_percent=measure.kind == PERCENT,
            cards=newest_cards(source, person),
            board_id=board.id,
        )


def _reconnect_url(person: Person, connection: Connection) -> str | None:
    if not may_reconnect(person, connection):
        return None
    if not connection.reconnect_reason and not key_has_changed(connection, current_app_keys()):
        return None
    return url_for("trello.new_connection", reconnect=connection.id)
