"""Loading teams. Everyone here sees all of them; what may be changed is checked."""

from collections.abc import Sequence

from flask import abort
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from app.access import LARGEST_ID, found
from app.accounts.models import Person
from app.db import db
from app.teams.models import Team, TeamMember


def team_for(
    person: Person, team_id: int, *, to_edit: bool = False, to_staff: bool = False
) -> Team:
    """The team, read anew; 404 where there is none, 403 without the right.

    Admins edit it; they and its lead say who is in it (`to_staff`).
    """
    team = found(db.session.scalar(_wanted(team_id)) if team_id <= LARGEST_ID else None)
    if to_edit and not person.is_admin:
        abort(403)
    if to_staff and not may_staff(person, team):
        abort(403)
    return team


def may_staff(person: Person, team: Team) -> bool:
    """Whether the person may say who is in the team."""
    is_lead = team.lead_id == person.id and not person.is_observer
    return person.is_admin or is_lead


def all_teams() -> Sequence[Team]:
    """Every team, archived ones too, by name."""
    return db.session.scalars(select(Team).order_by(Team.key)).all()


def teams_with_counts() -> Sequence[Row[Team, int]]:
    """Every team with its lead, its parent and the number of its members; one statement."""
    members = (
        select(TeamMember.team_id, func.count().label("count"))
        .group_by(TeamMember.team_id)
        .subquery()
    )
    return db.session.execute(
        select(Team, func.coalesce(members.c.count, 0))
        .outerjoin(members, members.c.team_id == Team.id)
        .options(joinedload(Team.lead), joinedload(Team.parent))
        .order_by(Team.key)
    ).all()


def teams_within(team: Team) -> Sequence[Team]:
    """The teams that are directly part of this one, by name."""
    return db.session.scalars(
        select(Team).where(Team.parent_id == team.id, Team.archived_at.is_(None)).order_by(Team.key)
    ).all()


def _wanted(team_id: int) -> Select[Team]:
    return (
        select(Team)
        .where(Team.id == team_id)
        .options(joinedload(Team.lead), joinedload(Team.parent), selectinload(Team.members))
        .execution_options(populate_existing=True)
    )
