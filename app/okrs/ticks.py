"""Where a chart's axes get their labels: round values, and round days that stand clear."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor

from app.pages import number, unit_of

_LONGEST_TEXT = 9
"""What stands beside an axis leaves the drawing its room also on a phone."""


def round_values(values: Sequence[Fraction], most: int) -> tuple[list[Fraction], int]:
    """Round numbers around the values, at most `most` steps, and the decimals they need."""
    whole = [value.numerator for value in values if value.denominator == 1]
    is_whole = len(whole) == len(values)
    # Whole numbers are compared many times quicker than fractions.
    compared = whole if is_whole else values
    low, high = Fraction(min(compared)), Fraction(max(compared))
    if low == high:
        low, high = low - 1, high + 1
    for step in _round_steps((high - low) / most):
        if is_whole and step.denominator != 1:
            continue  # nobody counts half a card
        first, last = floor(low / step), ceil(high / step)
        if last - first <= most:
            break
    decimals = 0
    while (step * 10**decimals).denominator != 1:
        decimals += 1
    return [index * step for index in range(first, last + 1)], decimals


def tick_texts(ticks: Sequence[Fraction], decimals: int) -> list[str]:
    """What stands beside the round values: in full, or where that is too long as "2.5 tn"."""
    texts = [number(tick, decimals) for tick in ticks]
    if max(map(len, texts)) <= _LONGEST_TEXT:
        return texts
    size, word = unit_of(max(map(abs, ticks)))
    places = next((count for count in range(3) if _are_whole(ticks, size, count)), None)
    if places is None:
        return texts  # they lie so near to one another that only all digits tell them apart
    return [f"{number(tick / size, places)} {word}" if tick else "0" for tick in ticks]


def _are_whole(ticks: Sequence[Fraction], size: int, places: int) -> bool:
    return all((tick * 10**places / size).denominator == 1 for tick in ticks)


def _round_steps(least: Fraction) -> Iterator[Fraction]:
    """1, 2, 2.5 and 5 times powers of ten, from about `least` upwards without end."""
    power = Fraction(1)
    while power > least:
        power /= 10
    while power * 10 <= least:
        power *= 10
    while True:
        yield from (power * factor for factor in (1, 2, Fraction(5, 2), 5))
        power *= 10


def days_between(first: date, days: int, room: Fraction) -> list[date]:
    """As many round days after the first and before the last as stand clear of each other.

    `room` is what a label takes up, in days. The labels of the first and the last day lie inside
    the drawing, those between have their middle at their day.
    """
    # In whole days, which are compared quicker than fractions.
    clear, earliest = ceil(room), ceil(room * Fraction(3, 2))
    latest = floor(days - room * Fraction(3, 2))
    for round_days in _round_days(first, first + timedelta(days=days - 1)):
        inner = [day for day in round_days if earliest <= (day - first).days <= latest]
        if all((after - day).days >= clear for day, after in zip(inner, inner[1:], strict=False)):
            return inner
    return []


def _round_days(first: date, last: date) -> Iterator[list[date]]:
    """Ever fewer days after the first: days and Mondays of a short stretch, firsts of months."""
    between = (last - first).days
    if between <= 45:
        for step in (1, 2):
            yield [first + timedelta(days=after) for after in range(step, between, step)]
        monday = 7 - first.weekday()
        for step in (7, 14):
            yield [first + timedelta(days=after) for after in range(monday, between, step)]
    months = range(first.year * 12 + first.month, last.year * 12 + last.month)
    for step in (1, 2, 3, 6, 12, 24, 60, 120):
        yield [date(month // 12, month % 12 + 1, 1) for month in months if month % step == 0]
