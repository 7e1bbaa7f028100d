"""How the figure of a roll-up comes about: what gives how much, and what is left out and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.accounts.models import Person
from app.db import db
from app.okrs.models import CLOSED, KeyResult, Objective
from app.okrs.rollup.contributions import Contribution, contributions
from app.okrs.rollup.parts import StoredPart, loaded_parts, stored_parts
from app.okrs.sight import sees
from app.okrs.standing import clamp, value_of

_POSTPONED = "postponed, so it is left out"
_TOO_PRIVATE = "private, so it counts only where nobody else sees the sum"


@dataclass(frozen=True)
class Line:
    """A part with what it gives."""

    item: Objective | KeyResult
    contribution: Contribution

    @property
    def progress(self) -> Fraction:
        """The true figure: below 0 and above 100 too."""
        return self.contribution.part.progress

    @property
    def is_fixed(self) -> bool:
        return self.item.share is not None

    @property
    def remark(self) -> str:
        part = self.contribution.part
        said = ["closed, with its final progress"] if part.ended_as == CLOSED else []
        if clamp(part.progress) != part.progress:
            said.append("counts as 100 %" if part.progress > 0 else "counts as 0 %")
        return "; ".join(said)


@dataclass(frozen=True)
class LeftOut:
    """What lies under the objective without counting for it."""

    item: Objective | KeyResult
    why: str


@dataclass(frozen=True)
class Explanation:
    """The sum that a roll-up is."""

    lines: Sequence[Line]
    left_out: Sequence[LeftOut]
    final: Fraction | None
    """What the objective ended with, where that is something else than the sum."""

    @property
    def progress(self) -> Fraction:
        return sum((one.contribution.gives for one in self.lines), Fraction(0))

    @property
    def share(self) -> Fraction:
        """100, or 0 of nothing."""
        return sum((one.contribution.share for one in self.lines), Fraction(0))

    @property
    def has_newcomer(self) -> bool:
        """Whether something gets nothing because the fixed shares of the others take all."""
        return any(not one.is_fixed and not one.contribution.share for one in self.lines)


def explanation_of(
    objective: Objective, person: Person, aligned: Sequence[Objective] | None = None
) -> Explanation:
    """Of a roll-up, for someone who sees it; two statements, unless all that the person sees
    `aligned` under it is loaded, and two more for private ones.

    What counts is at least as visible as the objective, so all of it can be named.
    """
    if aligned is None:
        lying_under = stored_parts(db.session(), [objective], {})[objective.id]
    else:
        lying_under = loaded_parts(db.session(), objective, aligned)
    counting = [one for one in lying_under if one.counts]
    lines = lines_of(counting)
    counted = {line.item.measure_id for line in lines}
    left_out = [LeftOut(one.item, _POSTPONED) for one in counting if one.measure_id not in counted]
    hidden = [one.item for one in lying_under if not one.counts]
    left_out += [
        LeftOut(one, _TOO_PRIVATE)
        for one in hidden
        if isinstance(one, Objective) and sees(person, one)
    ]
    explanation = Explanation(lines, left_out, None)
    ended_with = value_of(objective.measure) if objective.measure.has_ended else None
    is_else = ended_with is not None and ended_with != explanation.progress
    return Explanation(lines, left_out, ended_with) if is_else else explanation


def lines_of(parts: Sequence[StoredPart]) -> list[Line]:
    """What of these counts now, with shares; postponed ones do not."""
    items = {one.measure_id: one.item for one in parts}
    return [
        Line(items[one.part.measure_id], one)
        for one in contributions([part.as_part() for part in parts])
    ]
