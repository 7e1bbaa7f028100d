"""Trello's answers as checked records: whatever is not as documented raises OddAnswer."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any, NamedTuple, TypeVar

from app.trello.failures import OddAnswer

Parsed = TypeVar("Parsed")

NOT_A_CARD = frozenset({"separator", "board", "mirror", "link"})
"""Card roles that look like cards in the answer and are none."""
BOARD_FIELDS = "name,closed,url"
LIST_FIELDS = "name,closed,pos"
LABEL_FIELDS = "name,color"
MEMBER_FIELDS = "fullName,username"
CARD_FIELDS = "name,closed,idList,idMembers,idLabels,due,dueComplete,shortUrl,isTemplate,cardRole"
ID_LENGTHS = frozenset(range(1, 65))
MOST_LABELS = 1000
"""The most labels one answer holds; with that many there may be more."""
BOARD_NAME_KEPT, USERNAME_KEPT, FULL_NAME_KEPT = 512, 120, 200
"""Characters of a name that the database has room for; Trello allows more of a board's."""


@dataclass(frozen=True)
class Member:
    id: str
    username: str
    full_name: str


@dataclass(frozen=True)
class BoardName:
    id: str
    name: str
    url: str


@dataclass(frozen=True)
class BoardList:
    id: str
    name: str
    is_archived: bool
    position: float


@dataclass(frozen=True)
class Label:
    id: str
    name: str
    colour: str | None


class Card(NamedTuple):
    """A card as it is on the board. `is_archived` is the card's own flag, not its list's.

    A tuple, because boards hold thousands of them: it is made several times as fast.
    """

    id: str
    name: str
    list_id: str
    member_ids: tuple[str, ...]
    label_ids: tuple[str, ...]
    is_archived: bool
    is_completed: bool
    has_due_date: bool
    is_countable: bool
    """False for templates and for what only looks like a card."""
    url: str


@dataclass(frozen=True)
class BoardFrame:
    """A board without its cards."""

    id: str
    name: str
    url: str
    is_closed: bool
    lists: tuple[BoardList, ...]
    labels: tuple[Label, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Snapshot:
    """A whole board as Trello told it; `fetched_at` is the moment before it was asked for."""

    fetched_at: datetime
    frame: BoardFrame
    cards: tuple[Card, ...]


def parse_member(answer: object) -> Member:
    record = _record(answer, "member")
    username = _text(record, "username")
    full_name = _text(record, "fullName") or username
    return Member(_id(record, "member"), username[:USERNAME_KEPT], full_name[:FULL_NAME_KEPT])


def parse_board_name(answer: object) -> tuple[BoardName, bool]:
    """The board and whether it is closed."""
    record = _record(answer, "board")
    name = BoardName(_id(record, "board"), _board_name(record), _text(record, "url"))
    return name, _flag(record, "closed")


def parse_frame(answer: object) -> BoardFrame:
    record = _record(answer, "board")
    return BoardFrame(
        id=_id(record, "board"),
        name=_board_name(record),
        url=_text(record, "url"),
        is_closed=_flag(record, "closed"),
        lists=unique(parse_all(record.get("lists"), _parse_list), "list"),
        labels=unique(parse_all(record.get("labels"), _parse_label), "label"),
        members=unique(parse_all(record.get("members"), parse_member), "member"),
    )


def _board_name(record: dict[str, Any]) -> str:
    return _text(record, "name")[:BOARD_NAME_KEPT]


def parse_all(answer: object, parse: Callable[[object], Parsed]) -> tuple[Parsed, ...]:
    if not isinstance(answer, list):
        raise OddAnswer(f"a list was expected, not {type(answer).__name__}")
    return tuple([parse(one) for one in answer])


def _parse_list(answer: object) -> BoardList:
    record = _record(answer, "list")
    return BoardList(
        _id(record, "list"), _text(record, "name"), _flag(record, "closed"), _position(record)
    )


def _parse_label(answer: object) -> Label:
    record = _record(answer, "label")
    return Label(_id(record, "label"), _text(record, "name"), _text_or_none(record, "color"))


def _record(answer: object, what: str) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise OddAnswer(f"a {what} was expected, not {type(answer).__name__}")
    return answer


def _id(record: dict[str, Any], what: str) -> str:
    value = record.get("id")
    if not isinstance(value, str) or not is_id(value):
        raise OddAnswer(f"a {what} without a usable id")
    return value


def is_id(value: str) -> bool:
    """Trello's are 24 hexadecimal digits; nothing here hangs on more than this of it."""
    return len(value) in ID_LENGTHS and value.isascii() and value.isalnum()


def _text(record: dict[str, Any], field: str) -> str:
    value = record.get(field)
    if not isinstance(value, str):
        raise OddAnswer(f"{field} is no text")
    return clean(value)


def clean(text: str) -> str:
    """Without NUL and halves of characters: they come through JSON, but no database takes them."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\0", "")


def _text_or_none(record: dict[str, Any], field: str) -> str | None:
    if field not in record:
        raise OddAnswer(f"{field} is missing")
    return None if record[field] is None else _text(record, field)


def _flag(record: dict[str, Any], field: str) -> bool:
    value = record.get(field)
    if not isinstance(value, bool):
        raise OddAnswer(f"{field} is neither true nor false")
    return value


def _position(record: dict[str, Any]) -> float:
    value = record.get("pos")
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number too large for a float
            position = float(value)
            if isfinite(position):
                return position
    raise OddAnswer("pos of a list is no number")


Identified = TypeVar("Identified", BoardList, Label, Member, Card)


def unique(things: tuple[Identified, ...], what: str) -> tuple[Identified, ...]:
    """The things once each. The same id with different content is an odd answer."""
    by_id = {thing.id: thing for thing in things}
    if len(by_id) == len(things):
        return things
    for thing in things:
        if by_id[thing.id] != thing:
            raise OddAnswer(f"two {what}s with one id")
    return tuple(by_id.values())
