"""Telling a board's past: what happened is planned in any order and played in the order of time."""

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sandbox import changes
from sandbox.board import Board, Record
from sandbox.clock import StoppedClock, id_mint, iso, short_link
from sandbox.samples.people import PEOPLE


class Story:
    """A board in the making. Ages are in days before now; chance is seeded by the board's name.

    Lists and labels exist from the start; their keys are the names a story uses for them, which
    need not be their names on the board (two may be called alike, or nothing).
    """

    def __init__(
        self,
        name: str,
        now: datetime,
        *,
        members: Sequence[str],
        lists: dict[str, str],
        labels: dict[str, tuple[str, str | None]],
        age: float = 100,
    ) -> None:
        self.now = now
        self.chance = random.Random(name)
        self._steps: list[tuple[datetime, int, Callable[[], None]]] = []
        self._clock = StoppedClock(self._moment(age))
        about_id = id_mint(name)(self._clock.now())
        about: Record = {
            "id": about_id,
            "name": name,
            "desc": "",
            "closed": False,
            "shortLink": short_link(name),
            "dateLastActivity": iso(self._clock.now()),
        }
        self.board = Board(about, clock=self._clock, mint_seed=f"{name} contents")
        for place, username in enumerate(members):
            member_type = "admin" if place == 0 else "normal"
            changes.add_member_to_board(self.board, dict(PEOPLE[username]), member_type)
        self.lists = {key: changes.add_list(self.board, title) for key, title in lists.items()}
        self.labels = {
            key: changes.create_label(self.board, title, color)
            for key, (title, color) in labels.items()
        }

    def at(self, age: float, step: Callable[[], None]) -> None:
        self._steps.append((self._moment(age), len(self._steps), step))

    def card(
        self,
        name: str,
        list_: str,
        *,
        age: float,
        by: str | None = None,
        moves: Iterable[tuple[float, str]] = (),
        labels: Iterable[str] = (),
        members: Iterable[str] = (),
        due: float | None = None,
        done: float | None = None,
        archived: float | None = None,
        deleted: float | None = None,
        **fields: Any,
    ) -> None:
        """Plan one card's life. Each number is an age at which something happened to it.

        `due` is the age of the due moment itself, negative for one that is still to come.
        """
        board, author = self.board, self._member(by)
        made: Record = {}

        def create() -> None:
            made.update(changes.add_card(board, self.lists[list_], name, by=author, **fields))
            board.cards[made["id"]] = made
            for key in labels:
                changes.add_label(board, made, self.labels[key], author)
            for username in members:
                changes.add_member(board, made, PEOPLE[username], author)
            if due is not None:
                day = self._moment(due).replace(minute=0, second=0, microsecond=0)
                changes.set_due(board, made, iso(day), author)

        self.at(age, create)
        for moved, to in moves:
            self.at(moved, partial(changes.move_card, board, made, self.lists[to], author))
        if done is not None:
            self.at(done, lambda: changes.complete_card(board, made, True, author))
        if archived is not None:
            self.at(archived, lambda: changes.archive_card(board, made, True, author))
        if deleted is not None:
            self.at(deleted, lambda: changes.delete_card(board, made, author))

    def archive_list(self, key: str, *, age: float) -> None:
        self.at(age, lambda: changes.archive_list(self.board, self.lists[key]))

    def play(self) -> Board:
        for moment, _, step in sorted(self._steps, key=lambda planned: planned[:2]):
            self._clock.moment = moment
            step()
        return self.board

    def _moment(self, age: float) -> datetime:
        """So many days ago; the fraction of the day falls where it may."""
        return self.now - timedelta(days=age)

    def _member(self, username: str | None) -> Record | None:
        return self.board.members[PEOPLE[username]["id"]] if username else None
