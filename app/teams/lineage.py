"""Teams that are part of teams."""

from sqlalchemy import select

from app.accounts.models import Workspace
from app.db import db
from app.teams.models import Team


def hold_teams() -> None:
    """Let nobody else change a team until the commit.

    All of them, for two changes at once could otherwise make each of two teams part of the other.
    Before people are held, as by those who change people.
    """
    db.session.execute(select(Workspace.id).with_for_update())


def within(team_id: int) -> set[int]:
    """The ids of the team and of all that are part of it, in any depth; in one statement."""
    below = select(Team.id).where(Team.id == team_id).cte("below", recursive=True)
    below = below.union(select(Team.id).join(below, Team.parent_id == below.c.id))
    return set(db.session.scalars(select(below.c.id)))
