"""Good answers for the run of mutated ones: a board made by chance, and what it must count as.

The counting here is independent of the application's: it reads Trello's records directly.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Record = dict[str, Any]

BOARD = "5f0000000000000000000b01"
OTHER_BOARD = "5f0000000000000000000b02"
LISTS = tuple(f"5f00000000000000000000a{n}" for n in range(4))
OLD_LIST = LISTS[3]
LABELS = tuple(f"5f00000000000000000000c{n}" for n in range(5))
MEMBERS = tuple(f"5f00000000000000000000d{n}" for n in range(3))

Figures = tuple[Fraction, int, int]
"""Value, matching and completed."""


@dataclass(frozen=True)
class Wanted:
    """One linked item: what it counts by, named as the application stores it, and how."""

    name: str
    definition: Mapping[str, Any] = field(default_factory=dict)
    is_percent: bool = False

    def figures(self, board: Record) -> Figures | None:
        """What the item must show; None where the board lacks something it names."""
        if self._lacks_something(board):
            return None
        archived = {one["id"] for one in board["lists"] if one["closed"]}
        cards = {card["id"]: card for card in board["cards"]}.values()
        matching = [card for card in cards if self._matches(card, archived)]
        done = sum(card["dueComplete"] for card in matching)
        if not self.is_percent:
            return Fraction(len(matching)), len(matching), done
        share = Fraction(100 * done, len(matching)) if matching else Fraction(0)
        return share, len(matching), done

    def _lacks_something(self, board: Record) -> bool:
        open_lists = {one["id"] for one in board["lists"] if not one["closed"]}
        present = {
            "list_ids": open_lists,
            "label_ids": {one["id"] for one in board["labels"]},
            "excluded_label_ids": {one["id"] for one in board["labels"]},
            "member_ids": {one["id"] for one in board["members"]},
        }
        return any(set(self.definition.get(name, ())) - held for name, held in present.items())

    def _matches(self, card: Record, archived: set[str]) -> bool:
        wants = self.definition.get
        if card.get("isTemplate") or card.get("cardRole") in (
            "separator",
            "board",
            "mirror",
            "link",
        ):
            return False
        if not wants("with_archived") and (card["closed"] or card["idList"] in archived):
            return False
        if wants("list_ids") and card["idList"] not in wants("list_ids"):
            return False
        owned = bool(set(card["idMembers"]) & set(wants("member_ids", ())))
        if wants("member_ids") or wants("or_nobody"):
            owned = owned or bool(wants("or_nobody") and not card["idMembers"])
            if not owned:
                return False
        if wants("label_ids") and not set(card["idLabels"]) & set(wants("label_ids")):
            return False
        if set(card["idLabels"]) & set(wants("excluded_label_ids", ())):
            return False
        if "completion" in self.definition:
            return bool(card["dueComplete"] == (wants("completion") == "completed"))
        return "due" not in self.definition or (card["due"] is not None) == (wants("due") == "has")


ITEMS = (
    Wanted("all cards"),
    Wanted("in one list", {"list_ids": (LISTS[1],)}),
    Wanted("share of a label", {"label_ids": (LABELS[0],)}, is_percent=True),
    Wanted("of one person or nobody", {"member_ids": (MEMBERS[0],), "or_nobody": True}),
    Wanted("without a label", {"excluded_label_ids": (LABELS[1],)}, is_percent=True),
    Wanted("completed", {"completion": "completed"}),
    Wanted("with a due date", {"due": "has"}),
    Wanted("archived ones too", {"with_archived": True}, is_percent=True),
)


def good_board(chance: random.Random, card_count: int = 24) -> Record:
    """A whole board as Trello answers, other cards at every call."""
    return {
        "id": BOARD,
        "name": chance.choice(("Content calendar", "Calendrier d’été", "カレンダー")),
        "url": "https://trello.com/b/content",
        "closed": False,
        "lists": [
            {"id": id_, "name": f"List {n}", "closed": id_ == OLD_LIST, "pos": 1024.5 * n}
            for n, id_ in enumerate(LISTS)
        ],
        "labels": [
            {"id": id_, "name": name, "color": colour}
            for id_, name, colour in zip(
                LABELS,
                ("blog", "story", "", "", "blog"),
                ("red", "green_dark", "sky", None, "red"),
                strict=True,
            )
        ],
        "members": [
            {"id": id_, "fullName": f"Member {n}", "username": f"member{n}"}
            for n, id_ in enumerate(MEMBERS)
        ],
        "cards": [_card(chance, n) for n in range(card_count)],
    }


def _card(chance: random.Random, number: int) -> Record:
    link = f"{chance.getrandbits(40):010x}"
    return {
        "id": f"{0x60000000 + number:08x}{chance.getrandbits(64):016x}",
        "name": f"Card {number}",
        "closed": chance.random() < 0.15,
        "idList": chance.choice(LISTS),
        "idMembers": chance.sample(MEMBERS, chance.choice((0, 0, 1, 2))),
        "idLabels": chance.sample(LABELS, chance.choice((0, 1, 1, 2))),
        "due": chance.choice((None, "2026-11-30T12:00:00.000Z")),
        "dueComplete": chance.random() < 0.4,
        "shortUrl": f"https://trello.com/c/{link}",
        "isTemplate": chance.random() < 0.08,
        "cardRole": chance.choice((None, None, None, None, "separator", "mirror")),
    }
