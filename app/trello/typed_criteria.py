"""Criteria as they are typed, and what a board has to say against them."""

from werkzeug.datastructures import MultiDict

from app.trello.answers import Snapshot
from app.trello.choices import NO_LABEL, NOBODY
from app.trello.counting import (
    ANY,
    COMPLETED,
    HAS_DUE,
    NO_DUE,
    NOT_COMPLETED,
    Criteria,
    gone,
)
from app.trello.failures import TrelloError

COUNTED = "counted"
_GONE = "What was chosen is no longer on the board. Choose again."
_ARCHIVED = "This list is archived: count archived cards too, or choose another."
_FIELDS = {"list": "list", "archived list": "list", "label": "label", "member": "owner"}


def typed_criteria(typed: MultiDict[str, str], step: str) -> Criteria:
    """From the form; what no dropdown offers is taken for "any" or refused later by the board."""
    if typed.get("choices_of") != typed.get("board"):
        # The dropdowns were still those of another board: nothing in them can be meant for this.
        typed = MultiDict(
            (name, value)
            for name, value in typed.items(multi=True)
            if name not in ("list", "owner", "label", "not_label")
        )
    owners, labels = _several(typed, "owner"), _several(typed, "label")
    archived = COUNTED if step == "count-archived" else typed.get("archived")
    return Criteria(
        list_ids=_several(typed, "list"),
        member_ids=tuple(one for one in owners if one != NOBODY),
        or_nobody=NOBODY in owners,
        label_ids=tuple(one for one in labels if one != NO_LABEL),
        or_no_label=NO_LABEL in labels,
        excluded_label_ids=_several(typed, "not_label"),
        completion=_one(typed, "completion", (COMPLETED, NOT_COMPLETED)),
        due=_one(typed, "due", (HAS_DUE, NO_DUE)),
        with_archived=archived == COUNTED,
    )


def _several(typed: MultiDict[str, str], name: str) -> tuple[str, ...]:
    """The chosen ids once each, in a fixed order, so that equal choices are equal criteria."""
    return tuple(sorted({value for value in typed.getlist(name) if value}))


def _one(typed: MultiDict[str, str], name: str, known: tuple[str, ...]) -> str:
    value = typed.get(name, ANY)
    return value if value in known else ANY


def has_gone_choices(criteria: Criteria, snapshot: Snapshot) -> bool:
    try:
        return bool(gone(criteria, snapshot.frame))
    except TrelloError:
        return True  # it can't be told, and saving says why


def problems_of(criteria: Criteria, snapshot: Snapshot) -> list[tuple[str, str]]:
    """The field and a sentence for each, once."""
    try:
        missing = gone(criteria, snapshot.frame)
    except TrelloError as error:
        return [("label", error.sentence)]
    excluded = set(criteria.excluded_label_ids)
    found = []
    for one in missing:
        is_excluded = one.kind == "label" and one.id in excluded
        name = "not_label" if is_excluded else _FIELDS[one.kind]
        found.append((name, _ARCHIVED if one.kind == "archived list" else _GONE))
    if excluded.intersection(criteria.label_ids):
        found.append(("not_label", "A label can't be both wanted and left out."))
    return list(dict.fromkeys(found))
