"""Trello's JSON export of a board: read from a file, and written for the sandbox's own state."""

import json
from pathlib import Path
from typing import Any

from sandbox.board import Board, Record
from sandbox.clock import Clock, short_link

CONTENTS = ("lists", "cards", "labels", "members", "memberships", "actions")


class ExportError(Exception):
    """A file is not a board in Trello's export format; the message says why."""


def read_export(path: Path) -> Record:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(document, dict):
        raise ExportError(f"{path}: a board's export is a JSON object")
    return document


def board_from_export(document: Record, clock: Clock) -> Board:
    """Make a board of an export. Fields that old exports lack stay absent, as they do at Trello."""
    for field in ("id", "name", "lists", "cards"):
        if field not in document:
            raise ExportError(f"not a board's export: “{field}” is missing")
    about = {key: value for key, value in document.items() if key not in CONTENTS}
    about.setdefault("shortLink", short_link(about["id"]))
    about.setdefault("closed", False)
    about.setdefault("desc", "")
    contents: dict[str, Any] = {key: _entries(document, key) for key in CONTENTS}
    contents["cards"] = [_card(card, number) for number, card in enumerate(contents["cards"], 1)]
    contents["actions"].sort(key=lambda action: (action["date"], action["id"]))
    return Board(about, clock=clock, **contents)


def board_to_export(board: Board) -> Record:
    """A board as Trello would export it, except that no action is left out."""
    return {
        **board.about,
        "lists": board.ordered_lists(),
        "cards": board.ordered_cards(),
        "labels": list(board.labels.values()),
        "members": list(board.members.values()),
        "memberships": board.memberships,
        "actions": board.actions[::-1],
    }


def _entries(document: Record, key: str) -> list[Record]:
    """Copies, so that changing the board leaves the caller's document as it was."""
    entries = document.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ExportError(f"not a board's export: “{key}” is not a list of objects")
    return [dict(entry) for entry in entries]


def _card(card: Record, number: int) -> Record:
    """A card without what is worked out anew whenever it is served."""
    kept = {
        key: value
        for key, value in card.items()
        if key not in ("labels", "badges", "url", "shortUrl")
    }
    kept.setdefault("idLabels", [label["id"] for label in card.get("labels", []) if "id" in label])
    kept.setdefault("idMembers", [])
    kept.setdefault("idShort", number)
    kept.setdefault("shortLink", short_link(card["id"]))
    return kept
