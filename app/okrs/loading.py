"""Loading items with the access check. Every list, count and loader goes through one filter."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import TypeVar

from flask import abort
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.strategy_options import _AbstractLoad as Loading

from app.access import LARGEST_ID, by_id, found
from app.accounts.asking import Asking, asked_by
from app.accounts.models import Person
from app.db import db
from app.okrs.measure_loading import load_further_owners, load_sources
from app.okrs.models import (
    TEAM,
    Cycle,
    ItemOwner,
    KeyResult,
    Measure,
    Objective,
    ObjectiveViewer,
    ObjectiveViewerTeam,
)
from app.teams.membership import is_in_team, leads_team, teams_of
from app.teams.models import Team

Item = Objective | KeyResult
AnyItem = TypeVar("AnyItem", Objective, KeyResult)
Kind = type[Objective] | type[KeyResult]


def is_visible(person: Person | Asking) -> ColumnElement[bool]:
    """The one filter of what a person may see; key results are as visible as their objective."""
    return and_(Objective.deleted_at.is_(None), is_open_to(person))


def is_open_to(person: Person | Asking) -> ColumnElement[bool]:
    """Objectives that are not too private for the person, whether or not they lie in the bin."""
    if person.is_admin:
        return true()
    is_viewer = exists().where(
        ObjectiveViewer.objective_id == Objective.id, ObjectiveViewer.person_id == person.id
    )
    is_viewer_by_team = exists().where(
        ObjectiveViewerTeam.objective_id == Objective.id,
        ObjectiveViewerTeam.team_id.in_(teams_of(person)),
    )
    is_further_owner = exists().where(
        ItemOwner.measure_id == Objective.measure_id, ItemOwner.person_id == person.id
    )
    return or_(
        Objective.is_private.is_(False),
        Objective.owner_id == person.id,
        is_further_owner,
        is_viewer,
        is_viewer_by_team,
    )


def is_owned_by(person: Person | Asking, kind: Kind) -> ColumnElement[bool]:
    """Items of this kind of which the person is the owner or a further one."""
    return has_owner(kind, person.id)


def has_owner(kind: Kind, person_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """The same, by the id of the person."""
    further = select(ItemOwner.measure_id).where(ItemOwner.person_id == person_id)
    return or_(kind.owner_id == person_id, kind.measure_id.in_(further))


def is_item_owned_by(person: Person | Asking) -> ColumnElement[bool]:
    """The same where both kinds are read, as in `live_measures`: of each item for itself."""
    is_key_result = KeyResult.id.is_not(None)
    own = (is_key_result, is_owned_by(person, KeyResult))
    return case(own, else_=is_owned_by(person, Objective))


def visible_objectives(person: Person | Asking) -> Select[Objective]:
    return select(Objective).where(is_visible(person))


def visible_key_results(person: Person | Asking) -> Select[KeyResult]:
    return (
        select(KeyResult)
        .join(KeyResult.objective)
        .where(KeyResult.deleted_at.is_(None), is_visible(person))
        .options(contains_eager(KeyResult.objective).joinedload(Objective.cycle))
    )


@cache
def live_measures() -> Select[int]:
    """The ids of measures whose items run, neither deleted nor ended: what syncing is for."""
    return present_measures().where(Measure.ended_as.is_(None))


def present_measures() -> Select[int]:
    """The ids of measures whose items are not deleted."""
    return (
        select(Measure.id)
        .select_from(Measure)
        .outerjoin(KeyResult, KeyResult.measure_id == Measure.id)
        .join(
            Objective,
            or_(Objective.measure_id == Measure.id, Objective.id == KeyResult.objective_id),
        )
        .where(
            Objective.deleted_at.is_(None),
            or_(KeyResult.id.is_(None), KeyResult.deleted_at.is_(None)),
        )
    )


def seen_measures(person: Person) -> Select[int]:
    """The ids of the measures of all items that the person may see, whatever tables the query
    around it reads too."""
    return select(present_measures().where(is_visible(person)).subquery().c.id)


def may_see_item_of(person: Person, measure_id: int) -> bool:
    """Whether the item with this measure is there for this person."""
    seen = present_measures().where(Measure.id == measure_id, is_visible(person))
    return db.session.scalar(seen) is not None


@cache
def first_days() -> Select[int, date]:
    """The ids of live measures with the first days of their items, as `days_of` tells them."""
    own = case((KeyResult.id.is_not(None), KeyResult.starts_on), else_=Objective.starts_on)
    return (
        live_measures()
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .with_only_columns(Measure.id, func.coalesce(own, Cycle.starts_on).label("first_day"))
    )


def may_edit(person: Person, item: Item) -> bool:
    """Admins, the item's owners and the lead of its objective's team; a key result also by the
    owners of its objective. Never observers."""
    if person.is_observer:
        return False
    objective = objective_of(item)
    if person.is_admin or person.id in (item.owner_id, objective.owner_id):
        return True
    further = [*item.measure.further_owners, *objective.measure.further_owners]
    if any(one.id == person.id for one in further):
        return True
    return objective.level == TEAM and leads_team(person, objective.team_id)


def is_editable_by(person: Person, kind: Kind) -> ColumnElement[bool]:
    """The same for whoever is no observer, in a query that has the objective."""
    if person.is_admin:
        return true()
    return or_(
        is_owned_by(person, kind),
        is_owned_by(person, Objective),
        Objective.team_id.in_(select(Team.id).where(Team.lead_id == person.id)),
    )


def may_check_in(person: Person, item: Item) -> bool:
    """Those who may edit it, and the members of its objective's team. Never observers."""
    return may_edit(person, item) or may_add_to(person, objective_of(item))


def may_add_to(person: Person, objective: Objective) -> bool:
    """Whether the person may give the objective key results: who may edit it, and, of a team's,
    the members of the team."""
    if may_edit(person, objective):
        return True
    is_of_team = objective.level == TEAM and is_in_team(person, objective.team_id)
    return is_of_team and not person.is_observer


def objective_of(item: Item) -> Objective:
    """The objective itself, or that of the key result."""
    return item if isinstance(item, Objective) else item.objective


def objective_for(
    person: Person,
    objective_id: int,
    *,
    to_edit: bool = False,
    to_check_in: bool = False,
    to_add: bool = False,
) -> Objective:
    """The objective; 404 where it is not there for this person, 403 without the right to edit it,
    to check in, or to give it key results."""
    found_one = _one(_objective(person.is_admin), person, objective_id)
    objective = _checked(person, found_one, to_edit, to_check_in)
    if to_add and not may_add_to(person, objective):
        abort(403)
    return objective


def key_result_for(
    person: Person, key_result_id: int, *, to_edit: bool = False, to_check_in: bool = False
) -> KeyResult:
    """The key result; 404 and 403 as for an objective."""
    found_one = _one(_key_result(person.is_admin), person, key_result_id)
    return _checked(person, found_one, to_edit, to_check_in)


# Each is made once: that takes about as long as to ask it.


@cache
def _objective(by_admin: bool) -> Select[Objective]:
    options = with_standing(measure_of=_only_measure)
    query = visible_objectives(Asking(by_admin)).options(*options)
    return query.where(Objective.id == bindparam("item_id"))


@cache
def _key_result(by_admin: bool) -> Select[KeyResult]:
    return (
        visible_key_results(Asking(by_admin))
        .options(
            joinedload(KeyResult.owner),
            _only_measure(KeyResult),
            contains_eager(KeyResult.objective).options(
                _only_measure(Objective), joinedload(Objective.team)
            ),
        )
        .where(KeyResult.id == bindparam("item_id"))
    )


def measure_for(
    person: Person, measure_id: int, *, to_edit: bool = False, to_check_in: bool = False
) -> Measure:
    """The measure of an item; 404 and 403 as for the item itself."""
    item = by_id(Measure, measure_id).item
    if isinstance(item, Objective):
        return objective_for(person, item.id, to_edit=to_edit, to_check_in=to_check_in).measure
    return key_result_for(person, item.id, to_edit=to_edit, to_check_in=to_check_in).measure


def with_measure(kind: Kind) -> Loading:
    """Its measure, and in a query for all of them its source."""
    return joinedload(kind.measure).selectinload(Measure.source)


def _only_measure(kind: Kind) -> Loading:
    """Its measure, where `_load_the_rest` follows."""
    return joinedload(kind.measure)


def with_standing(measure_of: Callable[[Kind], Loading] = with_measure) -> Sequence[Loading]:
    """What an objective's standing and its rows need, in a number of queries that never grows."""
    return (
        joinedload(Objective.cycle),
        joinedload(Objective.owner),
        joinedload(Objective.team),
        measure_of(Objective),
        selectinload(Objective.key_results).options(
            joinedload(KeyResult.owner), measure_of(KeyResult)
        ),
    )


def _one(query: Select[AnyItem], person: Person, item_id: int) -> AnyItem | None:
    if item_id > LARGEST_ID:
        return None
    return db.session.scalars(query, asked_by(person, item_id=item_id)).one_or_none()


def _checked(person: Person, item: AnyItem | None, to_edit: bool, to_check_in: bool) -> AnyItem:
    present = found(item)
    # The measure was loaded with its item, so it need not ask whose it is.
    is_objective = isinstance(present, Objective)
    set_committed_value(present.measure, "objective", present if is_objective else None)
    set_committed_value(present.measure, "key_result", None if is_objective else present)
    _load_the_rest(person, present)
    if to_edit and not may_edit(person, present):
        abort(403)
    if to_check_in and not may_check_in(person, present):
        abort(403)
    return present


@cache
def _with_sight() -> Select[Objective]:
    """Whom a private objective is shown to: in one statement more, since most are for everyone."""
    shown_to = joinedload(Objective.viewers), joinedload(Objective.viewer_teams)
    return select(Objective).options(*shown_to).where(Objective.id == bindparam("item_id"))


def _load_the_rest(person: Person, item: Item) -> None:
    objective = objective_of(item)
    if objective.is_private:
        db.session.scalars(_with_sight(), {"item_id": objective.id}).unique().one()
    parts = item.key_results if isinstance(item, Objective) else []
    load_sources(one.measure for one in (item, *parts))
    if not person.is_admin:  # what admins may do, they may whoever owns it
        load_further_owners([item.measure, objective.measure])
