"""Whose an objective is: the company's, a team's, or its owner's alone."""

from collections.abc import Sequence

from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.models import COMPANY, PERSONAL, TEAM, Objective
from app.teams.membership import is_in_team, teams_of
from app.teams.models import Team

_TEAM_KEY = "team-"
COMPANY_WORD, PERSONAL_WORD = "Company", "its owner"


def level_key(objective: Objective) -> str:
    """As the form sends it: "company", "team-3", "personal"."""
    return team_key(objective.team_id) if objective.level == TEAM else objective.level


def team_key(team_id: int | None) -> str:
    return f"{_TEAM_KEY}{team_id}"


def set_level(objective: Objective, key: str) -> None:
    """Let the objective belong to what the form offered. Commits nothing."""
    team = None
    if key.startswith(_TEAM_KEY):  # read before either is set, as the database allows only both
        team = db.session.get_one(Team, int(key.removeprefix(_TEAM_KEY)))
    objective.level, objective.team = (TEAM if team else key), team


def level_words(objective: Objective) -> str:
    """Whom it belongs to: "Company", "Marketing", "its owner"."""
    if objective.team is not None:
        return objective.team.name
    return COMPANY_WORD if objective.level == COMPANY else PERSONAL_WORD


def level_choices(person: Person, objective: Objective | None) -> list[tuple[str, str]]:
    """What this person may let the objective belong to: themselves, their teams, and whatever it
    belongs to now; admins, any team and the company, and they alone take it from the company."""
    if objective is not None and objective.level == COMPANY and not person.is_admin:
        return [(COMPANY, COMPANY_WORD)]
    choices = [(PERSONAL, "Its owner")]
    choices += [(team_key(one.id), one.name) for one in _teams(person, objective)]
    return [*choices, (COMPANY, COMPANY_WORD)] if person.is_admin else choices


def may_give(person: Person, team: Team) -> bool:
    """Whether the person may make objectives for the team."""
    if team.archived_at is not None or person.is_observer:
        return False
    return person.is_admin or is_in_team(person, team.id)


def _teams(person: Person, objective: Objective | None) -> Sequence[Team]:
    query = select(Team).order_by(Team.key)
    if not person.is_admin:
        query = query.where(Team.id.in_(teams_of(person)))
    offered = db.session.scalars(query.where(Team.archived_at.is_(None))).all()
    present = objective.team if objective is not None else None
    return offered if present is None or present in offered else [present, *offered]
