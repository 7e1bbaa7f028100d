"""Reading a whole board together with everything that ever happened on it."""

from collections.abc import Callable
from datetime import datetime

from app.trello.answers import Snapshot
from app.trello.boards import fetch_board
from app.trello.client import Trello
from app.trello.failures import OddAnswer, Unavailable
from app.trello.past.actions import Action
from app.trello.past.replay import Record

MOST_PAGES = 60
"""Of a thousand actions each. A record that is longer is read this far back."""
MOST_TRIES = 3

_BUSY = "The board changes so fast that it can't be read together with its record."


Telling = Callable[[int, datetime], None]
"""Hears after each page how many actions are read, and when the oldest of them happened."""


def read_with_record(trello: Trello, board_id: str, tell: Telling) -> tuple[Snapshot, Record]:
    """A copy of the board as it stood after the newest action. Raises TrelloError.

    Undoing actions from a copy that does not know them yet would make a false past.
    """
    for _ in range(MOST_TRIES):
        newest = trello.actions(board_id)
        snapshot = fetch_board(trello, board_id)
        if newest[:1] == trello.actions(board_id, most=1):
            return snapshot, _older(trello, board_id, newest, tell)
    raise Unavailable(_BUSY)


def _older(trello: Trello, board_id: str, newest: tuple[Action, ...], tell: Telling) -> Record:
    """Page by page until one is empty, since a short page need not be the last."""
    actions, page = list(newest), newest
    seen = {action.id for action in newest}
    for _ in range(MOST_PAGES - 1):
        if not page:
            return Record(tuple(actions))
        tell(len(actions), page[-1].at)
        page = trello.actions(board_id, before=page[-1].id)
        if any(action.id in seen for action in page):
            raise OddAnswer("a page of actions that was there before")
        seen.update(action.id for action in page)
        actions += page
    return Record(tuple(actions), is_whole=not page)
