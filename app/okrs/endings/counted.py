"""Copies of what a data source counts: they begin with what is counted, not with nothing."""

from collections.abc import Sequence
from fractions import Fraction

from app.okrs.figures import value_words
from app.okrs.loading import Item
from app.okrs.models import Measure

_MOST_FIGURES = 3


def counted_words(items: Sequence[Item]) -> str:
    """Where copies of those with a data source stand at once; empty where none has one."""
    counted = [one.measure for one in items if one.measure.source is not None]
    if not counted:
        return ""
    present = [(one, _present(one)) for one in counted if not one.has_ended]
    figures = [value_words(one, value) for one, value in present if value is not None]
    said = ", ".join(figures[:_MOST_FIGURES])
    if figures[_MOST_FIGURES:]:
        said += f" and {len(figures) - _MOST_FIGURES} more"
    return f"What has a data source counts from the start{said and f': today {said}'}."


def _present(measure: Measure) -> Fraction | None:
    """What the source counts, whatever stands there by hand."""
    return measure.automatic_value if measure.override else measure.value
