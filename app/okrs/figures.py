"""Figures as people type and read them, exact on the way in and out."""

import re
from fractions import Fraction

from app.okrs.models import KPI, PERCENT, ROLL_UP, STAY_ABOVE, STAY_BELOW, Measure
from app.pages import number, short_number

KIND_WORDS = {PERCENT: "Percent complete", KPI: "KPI", ROLL_UP: "Roll-up of key results"}
GUARD_WORDS = {STAY_ABOVE: "stay above", STAY_BELOW: "stay below"}

_MOST_DIGITS, _MOST_PLACES = 15, 6
_MOST_IN_A_COLUMN = 12
_SPACES = re.compile(r"[\s\u00a0\u2009\u202f']")
_PLAIN = re.compile(r"[+-]?(\d+)(?:\.(\d*))?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_WITH_DECIMAL_COMMA = re.compile(r"[+-]?[\d.]*,\d*", re.ASCII)
_PLURAL = re.compile(r"([a-z]+(?:x|ch|sh|ss))es|([a-z]{2,}[a-hj-rtv-z])(?<!ie)s")
"""English plurals that lose their ending safely: not "bonus", "series" or "NPS"."""


def parse_figure(text: str) -> Fraction:
    """The exact number in "1,200.5" or "1 200". Raises ValueError with a sentence for people."""
    compact = _SPACES.sub("", text).replace("\u2212", "-")
    if _GROUPED.fullmatch(compact):
        compact = compact.replace(",", "")
    elif _WITH_DECIMAL_COMMA.fullmatch(compact):
        raise ValueError("Write decimals with a point, as in 1,200.5.")
    match = _PLAIN.fullmatch(compact)
    if match is None:
        raise ValueError("Write a number, such as 20 or 1,200.5.")
    if len(match[1].lstrip("0")) > _MOST_DIGITS:
        raise ValueError(f"Write at most {_MOST_DIGITS} digits before the point.")
    if len(match[2] or "") > _MOST_PLACES:
        raise ValueError(f"Write at most {_MOST_PLACES} digits after the point.")
    return Fraction(compact.rstrip("."))


def figure_text(value: Fraction) -> str:
    """As it would be typed: "1200.5", at most six decimals."""
    return number(value, _MOST_PLACES).replace(",", "")


def value_words(measure: Measure, value: Fraction) -> str:
    """A value of this measure: "45 %", "9 posts"."""
    if measure.kind != KPI:
        return f"{number(value)} %"
    return with_unit(number(value, _MOST_PLACES), measure.unit)


def with_unit(figure: str, unit: str) -> str:
    """A figure with the unit that people typed in the plural: "9 posts", "1 post"."""
    match = _PLURAL.fullmatch(unit) if figure == "1" else None
    singular = (match[1] or match[2]) if match else unit
    return f"{figure} {singular}".rstrip()


def is_word(unit: str) -> bool:
    """True for "posts" and "kg", which follow "3 more"; False for "%" and "€"."""
    return any(character.isalpha() for character in unit)


def plural(noun: str, count: Fraction | int) -> str:
    """The noun as it stands after a count: "card" after 1, else "cards"."""
    return noun if count == 1 else f"{noun}s"


def goal_words(measure: Measure, value: Fraction) -> str:
    """A value with where it should go: "9 of 20 posts", "12 bugs, from 30 to 0"."""
    if measure.kind != KPI:
        return value_words(measure, value)
    if measure.guard:
        return f"{value_words(measure, value)}, to {guard_words(measure)}"
    present, start, target = (
        number(one, _MOST_PLACES) for one in (value, measure.start_value, measure.target_value)
    )
    if measure.start_value == 0:
        return f"{present} of {with_unit(target, measure.unit)}"
    return f"{value_words(measure, value)}, from {start} to {target}"


def short_words(measure: Measure, value: Fraction) -> str:
    """What a list shows beside the percentage: "9 of 20 posts", "12 → 0 bugs", "3 of 10"."""
    if measure.kind != KPI:
        if measure.matching_count is None or measure.completed_count is None:
            return ""
        return f"{measure.completed_count:,} of {measure.matching_count:,}"
    if measure.guard:
        return f"{_brief(value)}, {guard_words(measure)}"
    present, target = _brief(value), _brief(measure.target_value)
    if measure.start_value == 0:
        return f"{present} of {with_unit(target, measure.unit)}"
    return f"{present} → {with_unit(target, measure.unit)}"


def _brief(value: Fraction) -> str:
    """In full, unless a column of a list would break it up."""
    text = number(value, _MOST_PLACES)
    return text if len(text) <= _MOST_IN_A_COLUMN else short_number(value)


def measure_words(measure: Measure) -> str:
    """The measure itself: "Percent complete", "KPI, 0 to 20 posts", "KPI, to stay below 5 bugs"."""
    if measure.kind != KPI:
        return KIND_WORDS[measure.kind]
    if measure.guard:
        warning = measure.warning_value
        warns = "" if warning is None else f", warning from {value_words(measure, warning)}"
        return f"KPI, to {guard_words(measure)}{warns}"
    start = number(measure.start_value, _MOST_PLACES)
    target = number(measure.target_value, _MOST_PLACES)
    return f"KPI, {start} to {with_unit(target, measure.unit)}"


def guard_words(measure: Measure) -> str:
    """What a guard has to do: "stay below 5 bugs"; empty of any other measure."""
    if measure.guard is None:
        return ""
    return f"{GUARD_WORDS[measure.guard]} {value_words(measure, measure.target_value)}"
