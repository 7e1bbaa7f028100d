"""What is on a board, filtered and paged as Trello does it; served alone or nested."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.board import Board, Record
from sandbox.clock import from_iso, iso
from sandbox.context import this_origin, this_sandbox
from sandbox.represent import action_json, card_json, label_json, member_json
from sandbox.rest.answers import (
    ID,
    MAX_LIMIT,
    ApiError,
    invalid_filter,
    is_true,
    limit,
    parameter,
    pick,
)


def lists_of(board: Board, filter_: str, fields: str) -> list[Record]:
    """Lists from left to right. The default elsewhere is `open`: without the archived ones."""
    if filter_ not in ("all", "open", "closed", "none"):
        raise invalid_filter()
    shown = {"all": (False, True), "open": (False,), "closed": (True,), "none": ()}[filter_]
    return [pick(list_, fields) for list_ in board.ordered_lists() if list_["closed"] in shown]


def matching_cards(board: Board, filter_: str) -> list[Record]:
    """Cards in board order. `open` knows nothing of archived lists, `visible` does."""

    def is_visible(card: Record) -> bool:
        return not card["closed"] and not board.lists.get(card["idList"], {}).get("closed")

    def is_complete(card: Record) -> bool:
        return bool(card.get("dueComplete"))

    tests: dict[str, Callable[[Record], bool]] = {
        "all": lambda card: True,
        "none": lambda card: False,
        "open": lambda card: not card["closed"],
        "closed": lambda card: bool(card["closed"]),
        "visible": is_visible,
        "complete": lambda card: is_visible(card) and is_complete(card),
        "incomplete": lambda card: is_visible(card) and not is_complete(card),
    }
    if filter_ not in tests:
        raise invalid_filter()
    return [card for card in board.ordered_cards() if tests[filter_](card)]


def cards_of(board: Board, filter_: str, fields: str, *, with_members: bool) -> list[Record]:
    """Cards for showing, never more than a thousand.

    Asked for by page (`limit`, `before` or `since`) they come newest first by creation;
    otherwise in board order, and what lies beyond the first thousand is silently missing.
    """
    cards = matching_cards(board, filter_)
    before, since = parameter("before"), parameter("since")
    if parameter("limit") or before or since:
        most = limit("limit", MAX_LIMIT)
        low, high = id_border(since), id_border(before)
        cards = [
            card
            for card in cards
            if (not high or card["id"] < high) and (not low or card["id"] > low)
        ]
        cards = sorted(cards, key=lambda card: str(card["id"]), reverse=True)[:most]
    return [card_for_showing(board, card, fields, with_members) for card in cards[:MAX_LIMIT]]


def nested_cards(board: Board, filter_: str, fields: str) -> list[Record]:
    """Within a board's own answer nothing is paged: the first thousand in board order.

    One report has more than that; the worse behaviour is the one to be ready for.
    """
    cards = matching_cards(board, filter_)[:MAX_LIMIT]
    return [card_for_showing(board, card, fields, False) for card in cards]


def card_for_showing(board: Board, card: Record, fields: str, with_members: bool) -> Record:
    shown = pick(card_json(card, board, this_origin()), fields)
    if with_members:
        shown["members"] = [
            pick(member_json(board.members[id_]), parameter("member_fields"))
            for id_ in card["idMembers"]
            if id_ in board.members
        ]
    return shown


def labels_of(board: Board, fields: str, most: int) -> list[Record]:
    return [pick(label_json(label, board), fields) for label in list(board.labels.values())[:most]]


def members_of(board: Board, fields: str) -> list[Record]:
    """Those who are on the board now. An export may also know some who have left."""
    return [
        pick(member_json(member, board), fields)
        for member in board.members.values()
        if board.has_member(member["id"])
    ]


def memberships_of(board: Board, filter_: str) -> list[Record]:
    types = {
        "all": ("admin", "normal", "observer"),
        "active": ("admin", "normal", "observer"),
        "admin": ("admin",),
        "normal": ("normal",),
        "none": (),
    }
    if filter_ not in types:
        raise invalid_filter()
    shown = []
    for membership in board.memberships:
        if membership["memberType"] not in types[filter_]:
            continue
        entry = dict(membership)
        if is_true("member") and membership["idMember"] in board.members:
            member = member_json(board.members[membership["idMember"]])
            entry["member"] = pick(member, parameter("member_fields"))
        shown.append(entry)
    return shown


def actions_of(board: Board, filter_: str, *, prefix: str = "") -> Any:
    """The record, newest first. Nested in a board's answer the parameters have a prefix."""
    plural, singular = ("actions_", "action_") if prefix else ("", "")
    wanted = filter_.split(",")
    found = [action for action in board.actions[::-1] if _is_asked_for(action, wanted)]
    if parameter(f"{plural}format") == "count":
        return {"_value": len(found)}
    if before := parameter(f"{plural}before"):
        border = _action_border(board, before)
        found = [action for action in found if _moment(action) < border]
    if since := parameter(f"{plural}since"):
        border = _action_border(board, since)
        found = [action for action in found if _moment(action) > border]
    most = limit(f"{plural}limit", 50)
    first = most * _page() if not prefix else 0
    people = this_sandbox().store.people
    shown = []
    for action in found[first : first + most]:
        entry = pick(action_json(action, people), parameter(f"{singular}fields"))
        if not is_true(f"{singular}member", default=True):
            entry.pop("member", None)
        if not is_true(f"{singular}memberCreator", default=True):
            entry.pop("memberCreator", None)
        shown.append(entry)
    return shown


def id_border(text: str) -> str:
    """An id, or a moment as the smallest id it could have, to compare ids with."""
    if not text or ID.fullmatch(text):
        return text
    try:
        return f"{int(from_iso(text).timestamp()):08x}" + "0" * 16
    except ValueError:
        raise ApiError(400, "invalid value for before or since") from None


def _is_asked_for(action: Record, wanted: list[str]) -> bool:
    """`updateCard` means every one, `updateCard:idList` those that changed that field."""
    if "all" in wanted or action["type"] in wanted:
        return True
    old = action["data"].get("old", {})
    return any(f"{action['type']}:{field}" in wanted for field in old)


def _moment(action: Record) -> tuple[str, str]:
    return action["date"], action["id"]


def _action_border(board: Board, text: str) -> tuple[str, str]:
    """Where in the record an action's id or a moment stands.

    Looked up rather than compared as an id: within one second ids need not follow the dates.
    """
    for action in board.actions:
        if action["id"] == text:
            return _moment(action)
    if ID.fullmatch(text):
        return iso(datetime.fromtimestamp(int(text[:8], 16), UTC)), text
    try:
        return iso(from_iso(text)), ""
    except ValueError:
        raise ApiError(400, "invalid value for before or since") from None


def _page() -> int:
    page = parameter("page", "0")
    if not page.isdecimal():
        raise ApiError(400, "invalid value for page")
    return int(page)
