"""Counting cards: criteria over a board, nothing else. Knows no database and no network.

This is the plain form, a card at a time, which can say why a card does not count. `BoardIndex`
counts the same for many sources at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from app.trello.answers import MOST_LABELS, BoardFrame, Card, Snapshot
from app.trello.failures import OddAnswer

ANY, COMPLETED, NOT_COMPLETED = "any", "completed", "not_completed"
HAS_DUE, NO_DUE = "has", "none"

IN_LIST, OWNER, LABEL, EXCLUDED, COMPLETION, DUE = (
    "list",
    "owner",
    "label",
    "excluded",
    "completion",
    "due",
)
NO_CARD, ARCHIVED_CARD, ARCHIVED_LIST = "no_card", "archived_card", "archived_list"
"""Why a card does not count, apart from the criteria above: NO_CARD are templates and what only
looks like a card."""
_ARCHIVED = {ARCHIVED_CARD, ARCHIVED_LIST}


@dataclass(frozen=True)
class Criteria:
    """Which cards count: every criterion must hold; empty means any. Ids are Trello's."""

    list_ids: tuple[str, ...] = ()
    member_ids: tuple[str, ...] = ()
    or_nobody: bool = False
    """Cards without an owner match too; alone, only they do."""
    label_ids: tuple[str, ...] = ()
    or_no_label: bool = False
    excluded_label_ids: tuple[str, ...] = ()
    completion: str = ANY
    due: str = ANY
    with_archived: bool = False

    def definition(self) -> dict[str, Any]:
        """As stored in a source's version."""
        return {
            "list_ids": list(self.list_ids),
            "member_ids": list(self.member_ids),
            "or_nobody": self.or_nobody,
            "label_ids": list(self.label_ids),
            "or_no_label": self.or_no_label,
            "excluded_label_ids": list(self.excluded_label_ids),
            "completion": self.completion,
            "due": self.due,
            "with_archived": self.with_archived,
        }

    @classmethod
    def from_definition(cls, stored: Mapping[str, Any]) -> "Criteria":
        return cls(
            list_ids=tuple(stored["list_ids"]),
            member_ids=tuple(stored["member_ids"]),
            or_nobody=stored["or_nobody"],
            label_ids=tuple(stored["label_ids"]),
            or_no_label=stored["or_no_label"],
            excluded_label_ids=tuple(stored["excluded_label_ids"]),
            completion=stored["completion"],
            due=stored["due"],
            with_archived=stored["with_archived"],
        )


@dataclass(frozen=True)
class Count:
    """The cards that match, in board order as told, and what follows from them."""

    matching: tuple[Card, ...]
    archived_left_out: int
    """How many archived cards would match too, where they are left out."""

    @property
    def matching_count(self) -> int:
        return len(self.matching)

    @property
    def completed_count(self) -> int:
        return sum(card.is_completed for card in self.matching)

    @property
    def percentage(self) -> Fraction:
        return percentage(self.matching_count, self.completed_count)


def percentage(matching: int, completed: int) -> Fraction:
    """Completed of matching, exact; 0 where nothing matches."""
    return Fraction(100 * completed, matching) if matching else Fraction(0)


@dataclass(frozen=True)
class Gone:
    """Something a criterion names that the board no longer has."""

    kind: str
    """One of "list", "archived list", "label", "member"."""
    id: str


def count(criteria: Criteria, board: Snapshot) -> Count:
    """Count on a board that still has everything the criteria name: see `gone`."""
    matcher = Matcher(criteria, board.frame)
    matching: list[Card] = []
    archived_left_out = 0
    for card in board.cards:
        reasons = set(matcher.why_not(card))
        if not reasons:
            matching.append(card)
        elif reasons <= _ARCHIVED:
            archived_left_out += 1
    return Count(tuple(matching), archived_left_out)


class Matcher:
    """The criteria, tried on one card after the other."""

    def __init__(self, criteria: Criteria, frame: BoardFrame) -> None:
        self._criteria = criteria
        self._lists = frozenset(criteria.list_ids)
        self._members = frozenset(criteria.member_ids)
        self._labels = frozenset(criteria.label_ids)
        self._excluded = frozenset(criteria.excluded_label_ids)
        self._archived_lists = frozenset(one.id for one in frame.lists if one.is_archived)

    def why_not(self, card: Card) -> Iterator[str]:
        """Everything that keeps the card from being counted; nothing where it counts."""
        criteria = self._criteria
        if not card.is_countable:
            yield NO_CARD
        if not criteria.with_archived and card.is_archived:
            yield ARCHIVED_CARD
        if not criteria.with_archived and card.list_id in self._archived_lists:
            yield ARCHIVED_LIST
        if self._lists and card.list_id not in self._lists:
            yield IN_LIST
        if not _one_of(card.member_ids, self._members, criteria.or_nobody):
            yield OWNER
        if not _one_of(card.label_ids, self._labels, criteria.or_no_label):
            yield LABEL
        if not self._excluded.isdisjoint(card.label_ids):
            yield EXCLUDED
        if criteria.completion != ANY and card.is_completed != (criteria.completion == COMPLETED):
            yield COMPLETION
        if criteria.due != ANY and card.has_due_date != (criteria.due == HAS_DUE):
            yield DUE


def _one_of(borne: tuple[str, ...], wanted: frozenset[str], or_none: bool) -> bool:
    if not wanted and not or_none:
        return True
    return (or_none and not borne) or not wanted.isdisjoint(borne)


def gone(criteria: Criteria, frame: BoardFrame) -> list[Gone]:
    """What the criteria name and the board lacks; a value must not be counted meanwhile.

    Raises OddAnswer when a label is missing from an answer too full to hold them all.
    """
    return Holdings(frame).lack(criteria)


class Holdings:
    """What a board has that criteria can name, looked up once for all its sources."""

    def __init__(self, frame: BoardFrame) -> None:
        self._is_archived = {one.id: one.is_archived for one in frame.lists}
        self._labels = {label.id for label in frame.labels}
        self._members = {member.id for member in frame.members}

    def lack(self, criteria: Criteria) -> list[Gone]:
        """As `gone`."""
        missing: list[Gone] = []
        for list_id in criteria.list_ids:
            if list_id not in self._is_archived:
                missing.append(Gone("list", list_id))
            elif self._is_archived[list_id] and not criteria.with_archived:
                missing.append(Gone("archived list", list_id))
        for label_id in (*criteria.label_ids, *criteria.excluded_label_ids):
            if label_id not in self._labels:
                if len(self._labels) >= MOST_LABELS:
                    raise OddAnswer("more labels than one answer holds")
                missing.append(Gone("label", label_id))
        return missing + [
            Gone("member", one) for one in criteria.member_ids if one not in self._members
        ]
