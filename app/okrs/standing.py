"""How far an item is, how far it should be, and the status that follows. Exact throughout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.accounts.models import Workspace
from app.okrs.models import ROLL_UP, KeyResult, Measure, Objective

NOT_STARTED, ON_TRACK, BEHIND, AT_RISK = "not_started", "on_track", "behind", "at_risk"
CLOSED, POSTPONED = "closed", "postponed"
STATUS_WORDS = {
    NOT_STARTED: "Not started",
    ON_TRACK: "On track",
    BEHIND: "Behind",
    AT_RISK: "At risk",
    CLOSED: "Closed",
    POSTPONED: "Postponed",
}
_NONE, _ALL = Fraction(0), Fraction(100)

Days = tuple[date, date]


@dataclass(frozen=True)
class Standing:
    """Where an item stands on one day. Percentages, unrounded."""

    status: str
    progress: Fraction
    """The true figure: below 0 and above 100 too."""
    expected: Fraction
    value: Fraction
    """Raw, in the measure's unit; of a roll-up its progress."""
    is_target_met: bool = False

    @property
    def status_word(self) -> str:
        return STATUS_WORDS[self.status]

    @property
    def gap(self) -> Fraction:
        """Percentage points that progress lacks; negative when it is ahead."""
        return self.expected - self.progress

    @property
    def clamped(self) -> Fraction:
        """Progress as a bar can show it, 0 to 100."""
        return clamp(self.progress)


@dataclass(frozen=True)
class Thresholds:
    """Percentage points under expected progress above which a status begins."""

    behind_above: Fraction = Fraction(0)
    at_risk_above: Fraction = Fraction(25)

    @classmethod
    def of(cls, workspace: Workspace) -> "Thresholds":
        return cls(workspace.behind_above, workspace.at_risk_above)


def clamp(progress: Fraction) -> Fraction:
    return min(max(progress, _NONE), _ALL)


def progress_of_value(value: Fraction, start: Fraction, target: Fraction) -> Fraction:
    """The share of the way from start to target in percent, whichever of them is larger."""
    return (value - start) / (target - start) * 100


def roll_up(progresses: Sequence[Fraction]) -> Fraction:
    """The mean of what lies under an objective, each entering as 0 to 100; of nothing, 0."""
    if not progresses:
        return _NONE
    return sum((clamp(one) for one in progresses), _NONE) / len(progresses)


def expected_on(today: date, days: Days) -> Fraction:
    """Linear by whole days: 0 on the first day, 100 on the last; one day alone expects 100."""
    first, last = days
    if today < first:
        return _NONE
    if today >= last:
        return _ALL
    return Fraction((today - first).days * 100, (last - first).days)


def status_for(gap: Fraction, thresholds: Thresholds) -> str:
    if gap > thresholds.at_risk_above:
        return AT_RISK
    return BEHIND if gap > thresholds.behind_above else ON_TRACK


def days_of(item: Objective | KeyResult) -> Days:
    """The first and last day of an item: its own where set, else those of its cycle.

    One day of its own may lie beyond the other, inherited one, once the cycle was changed.
    """
    first, last = item.starts_on or item.cycle.starts_on, item.ends_on or item.cycle.ends_on
    return first, max(first, last)


def value_of(measure: Measure) -> Fraction:
    """The present value; before the first reading, the start."""
    return measure.start_value if measure.value is None else measure.value


def standing_at(
    value: Fraction,
    start: Fraction,
    target: Fraction,
    days: Days,
    today: date,
    thresholds: Thresholds,
) -> Standing:
    """The standing that a value gives, stored or not: previews use it too."""
    progress = progress_of_value(value, start, target)
    return _standing(value, progress, days, today, thresholds)


def standing_of(item: Objective | KeyResult, today: date, thresholds: Thresholds) -> Standing:
    """The standing of an item. A roll-up looks at its key results, which should be loaded."""
    measure, days = item.measure, days_of(item)
    if measure.kind == ROLL_UP and isinstance(item, Objective):
        parts = [standing_of(one, today, thresholds).progress for one in item.key_results]
        progress = roll_up(parts)
        if not parts:
            return Standing(NOT_STARTED, progress, expected_on(today, days), progress)
        return _standing(progress, progress, days, today, thresholds)
    return standing_at(
        value_of(measure), measure.start_value, measure.target_value, days, today, thresholds
    )


def _standing(
    value: Fraction, progress: Fraction, days: Days, today: date, thresholds: Thresholds
) -> Standing:
    expected = expected_on(today, days)
    has_begun = today >= days[0]
    return Standing(
        status=status_for(expected - progress, thresholds) if has_begun else NOT_STARTED,
        progress=progress,
        expected=expected,
        value=value,
        is_target_met=progress >= _ALL,
    )
