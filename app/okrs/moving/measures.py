"""How an item of a file is measured, with its value; from figures as other tools write them."""

from dataclasses import dataclass, field
from fractions import Fraction

from app.okrs.fields import LONGEST_UNIT
from app.okrs.models import KPI, PERCENT, ROLL_UP, STAY_ABOVE, STAY_BELOW
from app.okrs.moving.neutral import FileItem
from app.okrs.moving.numbers import Figure, read_figure

_PERCENT_UNITS = {"%", "percent", "percentage"}
_NO_METRIC = {"", "progress", "percentage", "percent complete"}
_ZERO, _ALL = Fraction(0), Fraction(100)


@dataclass
class WantedMeasure:
    kind: str
    start: Fraction = _ZERO
    target: Fraction = _ALL
    unit: str = ""
    guard: str | None = None
    warning: Fraction | None = None
    notes: list[str] = field(default_factory=list)

    def value_from(self, text: str) -> Fraction | None:
        """A value in its unit; of a KPI also from how many percent of the way were gone."""
        figure = read_figure(text)
        if figure is None:
            return None
        if self.kind == KPI and figure.is_percent and self.unit not in _PERCENT_UNITS:
            return self.value_at(figure.value)
        return figure.value

    def value_at(self, progress: Fraction) -> Fraction | None:
        """The value of this progress; None where a guard has none that is certain."""
        if self.kind != KPI:
            return progress
        if self.guard is not None:
            return None
        return self.start + (self.target - self.start) * progress / 100


def measure_for(
    item: FileItem, is_objective: bool, has_parts: bool, is_ours: bool
) -> WantedMeasure:
    """By what the file says of it, else by its metric; without one an objective is a roll-up."""
    is_roll_up = item.measure == ROLL_UP and is_objective and (has_parts or is_ours)
    wanted = WantedMeasure(ROLL_UP) if is_roll_up else _of_kind(item, is_objective, has_parts)
    for name, text in (("Start", item.start), ("Target", item.target), ("Value", item.value)):
        if text and read_figure(text) is None:
            wanted.notes.append(f"{name} “{text[:40]}” is not a number, and is left out.")
    return wanted


def present_value(item: FileItem, wanted: WantedMeasure) -> Fraction | None:
    """What it stands at by its own columns; None where they do not say."""
    if wanted.kind == ROLL_UP:
        return None
    by_value, progress = wanted.value_from(item.value), read_figure(item.progress)
    by_progress = wanted.value_at(progress.value) if progress else None
    first, second = (
        (by_progress, by_value)
        if wanted.kind == PERCENT and not item.measure
        else (by_value, by_progress)
    )
    return first if first is not None else second


def _of_kind(item: FileItem, is_objective: bool, has_parts: bool) -> WantedMeasure:
    target, start = read_figure(item.target), read_figure(item.start)
    begin = start.value if start else _ZERO
    guard = item.guard if item.guard in (STAY_ABOVE, STAY_BELOW) else None
    if item.measure == PERCENT:
        return WantedMeasure(PERCENT)
    if target is None:
        has_value = any((item.value, item.progress, item.check_ins))
        is_roll_up = is_objective and (has_parts or not has_value)
        return WantedMeasure(ROLL_UP if is_roll_up else PERCENT)
    is_percentage = _is_percentage(item, target)
    is_whole_way = is_percentage and begin == _ZERO and target.value == _ALL
    if item.measure != KPI and is_whole_way and guard is None:
        is_roll_up = is_objective and has_parts and item.metric.casefold() in _NO_METRIC
        return WantedMeasure(ROLL_UP if is_roll_up else PERCENT)
    if guard is None and target.value == begin:
        note = "Its start and its target are equal, so it is taken for percent complete."
        return WantedMeasure(PERCENT, notes=[note])
    unit = "%" if is_percentage else item.unit or target.unit
    warning = read_figure(item.warning)
    return WantedMeasure(
        KPI,
        begin,
        target.value,
        unit[:LONGEST_UNIT],
        guard,
        warning.value if warning and guard else None,
    )


def _is_percentage(item: FileItem, target: Figure) -> bool:
    return target.is_percent or item.unit.casefold() in _PERCENT_UNITS
