"""What would bring an item back on track today, by the arithmetic of its status, backwards.

A status follows from the gap between expected progress and progress, in percentage points. An item
is on track where that gap is at most the workspace's threshold; from there it is a division to the
value that it needs, and a rounding up to what can be counted, so that what is said suffices and
one less does not.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from app.okrs.figures import is_word, plural, value_words
from app.okrs.models import KPI, PERCENT, STAY_ABOVE, Measure
from app.okrs.standing import AT_RISK, BEHIND, Standing, Thresholds
from app.pages import number

_BACK_ON_TRACK = "would bring it back on track."
_HOLDING = "would make it hold again."


@dataclass(frozen=True)
class Remedy:
    """A sentence in three parts; the middle one is the figure."""

    before: str
    amount: str
    after: str

    @property
    def text(self) -> str:
        return f"{self.before} {self.amount}{self.after}".strip()


def remedy_for(
    measure: Measure, standing: Standing, thresholds: Thresholds, noun: str | None
) -> Remedy | None:
    """The remedy in words; None where the item needs none or nothing counted could bring it.

    `noun` names in the singular what the measure's source counts; None where people say the value.
    """
    if standing.status not in (BEHIND, AT_RISK) or standing.is_target_met:
        return None
    if measure.guard is not None:
        return _of_guard(measure, standing, noun)
    least = standing.expected - thresholds.behind_above
    if measure.kind == KPI:
        return _of_kpi(measure, standing.value, least, noun)
    if measure.kind != PERCENT:
        return None
    if noun is None or measure.matching_count is None or measure.completed_count is None:
        return _at(value_words(measure, rounded_up(value_at(measure, least), Fraction(1, 10))))
    lacking = completed_lacking(measure.completed_count, measure.matching_count, least)
    if lacking is None:
        return None
    return _more(f"{lacking:,} more completed {plural(noun, lacking)}")


def value_at(measure: Measure, progress: Fraction) -> Fraction:
    """The value that stands for a progress in percent."""
    return measure.start_value + (measure.target_value - measure.start_value) * progress / 100


def steps_between(value: Fraction, needed: Fraction, step: Fraction) -> int:
    """How many steps towards the needed value reach it, upwards or downwards."""
    return ceil(abs(needed - value) / step)


def completed_lacking(completed: int, matching: int, least: Fraction) -> int | None:
    """How many more completed of the matching give that share in percent; None if too few are."""
    lacking = ceil(least * matching / 100) - completed
    return lacking if 0 < lacking <= matching - completed else None


def step_of(measure: Measure, value: Fraction) -> Fraction:
    """The unit in which a value by hand moves: whole ones, or the last decimal that was typed."""
    places = 0
    for figure in (measure.start_value, measure.target_value, value):
        while places < 6 and (figure * 10**places).denominator != 1:
            places += 1
    return Fraction(1, 10**places)


def rounded_up(value: Fraction, step: Fraction) -> Fraction:
    return ceil(value / step) * step


def _of_kpi(measure: Measure, value: Fraction, least: Fraction, noun: str | None) -> Remedy | None:
    needed, is_decrease = value_at(measure, least), measure.target_value < measure.start_value
    way = "fewer" if is_decrease else "more"
    if noun is not None:
        count = steps_between(value, needed, Fraction(1))
        is_possible = not is_decrease or count <= value
        return _more(f"{count:,} {way} {plural(noun, count)}") if is_possible else None
    step = step_of(measure, value)
    amount = steps_between(value, needed, step) * step
    if measure.unit and not is_word(measure.unit):
        return _at(value_words(measure, value - amount if is_decrease else value + amount))
    # "1 more", without the unit: people type it in the plural.
    unit = measure.unit if amount != 1 else ""
    return _more(f"{number(amount, 6)} {way} {unit}".rstrip())


def _of_guard(measure: Measure, standing: Standing, noun: str | None) -> Remedy | None:
    """Beyond the target it holds again; beyond its warning threshold it is on track as well."""
    has_failed, is_above = standing.status == AT_RISK, measure.guard == STAY_ABOVE
    edge = measure.target_value if has_failed else measure.warning_value
    if edge is None:
        return None
    if noun is None:
        way = "above" if is_above else "below"
        before = "It would hold again" if has_failed else "It would be back on track"
        return Remedy(before, f"{way} {value_words(measure, edge)}", ".")
    # Exactly at the edge is not beyond it.
    needed = floor(edge) + 1 if is_above else ceil(edge) - 1
    if needed < 0:
        return None
    count = abs(needed - int(standing.value))
    amount = f"{count:,} {'more' if is_above else 'fewer'} {plural(noun, count)}"
    return _more(amount, _HOLDING if has_failed else _BACK_ON_TRACK)


def _more(amount: str, leads_to: str = _BACK_ON_TRACK) -> Remedy:
    return Remedy("", amount, f" {leads_to}")


def _at(value: str) -> Remedy:
    return Remedy("It would be back on track at", value, ".")
