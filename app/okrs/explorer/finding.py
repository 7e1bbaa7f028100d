"""Finding the items of a view: plain rows in one statement, judged only where the view asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Row,
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
from app.okrs.loading import is_visible
from app.okrs.models import (
    COMPANY,
    PERSONAL,
    TEAM,
    Cycle,
    ItemOwner,
    ItemTag,
    KeyResult,
    Measure,
    Objective,
    Source,
)
from app.okrs.standing import Days, Judged, Standing, Thresholds, judge

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_exact = LongExact()


@dataclass(frozen=True)
class Judging:
    """What all standings of a page have in common."""

    today: date
    thresholds: Thresholds


class Candidate:
    """One item as it was read, with no more parsed than is asked for."""

    def __init__(self, row: Row[Any], judging: Judging) -> None:
        self._row, self._judging = row, judging
        self.measure_id: int = row.measure_id
        self.objective_id: int = row.objective_id
        self.objective_measure_id: int = row.objective_measure_id
        self.is_objective: bool = row.measure_id == row.objective_measure_id
        self.title: str = row.title
        self.owner_id: int = row.owner_id
        self.cycle_id: int = row.cycle_id
        self.team: str = str(row.team_id) if row.level == TEAM else row.level

    @cached_property
    def days(self) -> Days:
        """As `standing.days_of` has them."""
        row = self._row
        first, last = row.starts_on or row.cycle_starts_on, row.ends_on or row.cycle_ends_on
        return first, max(first, last)

    @cached_property
    def standing(self) -> Standing:
        return judge(cast(Judged, self), self.days, self._judging.today, self._judging.thresholds)

    @property
    def place(self) -> tuple[Any, ...]:
        """Where it was planned: cycle by cycle, key results in the order people gave them."""
        row = self._row
        return row.cycle_starts_on, row.cycle_id, row.objective_id, row.position, row.measure_id

    @property
    def changed_at(self) -> datetime:
        return self._row.valued_at or _LONG_AGO

    def says(self, text: str) -> bool:
        """Whether the text stands in its title or description, without regard to case."""
        return text in self.title.casefold() or text in self._row.description.casefold()

    def __getattr__(self, name: str) -> Any:
        """The figures that a standing follows from, parsed when one is asked for."""
        found = getattr(self._row, name)
        return _exact.process_result_value(found, _DIALECT) if name in _FIGURES else found


_FIGURES = {"start_value", "target_value", "warning_value", "value", "final_value"}
_DIALECT = cast(Any, None)
"""Exact numbers are text in every database."""


@dataclass(frozen=True)
class Found:
    """All items of a view, in its order."""

    candidates: Sequence[Candidate]

    @property
    def objective_count(self) -> int:
        return sum(one.is_objective for one in self.candidates)

    @property
    def key_result_count(self) -> int:
        return len(self.candidates) - self.objective_count


def find(person: Person, form: ExplorerForm) -> Found:
    """The items that the person may see and the form asks for; one statement at any size."""
    rows = db.session.execute(
        union_all(_objectives(person, form), _key_results(person, form))
    ).all()
    space = workspace()
    judging = Judging(space.today(), Thresholds.of(space))
    found = [Candidate(row, judging) for row in rows]
    if form.text.data:
        text = form.text.data.casefold()
        found = [one for one in found if one.says(text)]
    wanted = STATUSES.get(form.status.data)
    if wanted is not None:
        found = [one for one in found if one.standing.status in wanted]
    return Found(_sorted(found, form.sort.data))


def _sorted(found: list[Candidate], order: str) -> list[Candidate]:
    found.sort(key=lambda one: one.place)
    key: Callable[[Candidate], Any] | None = {
        TITLE: lambda one: one.title.casefold(),
        PROGRESS: lambda one: one.standing.progress,
        GAP: lambda one: -one.standing.gap,
        LAST_DAY: lambda one: one.days[1],
        CHANGED: lambda one: one.changed_at,
    }.get(order)
    if key is not None:
        found.sort(key=key, reverse=order == CHANGED)
    return found


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


def _columns(kind: type[Objective] | type[KeyResult], form: ExplorerForm) -> list[Any]:
    """What is read of each; long texts only where they are searched."""
    description = kind.description if form.text.data else null()
    return [
        Measure.id.label("measure_id"),
        kind.title,
        description.label("description"),
        kind.owner_id,
        kind.starts_on,
        kind.ends_on,
        Objective.measure_id.label("objective_measure_id"),
        Objective.level,
        Objective.team_id,
        Cycle.id.label("cycle_id"),
        Cycle.starts_on.label("cycle_starts_on"),
        Cycle.ends_on.label("cycle_ends_on"),
        Measure.kind,
        Measure.guard,
        Measure.part_count,
        Measure.parts_ended_as,
        Measure.ended_as,
        Measure.valued_at,
        *(type_coerce(getattr(Measure, one), String).label(one) for one in sorted(_FIGURES)),
    ]


def _conditions(
    kind: type[Objective] | type[KeyResult], person: Person, form: ExplorerForm
) -> list[ColumnElement[bool]]:
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


def _owned_by(
    kind: type[Objective] | type[KeyResult], person: Person, chosen: str
) -> ColumnElement[bool]:
    if chosen == ANY:
        return true()
    owner_id = person.id if chosen == ME else int(chosen)
    is_further = exists().where(ItemOwner.measure_id == Measure.id, ItemOwner.person_id == owner_id)
    return (kind.owner_id == owner_id) | is_further


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


def mean_progress(found: Found) -> Fraction | None:
    """How far its objectives are on average, each as 0 to 100; None where there are none."""
    progress = [one.standing.clamped for one in found.candidates if one.is_objective]
    return sum(progress, Fraction(0)) / len(progress) if progress else None
