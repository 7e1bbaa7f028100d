"""What happened on a board, as Trello tells it, checked like its other answers.

Only what changes a count is read; every other type of action comes through without changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.trello.answers import parse_all
from app.trello.failures import OddAnswer

CREATE_CARD = "createCard"
COPY_CARD = "copyCard"
MOVE_CARD_HERE = "moveCardToBoard"
CREATIONS = frozenset(
    {CREATE_CARD, COPY_CARD, "emailCard", "convertToCardFromCheckItem", MOVE_CARD_HERE}
)
DELETE_CARD = "deleteCard"
MOVE_CARD_AWAY = "moveCardFromBoard"
DEPARTURES = frozenset({DELETE_CARD, MOVE_CARD_AWAY})
MOVE_LIST_HERE, MOVE_LIST_AWAY = "moveListToBoard", "moveListFromBoard"
ADD_MEMBER, REMOVE_MEMBER = "addMemberToCard", "removeMemberFromCard"
REMOVE_FROM_BOARD = "removeMemberFromBoard"
UPDATE_CARD, UPDATE_LIST = "updateCard", "updateList"
BOARD_MADE = frozenset({"createBoard", "copyBoard"})

CREATE_LIST = "createList"

_OF_CARDS = CREATIONS | DEPARTURES | {ADD_MEMBER, REMOVE_MEMBER, UPDATE_CARD}
_OF_LISTS = frozenset({UPDATE_LIST, MOVE_LIST_HERE, MOVE_LIST_AWAY})
_OF_MEMBERS = frozenset({ADD_MEMBER, REMOVE_MEMBER, REMOVE_FROM_BOARD})

ACTION_TYPES = ",".join(sorted(_OF_CARDS | _OF_LISTS | _OF_MEMBERS | BOARD_MADE | {CREATE_LIST}))
"""The filter to ask with. Fields of updateCard are told apart here, not by Trello."""
ACTION_FIELDS = "type,date,data"

Value = str | bool | frozenset[str]

LIST, ARCHIVED, DUE, COMPLETED = "idList", "closed", "due", "dueComplete"
LABELS, MEMBERS = "idLabels", "idMembers"
_FIELDS = (LIST, ARCHIVED, DUE, COMPLETED, LABELS, MEMBERS)


@dataclass(frozen=True)
class FieldChange:
    """What one field of a card or list was, and what it became, where the action says so."""

    field: str
    before: Value
    after: Value | None


def plain(value: Value | None) -> str | bool | None:
    """A value that is no set of ids."""
    if isinstance(value, frozenset):
        raise TypeError("a set of ids has a track for each of them")
    return value


@dataclass(frozen=True)
class Action:
    id: str
    at: datetime
    type: str
    card_id: str = ""
    list_id: str = ""
    """Where it happened; of a creation the list the card was put in. Empty when not told."""
    list_name: str = ""
    member_id: str = ""
    member_name: str = ""
    changes: tuple[FieldChange, ...] = ()


def parse_actions(answer: object) -> tuple[Action, ...]:
    """One page of a board's record, newest first."""
    actions = parse_all(answer, _parse_action)
    if len({action.id for action in actions}) != len(actions):
        raise OddAnswer("two actions with one id")
    return actions


def _parse_action(answer: object) -> Action:
    record = _record(answer, "an action")
    action_id, kind = _id(record, "an action"), record.get("type")
    if not isinstance(kind, str):
        raise OddAnswer("an action without a type")
    at = _moment(record.get("date"))
    if kind not in _OF_CARDS | _OF_LISTS | _OF_MEMBERS:
        return Action(action_id, at, kind)
    data = _record(record.get("data"), "data of an action")
    card_id, list_id, list_name, member_id, member_name = "", "", "", "", ""
    changes: tuple[FieldChange, ...] = ()
    if kind in _OF_CARDS:
        card = _record(data.get("card"), "the card of an action")
        card_id = _id(card, "the card of an action")
        changes = tuple(_changes(data, card)) if kind == UPDATE_CARD else ()
    if kind in _OF_LISTS or "list" in data:
        listed = _record(data.get("list"), "the list of an action")
        list_id, list_name = _id(listed, "the list of an action"), _name(listed)
        changes = tuple(_changes(data, listed)) if kind == UPDATE_LIST else changes
    if kind in _OF_MEMBERS:
        member_id, member_name = _member(data, kind)
    return Action(action_id, at, kind, card_id, list_id, list_name, member_id, member_name, changes)


def _changes(data: dict[str, Any], present: dict[str, Any]) -> Iterator[FieldChange]:
    old = _record(data.get("old", {}), "old values of an action")
    for field in _FIELDS:
        if field not in old:
            continue
        before = _value(field, old[field])
        after = _value(field, present[field]) if field in present else None
        if field == LIST and "listAfter" in data:
            after = _id(_record(data["listAfter"], "the list after a move"), "a list")
        yield FieldChange(field, before, after)


def _value(field: str, told: object) -> Value:
    """A field's value as counts need it: of a due date only whether there is one."""
    if field == DUE:
        if told is not None and not isinstance(told, str):
            raise OddAnswer("due of an action is no text")
        return told is not None
    if field in (ARCHIVED, COMPLETED):
        if told is not None and not isinstance(told, bool):
            raise OddAnswer(f"{field} of an action is neither true nor false")
        return bool(told)
    if field == LIST:
        return _id({"id": told}, "idList of an action")
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise OddAnswer(f"{field} of an action is no list of ids")
    return frozenset(told)


def _member(data: dict[str, Any], kind: str) -> tuple[str, str]:
    """Who was put on or taken off; taken off a board, Trello may not say who."""
    member = data.get("member", {})
    name = _name(_record(member, "the member of an action"))
    told = data.get("idMember", member.get("id"))
    if told is None and kind == REMOVE_FROM_BOARD:
        return "", name
    return _id({"id": told}, "the member of an action"), name


def _moment(told: object) -> datetime:
    try:
        moment = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise OddAnswer("an action without a usable date")
    return moment.astimezone(UTC)


def _record(answer: object, what: str) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise OddAnswer(f"{what} was expected, not {type(answer).__name__}")
    return answer


def _id(record: dict[str, Any], what: str) -> str:
    value = record.get("id")
    if not isinstance(value, str) or not value or len(value) > 64:
        raise OddAnswer(f"{what} without a usable id")
    return value


def _name(record: dict[str, Any]) -> str:
    """Names are for sentences only, so one that is missing does no harm."""
    value = record.get("name", "")
    text = value if isinstance(value, str) else ""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
