"""Why a card on the board does not count, in words."""

from collections.abc import Iterable

from app.trello.answers import Card
from app.trello.counting import (
    ARCHIVED_CARD,
    ARCHIVED_LIST,
    COMPLETION,
    DUE,
    EXCLUDED,
    IN_LIST,
    LABEL,
    NO_CARD,
    OWNER,
    Criteria,
)
from app.trello.shape import Shape

MATCHES_NOW = "it matches by now, and counts from the next sync on"


def in_words(reasons: Iterable[str], card: Card, criteria: Criteria, names: Shape) -> str:
    """ "in another list; not completed" """
    said = [_word(reason, card, criteria, names) for reason in reasons]
    return "; ".join(said) or MATCHES_NOW


def _word(reason: str, card: Card, criteria: Criteria, names: Shape) -> str:
    return {
        NO_CARD: "a template, or only looks like a card (separator, mirror, link)",
        ARCHIVED_CARD: "archived",
        ARCHIVED_LIST: "its list is archived",
        IN_LIST: "in another list",
        OWNER: "owned by others" if card.member_ids else "owned by nobody",
        LABEL: "labelled otherwise" if card.label_ids else "not labelled",
        EXCLUDED: f"labelled {_excluded(card, criteria, names)}, which is left out",
        COMPLETION: "completed" if card.is_completed else "not completed",
        DUE: "with a due date" if card.has_due_date else "without a due date",
    }[reason]


def _excluded(card: Card, criteria: Criteria, names: Shape) -> str:
    borne = [one for one in card.label_ids if one in criteria.excluded_label_ids]
    return " and ".join(names.label_name(one) for one in borne)
