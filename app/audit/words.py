"""Entries in words: what was done, to what kind of thing, and what changed."""

from collections.abc import Mapping
from typing import Any

from app.audit.actions import SENTENCES

KINDS = {
    "connection": "connection",
    "cycle": "cycle",
    "integration": "integration",
    "key_result": "key result",
    "objective": "objective",
    "person": "person",
    "import": "import",
    "session": "session",
    "team": "team",
    "workspace": "workspace",
}
"""The kinds of things that entries are about, in words."""

Detail = Mapping[str, Any]


def action_words(action: str, *, is_named: bool = False) -> str:
    """ "created the objective"; for an action that this version does not know, its key.

    `is_named` where the name of the thing follows: "was refused at sign-in: Bob Brown".
    """
    words = SENTENCES.get(action, action)
    return words if is_named else words.removesuffix(":")


def kind_words(kind: str) -> str:
    return KINDS.get(kind, kind.replace("_", " "))


def detail_words(detail: Detail) -> list[str]:
    """What changed, a line for each: "private → everyone", "boards: Launch, Support"."""
    rest = dict(detail)
    lines = []
    if "before" in rest and "after" in rest:
        lines.append(f"{_value(rest.pop('before'))} → {_value(rest.pop('after'))}")
    lines += rest.pop("changed", [])
    return lines + [f"{name.replace('_', ' ')}: {_value(value)}" for name, value in rest.items()]


def _value(value: object) -> str:
    said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return said or "nothing"
