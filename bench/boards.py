"""The boards of the measurements: made, never random, so that every figure on them is known.

A new version of a board archives one card in every tenth list, so a tenth of the values change.
"""

from dataclasses import dataclass
from typing import Any

KEY, SECRET = "bench-key", "bench-secret"
Record = dict[str, Any]


@dataclass(frozen=True)
class Board:
    """A board of `list_count` lists with the same number of cards in each."""

    number: int
    list_count: int
    cards_a_list: int

    @property
    def id(self) -> str:
        return f"5f{self.number:022x}"

    def list_id(self, place: int) -> str:
        return f"5e{self.number:010x}{place:012x}"

    def open_cards(self, place: int, version: int) -> int:
        """How many cards of the list are open in this version."""
        return self.cards_a_list - self._archived(place, version)

    def changed_lists(self, version: int) -> list[int]:
        """The lists whose count is another one than in the version before."""
        step = max(1, self.list_count // 10)
        return [(version * step + one) % self.list_count for one in range(step)]

    def _archived(self, place: int, version: int) -> int:
        return sum(place in self.changed_lists(one) for one in range(1, version + 1))

    def frame(self) -> Record:
        return {
            "id": self.id,
            "name": f"Board {self.number}",
            "closed": False,
            "url": f"https://trello.com/b/{self.number:08x}",
            "lists": [
                {"id": self.list_id(n), "name": f"List {n}", "closed": False, "pos": 1024 * n}
                for n in range(self.list_count)
            ],
            "labels": [
                {"id": self._label_id(n), "name": f"label {n}", "color": "red"} for n in range(6)
            ],
            "members": [
                {"id": self._member_id(n), "fullName": f"Member {n}", "username": f"member{n}"}
                for n in range(5)
            ],
        }

    def cards(self, version: int) -> list[Record]:
        """In board order, with the fields that Tally asks for."""
        return [
            self._card(place, row, version)
            for place in range(self.list_count)
            for row in range(self.cards_a_list)
        ]

    def _card(self, place: int, row: int, version: int) -> Record:
        number = place * self.cards_a_list + row
        return {
            "id": f"{0x60000000 + number:08x}{self.number:06x}{number:010x}",
            "name": f"Write, review and publish the text about subject number {number}",
            "closed": row < self._archived(place, version),
            "idList": self.list_id(place),
            "idMembers": [self._member_id(number % 5)] if number % 3 else [],
            "idLabels": [self._label_id(number % 6)] if number % 2 else [],
            "due": "2026-11-30T12:00:00.000Z" if number % 4 == 0 else None,
            "dueComplete": number % 5 == 0,
            "shortUrl": f"https://trello.com/c/{self.number:03x}{number:05x}",
            "isTemplate": False,
            "cardRole": None,
        }

    def whole_cards(self, version: int) -> list[Record]:
        """With the fields that Trello sends to those who do not choose, as py-trello does."""
        return [card | self._rest(number) for number, card in enumerate(self.cards(version))]

    def _rest(self, number: int) -> Record:
        link = f"https://trello.com/c/{self.number:03x}{number:05x}"
        return {
            "badges": {"checkItems": 0, "checkItemsChecked": 0, "comments": 1, "attachments": 0},
            "dateLastActivity": "2026-11-20T09:30:00.000Z",
            "desc": "What has to be said, and to whom. " * 6,
            "idBoard": self.id,
            "idChecklists": [],
            "idShort": number,
            "labels": [{"id": self._label_id(0), "idBoard": self.id, "name": "x", "color": "red"}],
            "pos": 1024.0 * number,
            "start": None,
            "subscribed": False,
            "url": f"{link}/{number}-write-review-and-publish",
        }

    def _label_id(self, number: int) -> str:
        return f"5d{self.number:010x}{number:012x}"

    def _member_id(self, number: int) -> str:
        return f"5c{number:022x}"


def small_boards(count: int) -> list[Board]:
    """Boards of 200 cards with ten lists, one for each of their ten items."""
    return [Board(number, 10, 20) for number in range(1, count + 1)]


def large_board(list_count: int = 100) -> Board:
    """5,000 cards in a hundred lists, one for each of its hundred items."""
    return Board(10_000, list_count, 50)
