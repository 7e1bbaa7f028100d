"""The part of an item's form where a board and its cards are chosen, with a live preview."""

import json
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field, replace
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.accounts.models import Person
from app.audit.log import record
from app.db import db, utcnow
from app.okrs.changes import CRITERIA, note_change, record_of
from app.okrs.integrations import MeasureWish, SourceRefused
from app.okrs.models import PERCENT, Measure
from app.trello.answers import BoardName, Snapshot
from app.trello.board_copies import COPY_LIFE, board_copy, newest_copy
from app.trello.boards import boards_to_choose
from app.trello.choices import Choices, choices_of, remembered_choices, with_missing
from app.trello.connections import usable_connections
from app.trello.counting import ANY, Criteria
from app.trello.failures import TokenRefused, TrelloError
from app.trello.loading import may_connect, may_reconnect
from app.trello.models import Board, Connection, TrelloSource
from app.trello.preview import Preview, preview_of
from app.trello.sources import (
    apply_snapshot,
    board_of,
    countable_by,
    criteria_of,
    link,
    relink,
)
from app.trello.typed_criteria import has_gone_choices, problems_of, typed_criteria
from app.trello.words import criteria_in_words

PREFIX = "trello_"
"""Before the names of this part's fields: the item's own form has an owner too."""
NOT_YOURS = "You may no longer use that connection. Choose one of these."
NOW_LOCKED = (
    "You may no longer use that connection, so what is counted stays as it is. "
    "Save again to save everything else."
)
NOT_SHOWN = "This connection has no such open board. Choose one of these."


@dataclass
class TrelloSourceForm:
    """As typed so far; as stored when nothing was typed; else with a connection preselected.

    Reading the account's boards and the board happens on construction, so that the lists load
    one after the other with or without htmx; a failure becomes `trouble`, a sentence.
    """

    person: Person
    typed: InitVar[MultiDict[str, str] | None]
    source: TrelloSource | None
    wish: MeasureWish
    waiting: Mapping[str, Any] | None = None
    """How the item was linked where it comes from, as long as it is linked to nothing here."""
    template: str = "trello/_source_form.html"
    errors: dict[str, list[str]] = field(default_factory=dict)
    trouble: str | None = None
    is_refused: bool = field(init=False, default=False)
    """True where someone has to sign in at Trello again before the connection is worth anything."""
    connections: list[Connection] = field(init=False)
    connection: Connection | None = field(init=False)
    boards: list[BoardName] = field(init=False, default_factory=list)
    board_id: str = field(init=False, default="")
    criteria: Criteria = field(init=False)
    choices: Choices | None = field(init=False, default=None)
    snapshot: Snapshot | None = field(init=False, default=None)
    preview: Preview | None = field(init=False, default=None)
    has_gone_choices: bool = field(init=False, default=False)
    """True where the board lacks something that is chosen: then there is nothing to count."""

    fields: MultiDict[str, str] = field(init=False)
    """What was typed into this part of the form, without the prefix of its names."""
    step: str = field(init=False, default="")

    def __post_init__(self, typed: MultiDict[str, str] | None) -> None:
        self.fields = MultiDict(
            (name.removeprefix(PREFIX), value)
            for name, value in (typed.items(multi=True) if typed is not None else ())
            if name.startswith(PREFIX)
        )
        self.step = typed.get("step", "") if typed is not None else ""
        self.connections = usable_connections(self.person, self._stored_connection)
        if self.is_locked:
            self.connection = self._stored_connection
            self.criteria = self._stored_criteria()
            return
        self.connection = self._chosen_connection()
        self.criteria = self._chosen_criteria()
        if self.connection is not None:
            self._read(self.connection)

    @property
    def is_locked(self) -> bool:
        """True for someone who may edit the item but not use its connection."""
        stored = self._stored_connection
        return stored is not None and all(one.id != stored.id for one in self.connections)

    @property
    def may_connect(self) -> bool:
        """Whether the person may connect another account."""
        return may_connect(self.person)

    @property
    def is_just_picked(self) -> bool:
        """True on the first look at this part of the form, which then takes the focus."""
        return self.source is None and not self.fields

    @property
    def is_percent(self) -> bool:
        return self.wish.kind == PERCENT

    @property
    def choice(self) -> str:
        if self.is_locked and self.source is not None:
            return stored_choice(self.source)
        connection_id = self.connection.id if self.connection is not None else None
        return _choice(connection_id, self.board_id, self.criteria)

    @property
    def board_out_of_sight(self) -> str | None:
        """The board on which an item from elsewhere counted, where the connection lacks it."""
        if self.waiting is None or self.board_id != self.waiting["board_id"] or self.trouble:
            return None
        if any(board.id == self.board_id for board in self.boards):
            return None
        return self.waiting["board_name"] or "unnamed board"

    @property
    def may_reconnect(self) -> bool:
        """Whether the person may sign in at Trello again for the connection."""
        return self.connection is not None and may_reconnect(self.person, self.connection)

    @property
    def words(self) -> str:
        """What is stored, for those who may not change it."""
        if self.source is None:
            return ""
        return criteria_in_words(self._stored_criteria(), self.source.board)

    @property
    def standstill(self) -> str | None:
        """Why the stored board gives no new value, unless reading it just now said so already."""
        source = self.source
        if source is None or not (self.is_locked or self._is_stored_board()):
            return None
        failure = source.board.failure if self.snapshot is None else None
        reason = source.frozen_reason or failure
        return reason if reason != self.trouble else None

    def validate(self, wish: MeasureWish) -> bool:
        """Check the choices against the board itself, not against what the page offered."""
        if self.is_locked or self._is_unchanged():
            return True
        if self.connection is None and self.fields.get("connection"):
            self._refuse("connection", NOT_YOURS)
        elif self.connection is None:
            self._refuse("connection", "Choose a connection, or connect an account.")
        elif self.trouble:
            self._refuse("board", f"{self.trouble} Nothing was saved.")
        elif not self.board_id:
            self._refuse("board", "Choose a board.")
        elif self.snapshot is None:
            self._refuse("board", NOT_SHOWN)
        elif self.fields.get("choices_of", self.board_id) != self.board_id:
            self._refuse("board", "This is another board now: choose its cards, then save.")
        else:
            for name, sentence in problems_of(self.criteria, self.snapshot):
                self._refuse(name, sentence)
        return not self.errors

    def hold(self) -> None:
        """Let nobody take the connection or its boards away until the commit.

        Much may have happened while Trello was asked. Raises SourceRefused.
        """
        if self.is_locked or self.connection is None:
            return
        held = select(Connection.id).where(Connection.id == self.connection.id)
        db.session.execute(held.with_for_update(key_share=True))
        self._look_again(self.connection)
        if self.errors:
            raise SourceRefused

    def apply(self, measure: Measure, by: Person) -> None:
        """Link as chosen and count at once on the copy that the preview showed, or a newer one."""
        if self.is_locked or self.connection is None:
            if self.source is not None and measure.value is None:
                _count_soon(self.source)
            return
        board = self._board_row(self.connection)
        source = self.source
        if source is None or source.ended_at is not None:
            source = link(measure, board, self.criteria, by)
        else:
            before = criteria_in_words(criteria_of(source), source.board)
            if relink(source, board, self.criteria, by):
                after = criteria_in_words(self.criteria, board)
                note_change(measure, by, CRITERIA, before, after)
                named = record_of(measure.item)
                record("source.changed", *named, by=by, before=before, after=after)
        db.session.flush()  # evidence points at the version, and the version at its source
        snapshot = newest_copy(self.connection.id, self.board_id, self.snapshot)
        if snapshot is None:
            _count_soon(source)
            return
        source.counted_at = None  # the kind of measure may be another one now
        apply_snapshot(db.session(), board, [source], snapshot)
        # The copy may be older than what happened on the board meanwhile. Not at once: a Refresh
        # that is pressed now should find no run under way that began before it.
        soon = utcnow() + COPY_LIFE
        is_new = board.last_synced_at is None
        board.next_sync_at = soon if is_new else min(board.next_sync_at, soon)

    @property
    def _stored_connection(self) -> Connection | None:
        return self.source.board.connection if self.source is not None else None

    def _look_again(self, connection: Connection) -> None:
        """Find out what of the choices the person may not make any more."""
        is_unchanged = self._is_unchanged()
        self.connections = usable_connections(self.person, self._stored_connection)
        if self.is_locked:
            self.connection, self.criteria = self._stored_connection, self._stored_criteria()
            if not is_unchanged:
                self._refuse("connection", NOW_LOCKED)
        elif connection not in self.connections:
            self.connection, self.boards = None, []
            self._forget_board()
            self._refuse("connection", NOT_YOURS)
        elif self.board_id and not connection.shows(self.board_id):
            self.boards = [board for board in self.boards if connection.shows(board.id)]
            self._forget_board()
            if not is_unchanged:
                self._refuse("board", NOT_SHOWN)

    def _forget_board(self) -> None:
        """Show and count nothing of what was read of the board."""
        self.snapshot = self.preview = self.choices = None

    def _stored_criteria(self) -> Criteria:
        if self.source is not None:
            return criteria_of(self.source)
        return Criteria.from_definition(self.waiting) if self.waiting is not None else Criteria()

    def _chosen_connection(self) -> Connection | None:
        wanted = self.fields.get("connection")
        for connection in self.connections:
            if str(connection.id) == wanted:
                return connection
        if wanted:
            return None  # not another one instead: that would count other cards than were meant
        if self._stored_connection is not None:
            return self._stored_connection
        return self.connections[0] if self.connections else None

    def _chosen_criteria(self) -> Criteria:
        if "board" in self.fields and not self._looks_for_its_board:
            criteria = typed_criteria(self.fields, self.step)
        else:
            criteria = self._stored_criteria()
        if self.is_percent:
            # Completed of matching would be all or nothing otherwise.
            return replace(criteria, completion=ANY)
        return criteria

    def _read(self, connection: Connection) -> None:
        self.board_id = self._chosen_board_id(connection)
        try:
            self.boards = boards_to_choose(connection, fresh=self.step == "reload-boards")
            if self.board_id and any(board.id == self.board_id for board in self.boards):
                self.snapshot = board_copy(connection, self.board_id)
        except TrelloError as error:
            self.trouble = error.sentence
            self.is_refused = isinstance(error, TokenRefused)
        if self.trouble is None and self.snapshot is None and connection.reconnect_reason:
            self.trouble, self.is_refused = connection.reconnect_reason, True
        if self.snapshot is not None:
            self._offer(self.snapshot)
        elif self.source is not None and self._is_stored_board():
            # It can't be read now, or is closed: the rest of the item must still be editable.
            stored = self.source.board
            self.choices = remembered_choices(stored.shape, self.criteria)
            if all(board.id != stored.trello_id for board in self.boards):
                name = f"{stored.name or 'unnamed board'}, out of reach"
                self.boards = [*self.boards, BoardName(stored.trello_id, name, stored.url)]

    def _chosen_board_id(self, connection: Connection) -> str:
        if "board" in self.fields and not self._looks_for_its_board:
            return self.fields["board"]
        if self.source is not None and self.source.board.connection_id == connection.id:
            return self.source.board.trello_id
        if self.source is None and self.waiting is not None:
            return str(self.waiting["board_id"])
        return ""

    @property
    def _looks_for_its_board(self) -> bool:
        """True while connections are tried out for the board on which an item counted elsewhere."""
        is_trying = self.step in ("connection", "reload-boards")
        return self.waiting is not None and is_trying and not self.fields.get("board")

    def _is_stored_board(self) -> bool:
        return (
            self.source is not None
            and self.connection is not None
            and self.source.board.connection_id == self.connection.id
            and self.source.board.trello_id == self.board_id
        )

    def _offer(self, snapshot: Snapshot) -> None:
        shape = self.source.board.shape if self.source is not None else None
        if self.source is None and self.waiting is not None:
            shape = dict(self.waiting["names"])
        self.choices = with_missing(choices_of(snapshot.frame), self.criteria, shape)
        self.has_gone_choices = has_gone_choices(self.criteria, snapshot)
        if self.has_gone_choices:
            return
        self.preview = preview_of(self.criteria, snapshot, self.wish)

    def _is_unchanged(self) -> bool:
        return (
            self.source is not None
            and self._is_stored_board()
            and self.criteria == criteria_of(self.source)
        )

    def _refuse(self, name: str, sentence: str) -> None:
        self.errors.setdefault(name, []).append(sentence)

    def _board_row(self, connection: Connection) -> Board:
        name = next((one.name for one in self.boards if one.id == self.board_id), "")
        return board_of(connection, self.board_id, name)


def stored_choice(source: TrelloSource) -> str:
    """As `TrelloSourceForm.choice` of a form that shows the source as it is stored."""
    criteria = countable_by(source.measure.kind, criteria_of(source))
    return _choice(source.board.connection_id, source.board.trello_id, criteria)


def _choice(connection_id: int | None, board_id: str, criteria: Criteria) -> str:
    told = {
        name: sorted(one) if isinstance(one, list) else one
        for name, one in criteria.definition().items()
    }
    return json.dumps([connection_id, board_id, told])


def _count_soon(source: TrelloSource) -> None:
    """Leave it to the clock: the value, if there is one, is not of this link or this measure."""
    source.counted_at = None
    source.board.next_sync_at = utcnow()
