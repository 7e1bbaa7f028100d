"""Counting cards: criteria over a board, nothing else. Knows no database and no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from app.trello.answers import MOST_LABELS, BoardFrame, Card, Snapshot
from app.trello.failures import OddAnswer

ANY, COMPLETED, NOT_COMPLETED = "any", "completed", "not_completed"
HAS_DUE, NO_DUE = "has", "none"


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
        """Completed of matching, exact; 0 where nothing matches."""
        if not self.matching:
            return Fraction(0)
        return Fraction(100 * self.completed_count, self.matching_count)


@dataclass(frozen=True)
class Gone:
    """Something a criterion names that the board no longer has."""

    kind: str
    """One of "list", "archived list", "label", "member"."""
    id: str


def count(criteria: Criteria, board: Snapshot) -> Count:
    """Count on a board that still has everything the criteria name: see `gone`."""
    archived_lists = {one.id for one in board.frame.lists if one.is_archived}
    matching: list[Card] = []
    archived_left_out = 0
    wanted = _Wanted(criteria)
    for card in board.cards:
        if not wanted.has(card):
            continue
        if criteria.with_archived or not (card.is_archived or card.list_id in archived_lists):
            matching.append(card)
        else:
            archived_left_out += 1
    return Count(tuple(matching), archived_left_out)


def gone(criteria: Criteria, frame: BoardFrame) -> list[Gone]:
    """What the criteria name and the board lacks; a value must not be counted meanwhile.

    Raises OddAnswer when a label is missing from an answer too full to hold them all.
    """
    lists = {one.id: one for one in frame.lists}
    labels = {label.id for label in frame.labels}
    members = {member.id for member in frame.members}
    missing: list[Gone] = []
    for list_id in criteria.list_ids:
        if list_id not in lists:
            missing.append(Gone("list", list_id))
        elif lists[list_id].is_archived and not criteria.with_archived:
            missing.append(Gone("archived list", list_id))
    for label_id in (*criteria.label_ids, *criteria.excluded_label_ids):
        if label_id not in labels:
            if len(labels) >= MOST_LABELS:
                raise OddAnswer("more labels than one answer holds")
            missing.append(Gone("label", label_id))
    missing += [Gone("member", one) for one in criteria.member_ids if one not in members]
    return missing


class _Wanted:
    """The criteria as sets, made once for all cards of a board."""

    def __init__(self, criteria: Criteria) -> None:
        self._criteria = criteria
        self._lists = frozenset(criteria.list_ids)
        self._members = frozenset(criteria.member_ids)
        self._labels = frozenset(criteria.label_ids)
        self._excluded = frozenset(criteria.excluded_label_ids)

    def has(self, card: Card) -> bool:
        """Whether the card matches, archived or not."""
        criteria = self._criteria
        if not card.is_countable:
            return False
        if self._lists and card.list_id not in self._lists:
            return False
        if not _one_of(card.member_ids, self._members, criteria.or_nobody):
            return False
        if not _one_of(card.label_ids, self._labels, criteria.or_no_label):
            return False
        if not self._excluded.isdisjoint(card.label_ids):
            return False
        if criteria.completion != ANY and card.is_completed != (criteria.completion == COMPLETED):
            return False
        return criteria.due == ANY or card.has_due_date == (criteria.due == HAS_DUE)


def _one_of(borne: tuple[str, ...], wanted: frozenset[str], or_none: bool) -> bool:
    if not wanted and not or_none:
        return True
    return (or_none and not borne) or not wanted.isdisjoint(borne)
