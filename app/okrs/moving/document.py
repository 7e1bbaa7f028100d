"""Everything as one JSON document, exact enough to build it up again somewhere else.

People are told by email and name, teams and cycles by name, items by their ids in this workspace.
Figures are text, such as "12.5" or "100/3", since JSON's numbers would round them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from app.accounts.models import Person, Workspace, workspace
from app.db import db, utcnow
from app.okrs.comments.models import Comment
from app.okrs.loading import Item, seen_measures
from app.okrs.models import Cycle, KeyResult, Measure, Objective, Reading
from app.okrs.moving.gathering import Gathered, SaidCheckIn, parent_of
from app.okrs.moving.origin import mark_of_workspace
from app.okrs.moving.table import figure_for_file
from app.okrs.standing import Standing, Thresholds, standing_of
from app.teams.models import Team, TeamMember

FORMAT, VERSION = "tally", 1

Json = dict[str, Any]


def document(gathered: Gathered) -> Json:
    """What `json.dumps` takes."""
    space = workspace()
    told = _People(gathered)
    readings, comments = _readings(gathered.person), _comments(gathered)
    today, thresholds, by_measure = space.today(), Thresholds.of(space), gathered.by_measure
    items = [
        {
            **_item(item, by_measure, told),
            "figures_on_export": _standing(standing_of(item, today, thresholds)),
            "source": _source(gathered, item),
            "check_ins": [
                _check_in(one, told) for one in gathered.check_ins.get(item.measure_id, ())
            ],
            "readings": readings[item.measure_id],
            "comments": [
                {**comment, "person": told.email(gathered.people[by])}
                for by, comment in comments[item.measure_id]
            ],
        }
        for item in gathered.items
    ]
    teams = [_team(team, members, told) for team, members in _members(gathered)]
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": _moment(utcnow()),
        "workspace": _workspace(space),
        "cycles": [_cycle(cycle) for cycle in reversed(gathered.cycles)],
        "teams": teams,
        "people": told.list(),
        "items": items,
    }


class _People:
    """Those who are named somewhere, and nobody else."""

    def __init__(self, gathered: Gathered) -> None:
        self._all = gathered.people
        self._named: dict[int, Person] = {}

    def email(self, person: Person) -> str:
        self._named[person.id] = person
        return person.email

    def email_of(self, person_id: int | None) -> str | None:
        return self.email(self._all[person_id]) if person_id is not None else None

    def list(self) -> list[Json]:
        people = sorted(self._named.values(), key=lambda one: (one.name, one.id))
        return [{"email": one.email, "name": one.name} for one in people]


def _workspace(space: Workspace) -> Json:
    return {
        "id": mark_of_workspace(space),
        "name": space.name,
        "time_zone": space.time_zone,
        "behind_above": figure_for_file(space.behind_above),
        "at_risk_above": figure_for_file(space.at_risk_above),
    }


def _cycle(cycle: Cycle) -> Json:
    return {
        "name": cycle.name,
        "first_day": cycle.starts_on.isoformat(),
        "last_day": cycle.ends_on.isoformat(),
        "closed_at": _moment(cycle.closed_at),
    }


def _team(team: Team, members: Iterable[int], told: _People) -> Json:
    return {
        "name": team.name,
        "lead": told.email_of(team.lead_id),
        "parent": team.parent.name if team.parent else None,
        "members": sorted(told.email_of(one) or "" for one in members),
        "archived_at": _moment(team.archived_at),
    }


def _item(item: Item, by_measure: Mapping[int, Item], told: _People) -> Json:
    parent = parent_of(item, by_measure)
    return {
        "id": item.measure_id,
        "kind": "key_result" if isinstance(item, KeyResult) else "objective",
        "title": item.title,
        "description": item.description,
        "owners": [told.email(one) for one in item.owners],
        "cycle": item.cycle.name,
        "first_day": _day(item.starts_on),
        "last_day": _day(item.ends_on),
        "parent": parent.measure_id if parent else None,
        "share": _figure(item.share),
        "tags": [tag.name for tag in item.measure.tags],
        "continues": item.measure.continues_id if item.measure.continues_id in by_measure else None,
        "created_at": _moment(item.created_at),
        **(_whose(item, told) if isinstance(item, Objective) else {}),
        "measure": _measure(item.measure),
        "ending": _ending(item.measure, told),
    }


def _whose(objective: Objective, told: _People) -> Json:
    return {
        "level": objective.level,
        "team": objective.team.name if objective.team else None,
        "is_private": objective.is_private,
        "viewers": [told.email(one) for one in objective.viewers],
        "viewer_teams": [one.name for one in objective.viewer_teams],
    }


def _measure(measure: Measure) -> Json:
    return {
        "kind": measure.kind,
        "start": figure_for_file(measure.start_value),
        "target": figure_for_file(measure.target_value),
        "unit": measure.unit,
        "guard": measure.guard,
        "warning": _figure(measure.warning_value),
        "series": measure.series,
        "value": _figure(measure.value),
        "matching_count": measure.matching_count,
        "completed_count": measure.completed_count,
        "valued_at": _moment(measure.valued_at),
        "override": measure.override,
        "automatic_value": _figure(measure.automatic_value),
    }


def _ending(measure: Measure, told: _People) -> Json | None:
    if measure.ended_as is None:
        return None
    return {
        "as": measure.ended_as,
        "at": _moment(measure.ended_at),
        "by": told.email_of(measure.ended_by_id),
        "final_value": _figure(measure.final_value),
        "score": _figure(measure.score),
        "note": measure.closing_note,
    }


def _standing(standing: Standing) -> Json:
    """For whoever reads the file; an import works them out anew."""
    return {
        "progress": figure_for_file(standing.progress),
        "expected": figure_for_file(standing.expected),
        "status": standing.status,
    }


def _source(gathered: Gathered, item: Item) -> Json | None:
    link = gathered.links.get(item.measure_id)
    return {"integration": link.integration, "criteria": link.definition} if link else None


def _check_in(said: SaidCheckIn, told: _People) -> Json:
    return {
        "id": said.id,
        "person": told.email(said.person),
        "made_at": _moment(said.made_at),
        "note": said.note,
        "value": _figure(said.value),
        "confidence": said.confidence,
        "override": said.override,
    }


def _readings(person: Person) -> defaultdict[int, list[Json]]:
    found: defaultdict[int, list[Json]] = defaultdict(list)
    rows = db.session.execute(
        select(
            Reading.measure_id,
            Reading.series,
            Reading.taken_at,
            Reading.value,
            Reading.matching_count,
            Reading.completed_count,
            Reading.check_in_id,
            Reading.is_beside,
        )
        .where(Reading.measure_id.in_(seen_measures(person)))
        .order_by(Reading.taken_at, Reading.id)
    )
    for measure_id, series, taken_at, value, matching, completed, check_in_id, is_beside in rows:
        reading = {"series": series, "taken_at": _moment(taken_at), "value": figure_for_file(value)}
        if matching is not None:
            reading |= {"matching_count": matching, "completed_count": completed}
        if check_in_id is not None:
            reading["check_in"] = check_in_id
        if is_beside:
            reading["is_beside"] = True
        found[measure_id].append(reading)
    return found


def _comments(gathered: Gathered) -> defaultdict[int, list[tuple[int, Json]]]:
    """With the ids of who wrote them, by the ids of measures."""
    found: defaultdict[int, list[tuple[int, Json]]] = defaultdict(list)
    rows = db.session.execute(
        select(
            Comment.measure_id, Comment.person_id, Comment.made_at, Comment.edited_at, Comment.text
        )
        .where(Comment.measure_id.in_(seen_measures(gathered.person)))
        .order_by(Comment.made_at, Comment.id)
    )
    for measure_id, person_id, made_at, edited_at, text in rows:
        comment = {"made_at": _moment(made_at), "edited_at": _moment(edited_at), "text": text}
        found[measure_id].append((person_id, comment))
    return found


def _members(gathered: Gathered) -> list[tuple[Team, list[int]]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for team_id, person_id in db.session.execute(
        select(TeamMember.team_id, TeamMember.person_id).order_by(TeamMember.person_id)
    ):
        found[team_id].append(person_id)
    return [(team, found[team.id]) for team in gathered.teams]


def _figure(value: Fraction | None) -> str | None:
    return None if value is None else figure_for_file(value)


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _moment(value: datetime | None) -> str | None:
    """In UTC, to the microsecond: the order of what happened in one second counts."""
    return value.isoformat() if value else None
