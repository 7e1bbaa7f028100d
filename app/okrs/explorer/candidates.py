"""The items of a view as they were read: plain rows, judged only where someone asks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

from app.accounts.models import workspace
from app.exact import LongExact
from app.names import as_compared
from app.okrs.models import ROLL_UP, TEAM
from app.okrs.standing import (
    Days,
    Judged,
    Standing,
    Thresholds,
    clamp,
    judge,
    progress_of,
    value_of,
)

FIGURES = ("start_value", "target_value", "warning_value", "value", "final_value")
"""Columns that are read as text, and parsed when one is asked for."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_exact = LongExact()
_DIALECT = cast(Any, None)
"""Exact numbers are text in every database."""


@dataclass(frozen=True)
class Judging:
    """What all standings of a page have in common."""

    today: date
    thresholds: Thresholds

    @classmethod
    def now(cls) -> "Judging":
        space = workspace()
        return cls(space.today(), Thresholds.of(space))


class Candidate:
    """One item as it was read, with no more parsed than is asked for."""

    def __init__(self, row: Any, judging: Judging) -> None:
        self.row, self._judging = row, judging

    @property
    def team(self) -> str:
        """The id of its team, or its level."""
        return str(self.row.team_id) if self.row.level == TEAM else self.row.level

    @property
    def days(self) -> Days:
        """As `standing.days_of` has them."""
        row = self.row
        first, last = row.starts_on or row.cycle_starts_on, row.ends_on or row.cycle_ends_on
        return first, max(first, last)

    @cached_property
    def standing(self) -> Standing:
        return judge(cast(Judged, self), self.days, self._judging.today, self._judging.thresholds)

    @property
    def progress(self) -> Fraction:
        """As in its standing, without the rest."""
        measure = cast(Judged, self)
        return progress_of(measure, value_of(measure))

    @property
    def changed_at(self) -> datetime:
        return self.row.valued_at or _LONG_AGO

    def says(self, text: str) -> bool:
        """Whether the text, as it is compared, stands in its title or description."""
        told = (self.row.title, self.row.description)
        return any(text in as_compared(one) for one in told)

    def __getattr__(self, name: str) -> Any:
        """What else was read; figures are parsed when one is asked for."""
        found = getattr(self.row, name)
        return _exact.process_result_value(found, _DIALECT) if name in FIGURES else found


class Found:
    """All items of a view, in its order; those that are looked at become candidates."""

    def __init__(self, rows: Sequence[Any], judging: Judging) -> None:
        self._rows, self._judging = rows, judging

    def __len__(self) -> int:
        return len(self._rows)

    def between(self, start: int, stop: int) -> list[Candidate]:
        return [Candidate(row, self._judging) for row in self._rows[start:stop]]

    def all(self) -> list[Candidate]:
        return self.between(0, len(self))

    @cached_property
    def objective_count(self) -> int:
        return sum(row[0] == row[1] for row in self._rows)

    @property
    def key_result_count(self) -> int:
        return len(self) - self.objective_count

    def mean_progress(self) -> Fraction | None:
        """How far its objectives are on average, each as 0 to 100; None where there are none."""
        count = self.objective_count
        if not count:
            return None
        # By denominators, of which there are few: adding fractions one by one takes much longer.
        sums: Counter[int] = Counter()
        for row in self._rows:
            if row[0] == row[1]:
                above, below = _clamped(row, self._judging)
                sums[below] += above
        total = sum((Fraction(sums[below], below) for below in sums), Fraction(0))
        return total / count


def _clamped(row: Any, judging: Judging) -> tuple[int, int]:
    """The progress of an objective as 0 to 100: numerator and denominator."""
    if row.kind == ROLL_UP and row.final_value is None:  # as most are; never beyond 0 to 100
        above, _, below = (row.value or "0").partition("/")
        return int(above, 0), int(below or "1", 0)  # long ones are stored in base 16
    return clamp(Candidate(row, judging).progress).as_integer_ratio()
