"""The names of a board's lists, labels and members, kept so that criteria can be shown in words."""

from collections.abc import Mapping
from typing import Any

from app.trello.answers import BoardFrame, Label

UNNAMED_LABEL = "unnamed label"
_HUES = ("green", "yellow", "orange", "red", "purple", "blue", "sky", "lime", "pink", "black")
_COLOUR_WORDS = frozenset((*_HUES, "dark", "light"))
"""Of these, the names of Trello's thirty colours are made."""


def shape_of(frame: BoardFrame) -> dict[str, Any]:
    """Names by id, as they are now."""
    return {
        "lists": {one.id: one.name for one in frame.lists},
        "labels": {label.id: label_text(label) for label in frame.labels},
        "members": {member.id: member.full_name for member in frame.members},
    }


def label_text(label: Label) -> str:
    """A label's name; an unnamed one goes by its colour."""
    if label.name:
        return label.name
    return f"{label.colour.replace('_', ' ')} label" if label.colour else UNNAMED_LABEL


class Shape:
    """Names by id, with words for what was never named."""

    def __init__(self, stored: Mapping[str, Any] | None) -> None:
        self._stored = stored or {"lists": {}, "labels": {}, "members": {}}

    def updated(self, frame: BoardFrame) -> dict[str, Any]:
        """With today's names on top; what is gone keeps its last name."""
        fresh = shape_of(frame)
        return {part: {**self._stored[part], **fresh[part]} for part in fresh}

    def list_name(self, list_id: str) -> str:
        return self._stored["lists"].get(list_id) or "unnamed list"

    def label_name(self, label_id: str) -> str:
        return self._stored["labels"].get(label_id) or UNNAMED_LABEL

    def label_told(self, label_id: str) -> str:
        """The label in a sentence: "the label “blog”", "the green label"."""
        name = self.label_name(label_id)
        if name == UNNAMED_LABEL:
            return "a label without a name"
        *colour, word = name.split(" ")
        if word == "label" and colour and _COLOUR_WORDS.issuperset(colour):
            return f"the {name}"
        return f"the label “{name}”"

    def member_name(self, member_id: str) -> str:
        return self._stored["members"].get(member_id) or "a former member"
