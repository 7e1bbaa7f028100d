"""The boards of a run, how long it may take to follow them, and what people do to their cards."""

from random import Random

from sandbox import RunningSandbox, changes
from sandbox.board import Board

BOARDS = ("Content calendar", "Onboarding", "Launch checklist")
LINKS_AT_FIRST = 12
REPAIRED_WITHIN = 120
"""Seconds, to be scaled down with the timers."""
STARTED_WITHIN = 30
"""Seconds that are allowed however small the scale: a process starts no faster."""


def change_at_random(board: Board, sandbox: RunningSandbox, chance: Random) -> None:
    """One of the things that people do to cards."""
    by = sandbox.store.person("mina")
    lists = [one for one in board.ordered_lists() if not one["closed"]]
    cards = [card for card in board.cards.values() if not card["closed"]]
    what = chance.choice(["add", "move", "move", "complete", "complete", "archive", "label"])
    if what == "add" or len(cards) < 6:
        changes.add_card(board, chance.choice(lists), "Another one", by=by)
        return
    card = chance.choice(cards)
    if what == "move":
        changes.move_card(board, card, chance.choice(lists), by=by)
    elif what == "complete":
        changes.complete_card(board, card, not card.get("dueComplete"), by=by)
    elif what == "archive":
        changes.archive_card(board, card, by=by)
    elif board.labels:
        changes.add_label(board, card, chance.choice(list(board.labels.values())), by=by)
