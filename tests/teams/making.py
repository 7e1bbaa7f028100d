"""Teams made directly, committed."""

from app.accounts.models import Person
from app.db import db
from app.names import as_compared
from app.teams.models import Team


def make_team(
    name: str = "Marketing",
    lead: Person | None = None,
    members: tuple[Person, ...] = (),
    parent: Team | None = None,
) -> Team:
    team = Team(
        name=name,
        key=as_compared(name),
        lead_id=lead.id if lead else None,
        parent_id=parent.id if parent else None,
    )
    team.members = [db.session.merge(one) for one in members]
    db.session.add(team)
    db.session.commit()
    return team


def team_named(name: str) -> Team:
    return db.session.query(Team).filter_by(name=name).one()


def member_names(team: Team) -> list[str]:
    db.session.expire_all()
    return [one.name for one in db.session.get_one(Team, team.id).members]
