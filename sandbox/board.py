"""A board: its lists, cards, labels, members, and the record of what happened to them."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sandbox.clock import Clock, id_mint, iso

Record = dict[str, Any]
"""One of Trello's JSON objects: a card, a list, a label, a member, an action."""

POSITION_STEP = 65536


class Board:
    """Everything on one board, in Trello's own shapes, keyed by Trello's ids.

    `actions` runs from oldest to newest. Changing a board is the business of `sandbox.changes`.
    """

    def __init__(
        self,
        about: Record,
        *,
        clock: Clock,
        lists: Iterable[Record] = (),
        cards: Iterable[Record] = (),
        labels: Iterable[Record] = (),
        members: Iterable[Record] = (),
        memberships: Iterable[Record] = (),
        actions: Iterable[Record] = (),
        mint_seed: str | None = None,
    ) -> None:
        self.about = about
        self.clock = clock
        self.lists = _by_id(lists)
        self.cards = _by_id(cards)
        self.labels = _by_id(labels)
        self.members = _by_id(members)
        self.memberships = list(memberships)
        self.actions = list(actions)
        self.lock: AbstractContextManager[Any] = threading.RLock()
        self.on_change: Callable[[Board, list[Record]], None] = lambda board, actions: None
        self._mint = id_mint(mint_seed)
        self._last_short = max((card["idShort"] for card in self.cards.values()), default=0)
        positioned = [*self.lists.values(), *self.cards.values()]
        self._last_position = int(max(map(_position, positioned), default=0))

    @property
    def id(self) -> str:
        return str(self.about["id"])

    @property
    def name(self) -> str:
        return str(self.about["name"])

    @property
    def short_link(self) -> str:
        return str(self.about["shortLink"])

    def new_id(self) -> str:
        return self._mint(self.clock.now())

    def new_short(self) -> int:
        """The next card's number on this board; a deleted card's is not given again."""
        self._last_short += 1
        return self._last_short

    def new_position(self) -> int:
        """Beyond everything on the board, so at the end of whichever list, or of all lists."""
        self._last_position += POSITION_STEP
        return self._last_position

    def now(self) -> str:
        return iso(self.clock.now())

    def card(self, key: str) -> Record:
        """The card with this id, short link or name (the first of a doubled name)."""
        return _find(self.cards, key)

    def list_(self, key: str) -> Record:
        return _find(self.lists, key)

    def label(self, key: str) -> Record:
        return _find(self.labels, key)

    def member(self, key: str) -> Record:
        """The board's member with this id, username or full name."""
        return _find(self.members, key)

    def ordered_lists(self) -> list[Record]:
        return sorted(self.lists.values(), key=_position)

    def ordered_cards(self) -> list[Record]:
        """Left to right by list, then top to bottom."""
        column = {list_["id"]: place for place, list_ in enumerate(self.ordered_lists())}
        return sorted(
            self.cards.values(),
            key=lambda card: (column.get(card["idList"], len(column)), _position(card)),
        )

    def cards_in(self, list_: Record) -> list[Record]:
        found = (card for card in self.cards.values() if card["idList"] == list_["id"])
        return sorted(found, key=_position)

    def has_member(self, member_id: str) -> bool:
        return any(membership["idMember"] == member_id for membership in self.memberships)

    def first_admin(self) -> Record:
        """Who acts when nobody in particular does."""
        admins = [entry for entry in self.memberships if entry["memberType"] == "admin"]
        for membership in admins + self.memberships:
            if membership["idMember"] in self.members:
                return self.members[membership["idMember"]]
        return {"id": "0" * 24, "username": "nobody", "fullName": "Nobody", "initials": "N"}

    @contextmanager
    def change(self, by: Record | None = None) -> Iterator["Change"]:
        """Hold the board while one member does one thing, then tell who listens."""
        with self.lock:
            change = Change(self, by or self.first_admin())
            yield change
            if change.actions:
                self.about["dateLastActivity"] = self.now()
                self.on_change(self, change.actions)


class Change:
    """One thing that one member does to a board: collects the actions it leaves."""

    def __init__(self, board: Board, by: Record) -> None:
        self.board = board
        self.by = by
        self.actions: list[Record] = []

    def record(self, type_: str, data: Record, *, webhook_only: bool = False) -> None:
        """Append an action. Some types are never kept in the record, only sent to webhooks."""
        about = self.board.about
        where = {"id": about["id"], "name": about["name"], "shortLink": about["shortLink"]}
        action = {
            "id": self.board.new_id(),
            "idMemberCreator": self.by["id"],
            "data": {**data, "board": where},
            "type": type_,
            "date": self.board.now(),
        }
        self.actions.append(action)
        if not webhook_only:
            self.board.actions.append(action)


def _by_id(records: Iterable[Record]) -> dict[str, Record]:
    return {record["id"]: record for record in records}


def _position(record: Record) -> float:
    return float(record.get("pos", 0))


def _find(records: dict[str, Record], key: str) -> Record:
    if key in records:
        return records[key]
    for field in ("shortLink", "username", "name", "fullName"):
        for record in records.values():
            if record.get(field) == key:
                return record
    raise KeyError(key)
