"""Finding the items of a view: plain rows in one statement, judged only where the view asks."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    exists,
    literal,
    null,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy import cast as sql_cast

from app.accounts.models import Person, workspace
from app.db import LongExact, db
from app.okrs.explorer.forms import (
    ANY,
    BY_HAND,
    CHANGED,
    GAP,
    LAST_DAY,
    LINKED,
    ME,
    PROGRESS,
    STATUSES,
    TITLE,
    ExplorerForm,
)
from app.okrs.loading import Kind, has_owner, is_visible
from app.okrs.models import (
    COMPANY,
    PERSONAL,
    ROLL_UP,
    TEAM,
    Cycle,
    ItemTag,
    KeyResult,
    Measure,
    Objective,
    Source,
)
from app.okrs.standing import (
    Days,
    Judged,
    Standing,
    Thresholds,
    clamp,
    judge,
    progress_of,
    value_of,
)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_exact = LongExact()


@dataclass(frozen=True)
class Judging:
    """What all standings of a page have in common."""

    today: date
    thresholds: Thresholds

    @classmethod
    def now(cls) -> "Judging":
        space = workspace()
        return cls(space.today(), Thresholds.of(space))


class Candidate:
    """One item as it was read, with no more parsed than is asked for."""

    def __init__(self, row: Any, judging: Judging) -> None:
        self.row, self._judging = row, judging

    @property
    def team(self) -> str:
        """The id of its team, or its level."""
        return str(self.row.team_id) if self.row.level == TEAM else self.row.level

    @property
    def days(self) -> Days:
        """As `standing.days_of` has them."""
        row = self.row
        first, last = row.starts_on or row.cycle_starts_on, row.ends_on or row.cycle_ends_on
        return first, max(first, last)

    @cached_property
    def standing(self) -> Standing:
        return judge(cast(Judged, self), self.days, self._judging.today, self._judging.thresholds)

    @property
    def progress(self) -> Fraction:
        """As in its standing, without the rest."""
        measure = cast(Judged, self)
        return progress_of(measure, value_of(measure))

    @property
    def changed_at(self) -> datetime:
        return self.row.valued_at or _LONG_AGO

    def says(self, text: str) -> bool:
        """Whether the text stands in its title or description, without regard to case."""
        return text in self.row.title.casefold() or text in self.row.description.casefold()

    def __getattr__(self, name: str) -> Any:
        """What else was read; figures are parsed when one is asked for."""
        found = getattr(self.row, name)
        return _exact.process_result_value(found, _DIALECT) if name in _FIGURES else found


_FIGURES = ("start_value", "target_value", "warning_value", "value", "final_value")
_OF_PROGRESS = ("kind", "guard")
_OF_STATUS = ("part_count", "parts_ended_as", "ended_as")
_DIALECT = cast(Any, None)
"""Exact numbers are text in every database."""


class Found:
    """All items of a view, in its order; those that are looked at become candidates."""

    def __init__(self, rows: Sequence[Any], judging: Judging) -> None:
        self._rows, self._judging = rows, judging

    def __len__(self) -> int:
        return len(self._rows)

    def between(self, start: int, stop: int) -> list[Candidate]:
        return [Candidate(row, self._judging) for row in self._rows[start:stop]]

    def all(self) -> list[Candidate]:
        return self.between(0, len(self))

    @cached_property
    def objective_count(self) -> int:
        return sum(row[0] == row[1] for row in self._rows)

    @property
    def key_result_count(self) -> int:
        return len(self) - self.objective_count

    def mean_progress(self) -> Fraction | None:
        """How far its objectives are on average, each as 0 to 100; None where there are none."""
        count = self.objective_count
        if not count:
            return None
        # By denominators, of which there are few: adding fractions one by one takes much longer.
        sums: Counter[int] = Counter()
        for row in self._rows:
            if row[0] == row[1]:
                above, below = _clamped(row, self._judging)
                sums[below] += above
        total = sum((Fraction(sums[below], below) for below in sums), Fraction(0))
        return total / count


def _clamped(row: Any, judging: Judging) -> tuple[int, int]:
    """The progress of an objective as 0 to 100: numerator and denominator."""
    if row.kind == ROLL_UP and row.final_value is None:  # as most are; never beyond 0 to 100
        above, _, below = (row.value or "0").partition("/")
        return int(above, 0), int(below or "1", 0)  # long ones are stored in base 16
    return clamp(Candidate(row, judging).progress).as_integer_ratio()


def find(person: Person, form: ExplorerForm) -> Found:
    """The items that the person may see and the form asks for; one statement at any size."""
    query = union_all(_objectives(person, form), _key_results(person, form))
    # As they were planned: cycle by cycle, key results in the order people gave them.
    order = ("cycle_starts_on", "cycle_id", "objective_id", "position", "measure_id")
    rows = db.session.execute(query.order_by(*order)).all()
    found = Found(rows, judging := Judging.now())
    key = _SORTED_BY.get(form.sort.data)
    if not form.text.data and not form.status.data and key is None:
        return found
    kept = found.all()
    if form.text.data:
        text = form.text.data.casefold()
        kept = [one for one in kept if one.says(text)]
    wanted = STATUSES.get(form.status.data)
    if wanted is not None:
        kept = [one for one in kept if one.standing.status in wanted]
    if key is not None:
        kept.sort(key=key, reverse=form.sort.data == CHANGED)
    return Found([one.row for one in kept], judging)


_SORTED_BY: dict[str, Callable[[Candidate], Any]] = {
    TITLE: lambda one: one.title.casefold(),
    PROGRESS: lambda one: one.progress,
    GAP: lambda one: -one.standing.gap,
    LAST_DAY: lambda one: one.days[1],
    CHANGED: lambda one: one.changed_at,
}


def _objectives(person: Person, form: ExplorerForm) -> Select[Any]:
    position: ColumnElement[int] = literal(-1).label("position")
    return (
        select(*_columns(Objective, form), Objective.id.label("objective_id"), position)
        .join(Measure, Measure.id == Objective.measure_id)
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .where(is_visible(person), *_conditions(Objective, person, form))
    )


def _key_results(person: Person, form: ExplorerForm) -> Select[Any]:
    return (
        select(*_columns(KeyResult, form), Objective.id, KeyResult.position)
        .select_from(KeyResult)
        .join(Objective, Objective.id == KeyResult.objective_id)
        .join(Measure, Measure.id == KeyResult.measure_id)
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .where(
            KeyResult.deleted_at.is_(None),
            is_visible(person),
            *_conditions(KeyResult, person, form),
        )
    )


def _columns(kind: Kind, form: ExplorerForm) -> list[Any]:
    """What is read of each. What the view does not ask for stays unread, for there may be
    thousands; objectives alone always say how far they are, for the line about the cycle."""
    figures = [getattr(Measure, one) for one in _OF_PROGRESS]
    figures += [type_coerce(getattr(Measure, one), String).label(one) for one in _FIGURES]
    columns = [
        Measure.id.label("measure_id"),
        Objective.measure_id.label("objective_measure_id"),
        Cycle.id.label("cycle_id"),
        Cycle.starts_on.label("cycle_starts_on"),
        *(figures if kind is Objective or form.is_judging else map(_nothing_for, figures)),
    ]
    if form.is_judging or form.sort.data == LAST_DAY:
        columns += [Cycle.ends_on.label("cycle_ends_on"), kind.starts_on, kind.ends_on]
    if form.is_judging:
        columns += [getattr(Measure, one) for one in _OF_STATUS]
    if form.text.data or form.sort.data == TITLE:
        columns += [kind.title, kind.description]
    if form.sort.data == CHANGED:
        columns.append(Measure.valued_at)
    if form.group.data:
        columns += [kind.owner_id, Objective.level, Objective.team_id]
    return columns


def _nothing_for(column: Any) -> ColumnElement[Any]:
    return sql_cast(null(), column.type).label(column.key)


def _conditions(kind: Kind, person: Person, form: ExplorerForm) -> list[ColumnElement[bool]]:
    conditions = [
        _in_cycle(form.cycle_id),
        _of_team(form.team.data),
        _owned_by(kind, person, form.owner.data),
        _counted_by(form.source.data),
    ]
    if form.tag.data != ANY:
        has_tag = (ItemTag.measure_id == Measure.id, ItemTag.tag_id == int(form.tag.data))
        conditions.append(exists().where(*has_tag))
    return conditions


def _in_cycle(cycle_id: int | None) -> ColumnElement[bool]:
    return true() if cycle_id is None else Objective.cycle_id == cycle_id


def _of_team(chosen: str) -> ColumnElement[bool]:
    if chosen == ANY:
        return true()
    if chosen in (COMPANY, PERSONAL):
        return Objective.level == chosen
    return Objective.team_id == int(chosen)


def _owned_by(kind: Kind, person: Person, chosen: str) -> ColumnElement[bool]:
    if chosen == ANY:
        return true()
    return has_owner(kind, person.id if chosen == ME else int(chosen))


def _counted_by(chosen: str) -> ColumnElement[bool]:
    if chosen == ANY:
        return true()
    is_linked = exists().where(
        Source.__table__.c.measure_id == Measure.id, Source.__table__.c.ended_at.is_(None)
    )
    if chosen == BY_HAND:
        return ~is_linked
    if chosen == LINKED:
        return is_linked
    return is_linked.where(Source.__table__.c.integration == chosen)
