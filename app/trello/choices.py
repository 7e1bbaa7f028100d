"""What the dropdowns of the linking form offer: every option with a name that tells it apart."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.trello.answers import BoardFrame, BoardList, Label
from app.trello.counting import Criteria
from app.trello.shape import Shape, label_text

NOBODY, NO_LABEL = "nobody", "none"


@dataclass(frozen=True)
class Choice:
    """One option: the value that the form sends and the words that a person reads."""

    value: str
    text: str


@dataclass(frozen=True)
class Choices:
    """The options of one board, each list without its "any"."""

    lists: list[Choice]
    archived_lists: list[Choice]
    members: list[Choice]
    labels: list[Choice]


def choices_of(frame: BoardFrame) -> Choices:
    """Lists in board order, the rest by name."""
    lists = sorted(frame.lists, key=lambda one: (one.position, one.id))
    return Choices(
        lists=_lists(one for one in lists if not one.is_archived),
        archived_lists=_lists(one for one in lists if one.is_archived),
        members=told_apart(
            sorted(
                ((one.id, one.full_name or one.username, one.username) for one in frame.members),
                key=lambda member: (member[1].casefold(), member[2]),
            )
        ),
        labels=_labels(frame.labels),
    )


def with_missing(choices: Choices, criteria: Criteria, stored: dict[str, Any] | None) -> Choices:
    """The choices and, by its last seen name, whatever is chosen but gone from the board.

    A form without it would take away the criterion, and count cards that were never meant.
    """
    chosen = remembered_choices(stored, criteria)
    lists = choices.lists + choices.archived_lists
    return Choices(
        lists=choices.lists + _missing(chosen.lists, lists),
        archived_lists=choices.archived_lists,
        members=choices.members + _missing(chosen.members, choices.members),
        labels=choices.labels + _missing(chosen.labels, choices.labels),
    )


def _missing(chosen: list[Choice], offered: list[Choice]) -> list[Choice]:
    known = {choice.value for choice in offered}
    return [Choice(one.value, f"{one.text}, gone") for one in chosen if one.value not in known]


def remembered_choices(stored: dict[str, Any] | None, criteria: Criteria) -> Choices:
    """Only what is chosen already, by its last seen names: for when Trello can't be asked."""
    shape = Shape(stored)
    labels = dict.fromkeys((*criteria.label_ids, *criteria.excluded_label_ids))
    return Choices(
        lists=[Choice(one, shape.list_name(one)) for one in criteria.list_ids],
        archived_lists=[],
        members=[Choice(one, shape.member_name(one)) for one in criteria.member_ids],
        labels=[Choice(one, shape.label_name(one)) for one in labels],
    )


def told_apart(options: Iterable[tuple[str, str, str]]) -> list[Choice]:
    """Options from (value, text, what tells it from others of that text)."""
    listed = list(options)
    texts = Counter(text for _, text, _ in listed)
    return [
        Choice(value, f"{text} ({apart})" if texts[text] > 1 else text)
        for value, text, apart in listed
    ]


def _lists(lists: Iterable[BoardList]) -> list[Choice]:
    return told_apart(
        (one.id, one.name.strip() or "unnamed list", str(place))
        for place, one in enumerate(lists, 1)
    )


def _labels(labels: Sequence[Label]) -> list[Choice]:
    """By name; labels of one name by their colours, and of one colour by their place."""
    seen: Counter[tuple[str, str | None]] = Counter()
    options = []
    for label in labels:
        seen[label.name, label.colour] += 1
        place = seen[label.name, label.colour]
        colour = (label.colour or "no colour").replace("_", " ")
        options.append((label.id, label_text(label), f"{colour} {place}" if place > 1 else colour))
    return told_apart(sorted(options, key=lambda option: (option[1].casefold(), option[2])))
