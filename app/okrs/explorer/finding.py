"""Finding the items of a view, in one statement."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    cast,
    exists,
    literal,
    null,
    select,
    true,
    type_coerce,
    union_all,
)

from app.accounts.models import Person
from app.db import db
from app.names import as_compared
from app.okrs.explorer.candidates import FIGURES, Candidate, Found, Judging
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
    Cycle,
    ItemTag,
    KeyResult,
    Measure,
    Objective,
    Source,
)

_OF_PROGRESS = ("kind", "guard")
_OF_STATUS = ("part_count", "parts_ended_as", "ended_as")


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
        text = as_compared(form.text.data)
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
    figures += [type_coerce(getattr(Measure, one), String).label(one) for one in FIGURES]
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
    return cast(null(), column.type).label(column.key)


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
