"""Who is in a team: its members and its lead."""

from collections.abc import Collection

from sqlalchemy import Select, or_, select, union

from app.accounts.asking import Asking
from app.accounts.models import Person
from app.db import db
from app.teams.models import Team, TeamMember


def teams_of(person: Person | Asking) -> Select[int]:
    """The ids of the teams that the person is in or leads, archived ones too."""
    as_member = select(TeamMember.team_id).where(TeamMember.person_id == person.id)
    return select(Team.id).where(or_(Team.lead_id == person.id, Team.id.in_(as_member)))


def people_in(team_ids: Collection[int]) -> frozenset[int]:
    """The ids of who is in one of these teams or leads it; one statement, none without teams."""
    if not team_ids:
        return frozenset()
    members = select(TeamMember.person_id).where(TeamMember.team_id.in_(team_ids))
    leads = select(Team.lead_id).where(Team.id.in_(team_ids), Team.lead_id.is_not(None))
    return frozenset(db.session.scalars(union(members, leads)))


def is_in_team(person: Person, team_id: int | None) -> bool:
    """Whether the person is in this team or leads it; asked once a request and team."""
    return team_id in _known(person, "in", teams_of(person))


def leads_team(person: Person, team_id: int | None) -> bool:
    """Whether the person leads this team."""
    return team_id in _known(person, "leads", select(Team.id).where(Team.lead_id == person.id))


def forget_membership() -> None:
    """After a change of who is in a team: what was asked in this request holds no more."""
    db.session().info.pop(_KEPT, None)


_KEPT = "tally_teams"


def _known(person: Person, how: str, query: Select[int]) -> frozenset[int]:
    kept: dict[tuple[int, str], frozenset[int]] = db.session().info.setdefault(_KEPT, {})
    key = (person.id, how)
    if key not in kept:
        kept[key] = frozenset(db.session.scalars(query))
    return kept[key]
