"""What was read so far of a board that takes several answers, for those who wait for it."""

import time
from datetime import datetime

from app import progress
from app.accounts.models import workspace
from app.db import utcnow
from app.okrs.figures import plural
from app.pages import clock, day
from app.trello.models import Past

TOLD_EVERY = 1.0
"""Seconds; pages that wait ask about as often."""
_WAITS = "It waits for its turn to ask Trello."


class SoFar:
    """Told by a sync as it goes on. A board of one answer tells nothing, unless it waits; nor does
    one that is read before anyone could have looked."""

    def __init__(self, board_id: int) -> None:
        self._work = _of_board(board_id)
        self._card_count = 0
        self._tell_from = time.monotonic() + TOLD_EVERY
        self._is_told = self._is_waiting = False

    def read(self, card_count: int) -> None:
        self._card_count = card_count
        if time.monotonic() >= self._tell_from:
            self._tell(is_waiting=False)

    def wait(self) -> None:
        self._tell(is_waiting=True)

    def go_on(self) -> None:
        if self._is_waiting:
            self._tell(is_waiting=False)

    def end(self) -> None:
        if self._is_told:
            progress.forget(self._work)

    def _tell(self, is_waiting: bool) -> None:
        self._is_told, self._is_waiting = True, is_waiting
        self._tell_from = time.monotonic() + TOLD_EVERY
        progress.tell(self._work, cards=self._card_count, waits=is_waiting)


def board_words(board_id: int) -> str:
    """ "2,000 cards read so far."; empty where nothing is told."""
    told = progress.told(_of_board(board_id))
    said = [f"{_counted(told['cards'], 'card')} read so far."] if told.get("cards") else []
    return " ".join([*said, _WAITS] if told.get("waits") else said)


def tell_cards(claim: str, count: int) -> None:
    """Of a past, by its claim: how many of the board's cards are read."""
    progress.tell(_of_past(claim), cards=count)


def tell_actions(claim: str, count: int, oldest: datetime) -> None:
    """How many actions are read, and when the oldest of them happened."""
    progress.tell(_of_past(claim), actions=count, oldest=oldest.isoformat())


def tell_counted(claim: str, count: int, of: int) -> None:
    """All is read, and the past of so many items is counted from it."""
    progress.tell(_of_past(claim), counted=count, of=of)


def past_words(past: Past) -> str:
    """How far it has come, as a sentence."""
    if past.claim is None:
        is_due = past.next_try_at <= utcnow()
        return "It has not begun yet." if is_due else f"It goes on {clock(past.next_try_at)}."
    told = progress.told(_of_past(past.claim))
    if "of" in told:
        return f"All is read; {told['counted']:,} of {_counted(told['of'], 'item')} counted."
    if "actions" in told:
        oldest = datetime.fromisoformat(told["oldest"]).astimezone(workspace().zone)
        return f"{_counted(told['actions'], 'action')} read so far, back to {day(oldest.date())}."
    if "cards" in told:
        return f"{_counted(told['cards'], 'card')} read so far."
    return "It has begun."


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {plural(noun, count)}"


def _of_board(board_id: int) -> str:
    return f"board-{board_id}"


def _of_past(claim: str) -> str:
    return f"past-{claim}"
