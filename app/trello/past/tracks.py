"""Values over time, put together from the steps that are told."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

BEGINNING = datetime.min.replace(tzinfo=UTC)

Told = str | bool


@dataclass(frozen=True)
class TrackStep:
    """A value that changed: what it was and what it became, None where that is not told."""

    at: datetime
    before: Told | None
    after: Told | None


@dataclass(frozen=True)
class Track:
    """A value over time: each holds from its moment to the next one. None: nobody knows."""

    moments: tuple[datetime, ...]
    values: tuple[Told | None, ...]

    def at(self, moment: datetime) -> Told | None:
        return self.values[max(bisect_right(self.moments, moment) - 1, 0)]


def track(steps: Sequence[TrackStep], last: Told | None, first: Told | None = None) -> Track:
    """The value between the steps, of which `last` came out, or None when that is not told.

    Where a step does not begin with what the one before it ended with, something happened in
    between that left no trace. `first` serves where the first step does not say what was before.
    """
    moments, values = [BEGINNING], []
    ended_with = None
    for step in steps:
        values.append(_agreed(ended_with, step.before))
        moments.append(step.at)
        ended_with = step.after
    values.append(_agreed(ended_with, last))
    if values[0] is None:
        values[0] = first
    return Track(tuple(moments), tuple(values))


def _agreed(then: Told | None, later: Told | None) -> Told | None:
    if then is None or later is None:
        return later if then is None else then
    return then if then == later else None
