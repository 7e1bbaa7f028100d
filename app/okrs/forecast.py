"""Where the recent pace leads, and the pace needed. Exact, and only where it means something.

The rules, chosen so that a person can follow them on the chart:

- A day's value is the last one known on it, and it holds until another is known. A source tells of
  every day up to today; what people check in tells nothing of the days after.
- The window is the last four weeks, or a third of the item's days where that is less, but at least
  a week. Where less is known, it is what is known.
- There is no forecast from less than a week, from values that changed on fewer than two days, from
  a check-in older than half the window, once the target is met, before the first day, or on the
  last day and after.
- The likely pace is the plain one: the change over the window by its days. One good day counts for
  what it brought and no more.
- The range is from the pace of every stretch of at least a quarter of the window (a week of four):
  the slowest and the quickest quarter of them are left out, and the likely pace is always inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import ceil, lcm

LONGEST_WINDOW, SHORTEST_WINDOW = 28, 7
FEWEST_CHANGES = 2
_FARTHEST = 366
"""Days beyond which no finish is told: a recent pace says nothing of a year hence."""


@dataclass(frozen=True)
class Forecast:
    """Paces are values a day, counted towards the target: negative where it moves away."""

    since: date
    known_until: date
    """The window: its first and its last day."""
    value: Fraction
    target: Fraction
    last_day: date
    today: date
    pace: Fraction
    slow: Fraction
    quick: Fraction

    @property
    def days(self) -> int:
        return (self.known_until - self.since).days

    @property
    def is_decrease(self) -> bool:
        return self.target < self.value

    @property
    def finish(self) -> date | None:
        return self.reached_at(self.pace)

    @property
    def earliest(self) -> date | None:
        return self.reached_at(self.quick)

    @property
    def latest(self) -> date | None:
        return self.reached_at(self.slow)

    @property
    def needed(self) -> Fraction:
        """The pace from today on that reaches the target on the last day."""
        return abs(self.target - self.value) / (self.last_day - self.today).days

    def reached_at(self, pace: Fraction) -> date | None:
        """The day on which a pace reaches the target, never before tomorrow; None for not soon."""
        if pace <= 0:
            return None
        days = ceil(abs(self.target - self.value) / pace)
        if days > _FARTHEST:
            return None
        return max(self.known_until + timedelta(days=days), self.today + timedelta(days=1))

    def value_after(self, days: Fraction, pace: Fraction) -> Fraction:
        """The value that a pace gives so many days after the last known one."""
        return self.value + (-pace if self.is_decrease else pace) * days


def forecast(
    values: Mapping[date, Fraction],
    target: Fraction,
    days: tuple[date, date],
    today: date,
    known_until: date,
    is_decrease: bool,
) -> Forecast | None:
    """What `values`, each the last of its day, lead to; None where they are too few to say."""
    first_day, last_day = days
    known = [day for day in values if day <= known_until]
    if not known or known_until < first_day or today >= last_day:
        return None
    window = _window(days)
    if (today - known_until).days * 2 > window:
        return None
    since = max(known_until - timedelta(days=window), min(known))
    daily = _daily(values, since, known_until)
    # In whole numbers of one size, since hundreds of fractions are slow to compare.
    parts = lcm(*(value.denominator for value in daily))
    heights = [value.numerator * (parts // value.denominator) for value in daily]
    if len(heights) <= SHORTEST_WINDOW or _change_count(heights) < FEWEST_CHANGES:
        return None
    way = -1 if is_decrease else 1
    if (target - daily[-1]) * way <= 0:
        return None
    slow, pace, quick = _paces(tuple(height * way for height in heights), parts)
    return Forecast(since, known_until, daily[-1], target, last_day, today, pace, slow, quick)


def _window(days: tuple[date, date]) -> int:
    third = ((days[1] - days[0]).days + 1) // 3
    return max(SHORTEST_WINDOW, min(LONGEST_WINDOW, third))


def _daily(values: Mapping[date, Fraction], since: date, until: date) -> list[Fraction]:
    """The value at the end of each day of the window, both its ends included."""
    value = values[max(day for day in values if day <= since)]
    daily = []
    for after in range((until - since).days + 1):
        value = values.get(since + timedelta(days=after), value)
        daily.append(value)
    return daily


def _change_count(heights: list[int]) -> int:
    return sum(one != other for one, other in pairwise(heights))


@lru_cache(maxsize=256)
def _paces(heights: tuple[int, ...], parts: int) -> tuple[Fraction, Fraction, Fraction]:
    """The slow, the likely and the quick pace of the window, from what each of its days ended
    with: so many parts of one. Kept, since an open page asks again and again."""
    days = len(heights) - 1
    pace = Fraction(heights[-1] - heights[0], parts * days)
    shortest = ceil(Fraction(days, 4))
    size = lcm(*range(shortest, days + 1))
    stretches = sorted(
        (heights[end] - heights[start]) * (size // (end - start))
        for start in range(days)
        for end in range(start + shortest, days + 1)
    )
    quarter = len(stretches) // 4
    slow, quick = (Fraction(stretches[at], parts * size) for at in (quarter, -1 - quarter))
    return min(slow, pace), pace, max(quick, pace)
