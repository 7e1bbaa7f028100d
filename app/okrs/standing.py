"""How far an item is, how far it should be, and the status that follows. Exact throughout."""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import NamedTuple, Protocol

from app.accounts.models import Workspace
from app.okrs.models import (
    CLOSED,
    POSTPONED,
    ROLL_UP,
    STAY_ABOVE,
    KeyResult,
    Objective,
)

NOT_STARTED, ON_TRACK, BEHIND, AT_RISK = "not_started", "on_track", "behind", "at_risk"
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


class Judged(Protocol):
    """What of a measure its item's standing follows from; the columns are those of Measure."""

    @property
    def kind(self) -> str: ...
    @property
    def start_value(self) -> Fraction: ...
    @property
    def target_value(self) -> Fraction: ...
    @property
    def guard(self) -> str | None: ...
    @property
    def warning_value(self) -> Fraction | None: ...
    @property
    def value(self) -> Fraction | None: ...
    @property
    def final_value(self) -> Fraction | None: ...
    @property
    def part_count(self) -> int: ...
    @property
    def parts_ended_as(self) -> str | None: ...
    @property
    def ended_as(self) -> str | None: ...


class Goal(NamedTuple):
    """What a value is judged by: a way from a start to a target, or a guard of the target."""

    start: Fraction
    target: Fraction
    guard: str | None = None
    warning: Fraction | None = None
    """The value of a guard from which on the item is Behind although the guard holds."""

    @classmethod
    def of(cls, measure: Judged) -> "Goal":
        """Of a measure that is no roll-up."""
        return cls(measure.start_value, measure.target_value, measure.guard, measure.warning_value)

    def progress(self, value: Fraction) -> Fraction:
        """In percent: the share of the way, whichever end is larger; all or nothing of a guard."""
        if self.guard is None:
            # In one step: (value - start) / (target - start) * 100 would reduce a fraction three
            # times, for every part of every roll-up above whatever was counted.
            over, of_value = value.as_integer_ratio()
            start, of_start = self.start.as_integer_ratio()
            target, of_target = self.target.as_integer_ratio()
            gone, way = over * of_start - start * of_value, target * of_start - start * of_target
            return Fraction(100 * gone * of_target, way * of_value)
        return _ALL if self._is_beyond(value, self.target) else _NONE

    def warns(self, value: Fraction) -> bool:
        """Whether a guard that holds is about to fail; exactly at the threshold it is."""
        return self.warning is not None and not self._is_beyond(value, self.warning)

    def _is_beyond(self, value: Fraction, edge: Fraction) -> bool:
        return value > edge if self.guard == STAY_ABOVE else value < edge


def clamp(progress: Fraction) -> Fraction:
    return min(max(progress, _NONE), _ALL)


def progress_of(measure: Judged, value: Fraction) -> Fraction:
    """What a value of this measure is in percent; a roll-up's value is its progress."""
    return value if measure.kind == ROLL_UP else Goal.of(measure).progress(value)


def expected_on(today: date, days: Days) -> Fraction:
    """Linear by whole days: 0 on the first day, 100 on the last; one day alone expects 100."""
    gone, span = way_gone(today, days)
    return Fraction(gone * 100, span)


def way_gone(today: date, days: Days) -> tuple[int, int]:
    """What part of the way is expected by the end of a day: so many of so many days."""
    first, last = days
    if today < first:
        return 0, 1
    if today >= last:
        return 1, 1
    return (today - first).days, (last - first).days


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


def value_of(measure: Judged) -> Fraction:
    """The value it ended with, or the present one; before the first reading, the start."""
    if measure.final_value is not None:
        return measure.final_value
    return measure.start_value if measure.value is None else measure.value


def standing_at(
    value: Fraction, goal: Goal, days: Days, today: date, thresholds: Thresholds
) -> Standing:
    """The standing that a value gives, stored or not: previews use it too."""
    progress, expected = goal.progress(value), expected_on(today, days)
    status = status_for(expected - progress, thresholds)
    if goal.guard is not None:
        # What has to hold every day is not expected to hold a little more each day.
        status = AT_RISK if not progress else BEHIND if goal.warns(value) else ON_TRACK
    is_met = goal.guard is None and progress >= _ALL
    return Standing(_begun(status, days, today), progress, expected, value, is_met)


def standing_of(item: Objective | KeyResult, today: date, thresholds: Thresholds) -> Standing:
    """The standing of an item, from what is stored of it alone."""
    return judge(item.measure, days_of(item), today, thresholds)


def judge(measure: Judged, days: Days, today: date, thresholds: Thresholds) -> Standing:
    """The standing that a measure, or what was read of one, gives an item of these days."""
    value = value_of(measure)
    if measure.kind != ROLL_UP:
        standing = standing_at(value, Goal.of(measure), days, today, thresholds)
    else:
        standing = _roll_up_standing(measure, value, days, today, thresholds)
    return replace(standing, status=measure.ended_as) if measure.ended_as else standing


def _roll_up_standing(
    measure: Judged, progress: Fraction, days: Days, today: date, thresholds: Thresholds
) -> Standing:
    expected = expected_on(today, days)
    status = _begun(status_for(expected - progress, thresholds), days, today)
    if measure.parts_ended_as is not None:
        status = measure.parts_ended_as
    elif not measure.part_count:
        status = NOT_STARTED
    return Standing(status, progress, expected, progress, bool(progress >= _ALL))


def _begun(status: str, days: Days, today: date) -> str:
    return status if today >= days[0] else NOT_STARTED
