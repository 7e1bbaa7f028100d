"""What each item ought to show, counted here anew from the sandbox's own store.

None of the product's counting is used: an error in it must not excuse itself.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from sandbox.board import Board, Record

STATES_KEPT = 60
"""How many states of a board a new link may be counted on: a fetch under way may be older."""

Figures = tuple[Fraction, int, int]
"""Value, matching, completed."""


@dataclass(frozen=True)
class Rule:
    """What an item counts on a board."""

    is_percent: bool
    list_ids: tuple[str, ...] = ()
    label_ids: tuple[str, ...] = ()
    completion: str = "any"

    def figures(self, cards: Sequence[Record], open_lists: frozenset[str]) -> Figures:
        counted = [card for card in cards if self._counts(card, open_lists)]
        completed = sum(bool(card.get("dueComplete")) for card in counted)
        if not self.is_percent:
            return Fraction(len(counted)), len(counted), completed
        share = Fraction(100 * completed, len(counted)) if counted else Fraction(0)
        return share, len(counted), completed

    def _counts(self, card: Record, open_lists: frozenset[str]) -> bool:
        if card["closed"] or card["idList"] not in open_lists:
            return False
        if card.get("isTemplate") or card.get("cardRole"):
            return False
        if self.list_ids and card["idList"] not in self.list_ids:
            return False
        if self.label_ids and not set(self.label_ids) & set(card.get("idLabels", [])):
            return False
        is_done = bool(card.get("dueComplete"))
        return self.is_percent or self.completion in ("any", "completed" if is_done else "open")


@dataclass
class Version:
    """One choice of criteria, with every set of figures its board really had, in order."""

    rule: Rule
    board_id: str
    log: list[Figures] = field(default_factory=list)

    def note(self, figures: Figures) -> None:
        if not self.log or self.log[-1] != figures:
            self.log.append(figures)

    def has_had(self, readings: Sequence[Figures]) -> bool:
        """Whether the board passed through all of these, in this order."""
        moments = iter(self.log)
        return all(reading in moments for reading in readings)


class Truth:
    """The true figures of all versions, kept up as the boards change."""

    def __init__(self) -> None:
        self.versions: dict[int, Version] = {}
        self.present: dict[int, int] = {}
        """The newest version of each measure, by their ids."""
        self._states: dict[str, deque[tuple[list[Record], frozenset[str]]]] = defaultdict(
            lambda: deque(maxlen=STATES_KEPT)
        )

    def note(self, board: Board) -> None:
        """The board has changed: keep its state, and what everything on it counts now."""
        with board.lock:
            cards = [dict(card) for card in board.cards.values()]
            lists = frozenset(one["id"] for one in board.lists.values() if not one["closed"])
        self._states[board.id].append((cards, lists))
        for version in self.versions.values():
            if version.board_id == board.id:
                version.note(version.rule.figures(cards, lists))

    def add(self, measure_id: int, version_id: int, rule: Rule, board_id: str) -> None:
        """A link was made or chosen anew."""
        version = Version(rule, board_id)
        for cards, lists in self._states[board_id]:
            version.note(rule.figures(cards, lists))
        self.versions[version_id] = version
        self.present[measure_id] = version_id

    def now(self, measure_id: int) -> Figures:
        return self.versions[self.present[measure_id]].log[-1]
