"""Changing teams and who is in them, with a record of it. Nothing here commits."""

from collections.abc import Sequence

from blinker import Signal

from app.accounts.models import Person
from app.audit.edits import edits_between
from app.audit.log import record
from app.db import db, utcnow
from app.names import as_compared
from app.teams.membership import forget_membership, is_in_team
from app.teams.models import Team

membership_changed = Signal()
"""Sent with the team when who is in it has changed, in the transaction that changes it, with
`left`, who is no longer in it, and `by`. Receivers change rows and leave the commit."""


def make_team(name: str, lead: Person | None, parent: Team | None, by: Person) -> Team:
    """A new team without members. Raises IntegrityError where there is one of this name."""
    team = Team(name=name, key=as_compared(name), lead=lead, parent=parent)
    db.session.add(team)
    db.session.flush()  # the log tells it by its id, and a taken name shows here
    record("team.created", "team", team.id, team.name, by=by)
    return team


def change_team(
    team: Team, name: str, lead: Person | None, parent: Team | None, by: Person
) -> None:
    """Set all of it. Raises IntegrityError where another has this name."""
    before = _described(team)
    team.name, team.key, team.parent = name, as_compared(name), parent
    db.session.flush()  # a taken name shows here
    changed = edits_between(before, _described(team))
    if changed:
        record("team.edited", "team", team.id, team.name, by=by, changed=changed)
    change_lead(team, lead, by)


def change_lead(team: Team, lead: Person | None, by: Person) -> None:
    """Let someone lead the team, or nobody."""
    before = team.lead
    if lead is before:
        return
    team.lead = lead
    told = {"before": _name(before), "after": _name(lead)}
    record("team.lead_changed", "team", team.id, team.name, by=by, **told)
    _tell(team, [before] if before else [], by)


def add_members(team: Team, people: Sequence[Person], by: Person) -> list[Person]:
    """Those of the people who were not in it and are now."""
    new = [one for one in people if one not in team.members]
    for person in new:
        team.members.append(person)
        record("team.member_added", "team", team.id, team.name, by=by, who=person.name)
    if new:
        _tell(team, [], by)
    return new


def remove_member(team: Team, person: Person, by: Person) -> bool:
    """False where they were not in it."""
    if person not in team.members:
        return False
    team.members.remove(person)
    record("team.member_removed", "team", team.id, team.name, by=by, who=person.name)
    _tell(team, [person], by)
    return True


def archive(team: Team, by: Person) -> None:
    """Offer it no more. Its members, its objectives and what they see stay."""
    if team.archived_at is None:
        team.archived_at = utcnow()
        record("team.archived", "team", team.id, team.name, by=by)


def restore(team: Team, by: Person) -> None:
    if team.archived_at is not None:
        team.archived_at = None
        record("team.restored", "team", team.id, team.name, by=by)


def _tell(team: Team, people: Sequence[Person], by: Person) -> None:
    """Whoever leads it no more may still be a member, and the other way round."""
    db.session.flush()  # whoever is told looks who is in it
    forget_membership()
    left = [one for one in people if not is_in_team(one, team.id)]
    membership_changed.send(team, left=left, by=by)


def _described(team: Team) -> dict[str, str]:
    return {"name": team.name, "part of": team.parent.name if team.parent else "no other team"}


def _name(person: Person | None) -> str:
    return person.name if person else "nobody"
