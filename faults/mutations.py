"""Every way in which an answer may differ from a good one, labelled as breaking or harmless.

Breaking: no figure may come of it. Harmless: the figures are exactly those of what it says.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from faults.good_answers import Record
from faults.replies import FRAME, PAGE, WHOLE, Reply

Change = Callable[[Any, random.Random], Any]
MOST_CARDS_A_PAGE = 10


@dataclass(frozen=True)
class Mutation:
    """One class. `level` is what its change takes and returns: a board, bytes or a Reply."""

    name: str
    is_breaking: bool
    level: str
    change: Change
    in_pages: bool = True
    """Whether it means the same where the cards come in pages."""
    most: int | None = None
    """How often it is tried in one run, where it is slow."""


ALL: list[Mutation] = []


def breaking(name: str, level: str = "board", **options: Any) -> Callable[[Change], Change]:
    return _registered(name, True, level, options)


def harmless(name: str, level: str = "board", **options: Any) -> Callable[[Change], Change]:
    return _registered(name, False, level, options)


def _registered(
    name: str, is_breaking: bool, level: str, options: dict[str, Any]
) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        ALL.append(Mutation(name, is_breaking, level, change, **options))
        return change

    return register


def replies_to(
    mutation: Mutation, board: Record, chance: random.Random
) -> tuple[dict[str, Reply], Any]:
    """The answers with the mutation in them, and the board that they tell of.

    In one piece or in pages, as chance has it; a change of bytes spoils one of the answers.
    """
    in_pages = mutation.in_pages and chance.random() < 0.4
    if mutation.level == "board":
        board = mutation.change(board, chance) or board
    documents = _in_pages(board) if in_pages else {WHOLE: board}
    bodies = {route: json.dumps(one).encode() for route, one in documents.items()}
    spoiled = chance.choice(list(bodies))
    if mutation.level == "bytes":
        bodies[spoiled] = mutation.change(bodies[spoiled], chance)
    replies = {route: Reply(body) for route, body in bodies.items()}
    if mutation.level == "reply":
        replies[spoiled] = mutation.change(replies[spoiled], chance)
    if in_pages:
        replies[WHOLE] = Reply(b'{"error":"API_TOO_MANY_CARDS_REQUESTED"}', 403)
        replies[PAGE] = Reply(b"[]")
    return replies, board


def _in_pages(board: Any) -> dict[str, Any]:
    """The frame and the pages, newest card first, each under the card that it follows."""
    cards = sorted(board["cards"], key=lambda card: str(_id_of(card)), reverse=True)
    documents: dict[str, Any] = {FRAME: {**board, "cards": None}}
    before = "newest"
    for start in range(0, len(cards), MOST_CARDS_A_PAGE):
        page = cards[start : start + MOST_CARDS_A_PAGE]
        documents[f"{PAGE} {before}"] = page
        before = str(_id_of(page[-1]))
    return documents


def _id_of(card: Any) -> Any:
    return card.get("id") if isinstance(card, dict) else ""


def one_of(board: Record, part: str, chance: random.Random) -> Record:
    """The board itself, or one of its lists, labels, members or cards."""
    record: Record = board if part == "board" else chance.choice(board[f"{part}s"])
    return record


def with_headers(reply: Reply, **headers: str | None) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(reply, headers={**reply.headers, **named})


# Fields -----------------------------------------------------------------------------------------

TEXT = (1, 1.5, True, [], {}, ["text"])
FLAG = ("true", "false", "", 0, 1, [], {})
IDS = ("5f00", {}, 7, True, [1], [None], [["5f00"]], [{}], [""], ["5f\ud800"])
ID = ("", 7, 5.0, True, [], {}, "ä", "a b", "a" * 65, "\0", "5f\ud8005f", "../me", "<b>")
NUMBER = ("1", "", True, [], {}, 10**400, -(10**400))
RECORDS = ({}, "x", 3, True, [None], ["x"], [[]], [{}], {"0": {}})

FIELDS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "board": {
        "id": ID,
        "name": TEXT,
        "url": TEXT,
        "closed": FLAG,
        "lists": RECORDS,
        "labels": RECORDS,
        "members": RECORDS,
        "cards": RECORDS,
    },
    "list": {"id": ID, "name": TEXT, "closed": FLAG, "pos": NUMBER},
    "label": {"id": ID, "name": TEXT, "color": TEXT},
    "member": {"id": ID, "username": TEXT, "fullName": TEXT},
    "card": {
        "id": ID,
        "name": TEXT,
        "closed": FLAG,
        "idList": TEXT,
        "idMembers": IDS,
        "idLabels": IDS,
        "due": TEXT,
        "dueComplete": FLAG,
        "shortUrl": TEXT,
        "isTemplate": FLAG,
        "cardRole": TEXT,
    },
}
"""Every field that is asked for, with values of types that Trello does not document for it."""
MAY_BE_NULL = {("label", "color"), ("card", "due"), ("card", "cardRole")}


def _of_field(part: str, field: str, wrong: tuple[Any, ...]) -> None:
    in_pages = (part, field) != ("board", "cards")

    @breaking(f"{part}: {field} missing", in_pages=in_pages)
    def missing(board: Record, chance: random.Random) -> None:
        del one_of(board, part, chance)[field]

    @breaking(f"{part}: {field} of another type", in_pages=in_pages)
    def mistyped(board: Record, chance: random.Random) -> None:
        one_of(board, part, chance)[field] = chance.choice(wrong)

    label = harmless if (part, field) in MAY_BE_NULL else breaking

    @label(f"{part}: {field} null", in_pages=in_pages)
    def null(board: Record, chance: random.Random) -> None:
        one_of(board, part, chance)[field] = None


for _part, _fields in FIELDS.items():
    for _field, _wrong in _fields.items():
        _of_field(_part, _field, _wrong)
