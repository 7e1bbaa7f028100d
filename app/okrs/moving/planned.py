"""The fate of each row of a file, as an import would have it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.names import as_compared
from app.okrs.changes import Edits
from app.okrs.loading import Item
from app.okrs.moving.answers import Answers
from app.okrs.moving.states import State, WantedCheckIn, WantedComment, WantedReading
from app.okrs.moving.structure import Node
from app.okrs.moving.wanting import Wanted

NEW, CHANGED, UNCHANGED, LEFT_OUT = "new", "changed", "unchanged", "left out"
FATES = (NEW, CHANGED, UNCHANGED, LEFT_OUT)


@dataclass
class PlannedRow:
    """A row of the file, what becomes of it, and why."""

    node: Node
    fate: str
    why: str = ""
    wanted: Wanted | None = None
    """None where it is left out."""
    item: Item | None = None
    """What is here of it."""
    state: State | None = None
    """What it is to be, all told."""
    check_ins: Sequence[WantedCheckIn] = ()
    readings: Sequence[WantedReading] = ()
    comments: Sequence[WantedComment] = ()
    waits_anew: bool = False
    """Whether how it was linked is to be kept for being linked anew."""
    edits: Edits = field(default_factory=dict)
    """What of that is changed."""
    additions: Sequence[str] = ()
    """What is added to what is here: "2 check-ins"."""

    @property
    def changes(self) -> list[str]:
        return [*self.edits, *self.additions]

    @property
    def tag_names(self) -> dict[str, str]:
        """By how they are compared, with those it has here."""
        here = self.item.measure.tags if self.item is not None else ()
        told = self.wanted.tags if self.wanted is not None else {}
        return {**told, **{as_compared(one.name): one.name for one in here}}

    @property
    def number(self) -> int:
        return self.node.item.row

    @property
    def title(self) -> str:
        return self.node.item.title

    @property
    def kind(self) -> str:
        return "Key result" if self.node.is_key_result else "Objective"

    @property
    def notes(self) -> list[str]:
        return self.wanted.notes if self.wanted is not None else []


@dataclass(frozen=True)
class Plan:
    rows: Sequence[PlannedRow]
    answers: Answers

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have which fate, and how many check-ins come with them."""
        found = Counter(row.fate for row in self.rows)
        check_ins = sum(len(row.check_ins) for row in self.rows)
        return {fate: found[fate] for fate in FATES} | {"check-ins": check_ins}
