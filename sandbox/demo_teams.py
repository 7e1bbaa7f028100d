"""The sample workspace's teams, and what belongs to them."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.names import as_compared
from app.okrs.models import TEAM, Objective
from app.okrs.tags import tags_named
from app.teams.models import Team

TEAMS = (("Content", "Ada Ek", ("Mina Lund",)), ("Product", "Tom Okafor", ("Ada Ek", "Mina Lund")))
"""Names, leads and members."""
BELONGING = {
    "Publish what customers ask for": ("Content", ("growth", "writing")),
    "Launch reports without drama": ("Product", ("launch",)),
    "New teams settle in within a day": ("Product", ("growth",)),
}
"""The teams and the tags of the objectives that are not a person's alone."""
SHARED = {"Launch reports without drama": "Tom Okafor"}
"""Objectives with a further owner."""


def give_to_teams(
    session: Session, people: Mapping[str, Person], objectives: Mapping[str, Objective]
) -> None:
    teams = {}
    for name, lead, members in TEAMS:
        team = Team(name=name, key=as_compared(name), lead=people[lead])
        team.members = [people[one] for one in members]
        teams[name] = team
    session.add_all(teams.values())
    session.flush()  # the level of an objective goes with the id of its team
    for title, (name, tags) in BELONGING.items():
        one = objectives[title]
        one.level, one.team_id, one.measure.tags = TEAM, teams[name].id, tags_named(tags)
    for title, further_owner in SHARED.items():
        objectives[title].measure.further_owners = [people[further_owner]]
