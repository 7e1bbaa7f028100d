"""Everything that a person may see, read for an export in a number of statements that is fixed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts.models import Person
from app.accounts.people import by_name, everyone
from app.db import db
from app.okrs.cycles import all_cycles
from app.okrs.integrations import all_integrations
from app.okrs.loading import Item, is_visible, seen_measures, visible_objectives
from app.okrs.models import (
    CheckIn,
    Cycle,
    ItemOwner,
    ItemTag,
    KeyResult,
    Objective,
    ObjectiveViewer,
    ObjectiveViewerTeam,
    Source,
    Tag,
)
from app.okrs.moving.models import WaitingSource
from app.teams.models import Team


@dataclass(frozen=True)
class SaidCheckIn:
    """A check-in as an export tells it."""

    id: int
    person: Person
    made_at: datetime
    note: str
    value: Fraction | None
    confidence: int | None
    override: str | None


@dataclass(frozen=True)
class Link:
    """How an item is linked, in words and ids of its integration and without its secrets."""

    integration: str
    definition: Mapping[str, Any]


@dataclass(frozen=True)
class Gathered:
    """The items with all that hangs on them loaded: owners, tags, viewers, cycles, teams."""

    person: Person
    items: Sequence[Item]
    """Each objective followed by its key results."""
    cycles: Sequence[Cycle]
    teams: Sequence[Team]
    people: Mapping[int, Person]
    check_ins: Mapping[int, Sequence[SaidCheckIn]]
    """By the ids of measures, oldest first."""
    links: Mapping[int, Link]
    """By the ids of measures."""

    @property
    def by_measure(self) -> dict[int, Item]:
        return {item.measure_id: item for item in self.items}


def gather(person: Person) -> Gathered:
    people = {one.id: one for one in everyone()}
    cycles, teams = all_cycles(), db.session.scalars(select(Team).order_by(Team.name)).all()
    objectives = db.session.scalars(
        visible_objectives(person).options(joinedload(Objective.measure)).order_by(Objective.id)
    ).all()
    key_results = _key_results(person, objectives)
    items: list[Item] = []
    for objective in objectives:
        items += [objective, *key_results[objective.id]]
    _load_people(person, objectives, items, people)
    _load_teams(person, objectives, teams)
    _load_tags(person, items)
    return Gathered(
        person=person,
        items=items,
        cycles=cycles,
        teams=teams,
        people=people,
        check_ins=_check_ins(person, people),
        links=_links(person, items),
    )


def _seen_objectives(person: Person) -> Select[int]:
    return select(select(Objective.id).where(is_visible(person)).subquery().c.id)


def _key_results(person: Person, objectives: Sequence[Objective]) -> dict[int, list[KeyResult]]:
    found: dict[int, list[KeyResult]] = defaultdict(list)
    query = (
        select(KeyResult)
        .join(KeyResult.objective)
        .where(KeyResult.deleted_at.is_(None), is_visible(person))
        .options(joinedload(KeyResult.measure))
        .order_by(KeyResult.position, KeyResult.id)
    )
    for one in db.session.scalars(query):
        found[one.objective_id].append(one)
    for objective in objectives:
        set_committed_value(objective, "key_results", found[objective.id])
    return found


def _load_people(
    person: Person,
    objectives: Sequence[Objective],
    items: Sequence[Item],
    people: Mapping[int, Person],
) -> None:
    further = _grouped(
        db.session.execute(
            select(ItemOwner.measure_id, ItemOwner.person_id).where(
                ItemOwner.measure_id.in_(seen_measures(person))
            )
        )
    )
    for item in items:
        owners = [people[one] for one in further[item.measure_id]]
        set_committed_value(item.measure, "further_owners", by_name(owners))
    viewers = _grouped(
        db.session.execute(
            select(ObjectiveViewer.objective_id, ObjectiveViewer.person_id).where(
                ObjectiveViewer.objective_id.in_(_seen_objectives(person))
            )
        )
    )
    for objective in objectives:
        chosen = [people[one] for one in viewers[objective.id]]
        set_committed_value(objective, "viewers", by_name(chosen))


def _load_teams(person: Person, objectives: Sequence[Objective], teams: Sequence[Team]) -> None:
    by_id = {one.id: one for one in teams}
    viewers = _grouped(
        db.session.execute(
            select(ObjectiveViewerTeam.objective_id, ObjectiveViewerTeam.team_id).where(
                ObjectiveViewerTeam.objective_id.in_(_seen_objectives(person))
            )
        )
    )
    for objective in objectives:
        chosen = [by_id[one] for one in viewers[objective.id]]
        chosen.sort(key=lambda team: (team.name, team.id))
        set_committed_value(objective, "viewer_teams", chosen)


def _load_tags(person: Person, items: Sequence[Item]) -> None:
    found: dict[int, list[Tag]] = defaultdict(list)
    rows = db.session.execute(
        select(ItemTag.measure_id, Tag)
        .join(Tag, Tag.id == ItemTag.tag_id)
        .where(ItemTag.measure_id.in_(seen_measures(person)))
        .order_by(Tag.name, Tag.id)
    )
    for measure_id, tag in rows:
        found[measure_id].append(tag)
    for item in items:
        set_committed_value(item.measure, "tags", found[item.measure_id])


def _check_ins(person: Person, people: Mapping[int, Person]) -> dict[int, list[SaidCheckIn]]:
    found: dict[int, list[SaidCheckIn]] = defaultdict(list)
    rows = db.session.execute(
        select(
            CheckIn.measure_id,
            CheckIn.id,
            CheckIn.person_id,
            CheckIn.made_at,
            CheckIn.note,
            CheckIn.value,
            CheckIn.confidence,
            CheckIn.override,
        )
        .where(CheckIn.measure_id.in_(seen_measures(person)))
        .order_by(CheckIn.made_at, CheckIn.id)
    )
    for measure_id, number, by, made_at, note, value, confidence, override in rows:
        said = SaidCheckIn(number, people[by], made_at, note, value, confidence, override)
        found[measure_id].append(said)
    return found


def _links(person: Person, items: Sequence[Item]) -> dict[int, Link]:
    """Of what is linked, and of what waits for being linked anew."""
    found: dict[int, Link] = {}
    waiting = select(WaitingSource).where(WaitingSource.measure_id.in_(seen_measures(person)))
    for one in db.session.scalars(waiting):
        found[one.measure_id] = Link(one.integration, one.definition)
    found_sources = db.session.scalars(
        select(Source)
        .where(Source.ended_at.is_(None), Source.measure_id.in_(seen_measures(person)))
        .order_by(Source.id)
    ).all()
    sources = {one.measure_id: one for one in found_sources}
    for item in items:
        set_committed_value(item.measure, "source", sources.get(item.measure_id))
    for integration in all_integrations():
        own = [source for source in found_sources if source.integration == integration.name]
        definitions = integration.portable(own) if own else {}
        for source in own:
            found[source.measure_id] = Link(integration.name, definitions[source.id])
    return found


def _grouped(rows: Iterable[Row[int, int]]) -> defaultdict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for key, value in rows:
        found[key].append(value)
    return found


def parent_of(item: Item, by_measure: Mapping[int, Item]) -> Item | None:
    """What the item is aligned under, where that may be seen too."""
    if isinstance(item, KeyResult):
        return item.objective
    return by_measure.get(item.parent_measure_id or 0)
