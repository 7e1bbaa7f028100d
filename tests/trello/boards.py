"""Small boards for tests, in the form in which Trello answers."""

from datetime import datetime
from itertools import count
from typing import Any

from app.db import utcnow
from app.trello.answers import Snapshot, parse_frame
from app.trello.card_answers import parse_cards

BOARD = "5f0000000000000000000b01"
_numbers = count(1)


def card(list_id: str = "todo", **values: Any) -> dict[str, Any]:
    """A card as Trello describes it; later ones have larger ids."""
    number = next(_numbers)
    return {
        "id": f"{0x60000000 + number:08x}{number:016x}",
        "name": f"Card {number}",
        "closed": False,
        "idList": list_id,
        "idMembers": [],
        "idLabels": [],
        "due": None,
        "dueComplete": False,
        "shortUrl": f"https://trello.com/c/{number}",
        "isTemplate": False,
        "cardRole": None,
    } | values


def trello_list(
    list_id: str, name: str = "", closed: bool = False, pos: float = 1
) -> dict[str, Any]:
    return {"id": list_id, "name": name or list_id.title(), "closed": closed, "pos": pos}


def label(label_id: str, name: str = "", color: str | None = "red") -> dict[str, Any]:
    return {"id": label_id, "name": name, "color": color}


def member(member_id: str, name: str = "") -> dict[str, Any]:
    return {"id": member_id, "fullName": name or member_id.title(), "username": member_id}


def board(cards: list[dict[str, Any]] | None = None, **values: Any) -> dict[str, Any]:
    """A board with three lists, one of them archived, three labels and two members."""
    return {
        "id": BOARD,
        "name": "Content calendar",
        "url": "https://trello.com/b/content",
        "closed": False,
        "lists": [
            trello_list("todo", pos=1),
            trello_list("done", pos=2),
            trello_list("old", closed=True, pos=3),
        ],
        "labels": [label("blog", "blog"), label("story", "story"), label("red")],
        "members": [member("mina", "Mina Lund"), member("tom", "Tom Okafor")],
        "cards": cards or [],
    } | values


def snapshot(answer: dict[str, Any], fetched_at: datetime | None = None) -> Snapshot:
    return Snapshot(fetched_at or utcnow(), parse_frame(answer), parse_cards([answer["cards"]]))
