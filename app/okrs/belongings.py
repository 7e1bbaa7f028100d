"""Objectives and key results that someone has to own for as long as they run."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from sqlalchemy.orm.strategy_options import _AbstractLoad as Loading

from app.accounts.belongings import Belonging
from app.accounts.models import Person, workspace
from app.accounts.people import by_name
from app.db import db
from app.okrs.changes import FURTHER_OWNERS, OWNER, VIEWERS, names_words, note_change, record_edit
from app.okrs.holding import hold_ids
from app.okrs.loading import Item, Kind, is_owned_by
from app.okrs.models import Cycle, KeyResult, Measure, Objective, ObjectiveViewerTeam
from app.okrs.rollup.settling import note_change_of_figure
from app.okrs.sight import sees, set_sight, sight_words
from app.teams.models import Team

_NOTE = "Beside others. Whoever takes over owns it with them."


def what(person: Person) -> list[Belonging]:
    """The person's objectives and key results that are neither over, ended nor deleted."""
    owned, shared = _running(person)
    objectives = [one.title for one in owned if isinstance(one, Objective)]
    key_results = [one.title for one in owned if isinstance(one, KeyResult)]
    return [
        Belonging("objective", objectives),
        Belonging("key result", key_results),
        Belonging("item", [one.title for one in shared], _NOTE, trait="with several owners"),
    ]


def hold_all_of(giver: Person) -> None:
    """In one step with what the teams see that the giver leads: others will lead them."""
    running = [one for some in _running(giver) for one in some]
    led = db.session.scalars(select(Team.id).where(Team.lead_id == giver.id)).all()
    own = db.session.scalars(_owned_key_results(giver)).all()
    hold_ids(_written_with([*running, *own]) | set(db.session.scalars(seen_by_teams(led))))


def hold_seen(team: Team, left: Iterable[Person]) -> None:
    """Let nobody save, until the commit, what the team sees, and what is theirs who left it."""
    own = [one for person in left for one in db.session.scalars(_owned_key_results(person))]
    hold_ids(_written_with(own) | set(db.session.scalars(seen_by_teams([team.id]))))


def seen_by_teams(team_ids: Collection[int]) -> Select[int]:
    """The measures of the private objectives that these teams see."""
    return (
        select(Objective.measure_id)
        .join(ObjectiveViewerTeam, ObjectiveViewerTeam.objective_id == Objective.id)
        .where(ObjectiveViewerTeam.team_id.in_(team_ids))
    )


def hand_over(giver: Person, heir: Person, by: Person) -> None:
    """Make the heir the owner of what runs, or a further one. What is over keeps its owners. All
    of it has to be held.

    The heir gets to see the private objectives of key results that become theirs.
    """
    owned, shared = _running(giver)
    for item in owned:
        item.owner = heir
        note_change(item.measure, by, OWNER, giver.name, heir.name)
        record_edit(item, by, {OWNER: (giver.name, heir.name)})
    for item in [*owned, *shared]:
        _replace_further(item, giver, heir, by)
    items = [*owned, *shared]
    private = [one for one in items if isinstance(one, Objective) and one.is_private]
    note_change_of_figure(db.session(), [one.measure_id for one in private])
    _show_objectives([one for one in items if isinstance(one, KeyResult)], heir, by)


def _replace_further(item: Item, giver: Person, heir: Person, by: Person) -> None:
    """Put the heir in the giver's place, and nobody there who is the owner anyway."""
    further = item.measure.further_owners
    kept = {one for one in further if one is not giver}
    now = by_name((kept | {heir} if giver in further else kept) - {item.owner})
    if now == further:
        return
    before, after = names_words(further), names_words(now)
    item.measure.further_owners = now
    note_change(item.measure, by, FURTHER_OWNERS, before, after)
    record_edit(item, by, {FURTHER_OWNERS: (before, after)})


def show_own(person: Person, by: Person) -> None:
    """Let the person see the private objectives of their key results, of those that are over too.

    Admins see them anyway; and who was deactivated could be left out.
    """
    if person.is_admin:
        return
    # All are held, not only those of private objectives: one may just be becoming private.
    hold_ids(_written_with(db.session.scalars(_owned_key_results(person)).all()))
    _show_objectives(db.session.scalars(_owned_key_results(person)).all(), person, by)


def _written_with(items: Iterable[Item]) -> set[int]:
    """The measures to be held so that nobody saves these, or changes who sees them."""
    measures = set()
    for item in items:
        measures.add(item.measure_id)
        if isinstance(item, KeyResult):
            measures.add(item.objective.measure_id)
    return measures


def _show_objectives(key_results: Iterable[KeyResult], person: Person, by: Person) -> None:
    for objective in {one.objective.id: one.objective for one in key_results}.values():
        if not sees(person, objective):
            _show(objective, person, by)


def _show(objective: Objective, person: Person, by: Person) -> None:
    before = sight_words(objective)
    set_sight(objective, True, by_name([*objective.viewers, person]), objective.viewer_teams)
    after = sight_words(objective)
    note_change(objective.measure, by, VIEWERS, before, after)
    note_change_of_figure(db.session(), [objective.measure_id])
    record_edit(objective, by, {VIEWERS: (before, after)})


def _running(person: Person) -> tuple[list[Item], list[Item]]:
    """What runs of which the person is the owner, and of which they are a further one."""
    objectives = db.session.scalars(
        select(Objective)
        .join(Objective.cycle)
        .where(is_owned_by(person, Objective), Objective.deleted_at.is_(None), _runs(Objective))
        .options(*_with_onlookers())
        .order_by(Objective.title, Objective.id)
        .execution_options(populate_existing=True)
    )
    key_results = db.session.scalars(_owned_key_results(person).where(_runs(KeyResult)))
    items: list[Item] = [*objectives, *key_results]
    owned = [one for one in items if one.owner_id == person.id]
    return owned, [one for one in items if one.owner_id != person.id]


def _owned_key_results(person: Person) -> Select[KeyResult]:
    """With those that are over. Read anew."""
    return (
        select(KeyResult)
        .join(KeyResult.objective)
        .join(Objective.cycle)
        .where(
            is_owned_by(person, KeyResult),
            KeyResult.deleted_at.is_(None),
            Objective.deleted_at.is_(None),
        )
        .options(
            joinedload(KeyResult.owner),
            joinedload(KeyResult.measure).selectinload(Measure.further_owners),
            contains_eager(KeyResult.objective).options(*_with_onlookers()),
        )
        .order_by(KeyResult.title, KeyResult.id)
        .execution_options(populate_existing=True)
    )


def _with_onlookers() -> Sequence[Loading]:
    """What tells who sees an objective."""
    return (
        joinedload(Objective.owner),
        joinedload(Objective.measure).selectinload(Measure.further_owners),
        selectinload(Objective.viewers),
        selectinload(Objective.viewer_teams),
    )


def _runs(kind: Kind) -> ColumnElement[bool]:
    """What has not ended and is not over today, by the rule of `standing.days_of`."""
    today = workspace().today()
    is_not_over = or_(
        func.coalesce(kind.ends_on, Cycle.ends_on) >= today,
        func.coalesce(kind.starts_on, Cycle.starts_on) >= today,
    )
    return and_(kind.measure.has(Measure.ended_as.is_(None)), is_not_over)
