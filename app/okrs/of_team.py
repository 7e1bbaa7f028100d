"""What a team is after, and what follows for objectives when who is in a team changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.access import me
from app.accounts.models import Person
from app.db import db
from app.okrs.belongings import hold_seen, seen_by_teams, show_own
from app.okrs.cycles import current_cycle
from app.okrs.levels import may_give
from app.okrs.loading import visible_objectives, with_standing
from app.okrs.models import TEAM, Cycle, Objective
from app.okrs.rollup.settling import note_change_of_figure
from app.okrs.rows import Row, rows_for, with_key_results
from app.teams.models import Team


@dataclass(frozen=True)
class Pursued:
    """The team's objectives of a cycle with their key results, as far as one sees them."""

    cycle: Cycle
    rows: Sequence[Row]
    may_add: bool
    """Whether whoever looks may make objectives for the team."""


def pursued_by(team: Team) -> Pursued:
    """For whoever is signed in; for templates. A number of statements that does not grow."""
    cycle = current_cycle()
    objectives = db.session.scalars(
        visible_objectives(me())
        .where(
            Objective.level == TEAM, Objective.team_id == team.id, Objective.cycle_id == cycle.id
        )
        .order_by(Objective.id)
        .options(*with_standing())
    ).all()
    return Pursued(cycle, rows_for(with_key_results(objectives)), may_give(me(), team))


def follow_membership(team: Team, *, left: Sequence[Person], by: Person, **_rest: Any) -> None:
    """Let roll-ups look anew at who sees what, and those who left see what is theirs.

    The private objectives that the team sees are held: someone may just be getting a key result.
    """
    hold_seen(team, left)
    note_change_of_figure(db.session(), db.session.scalars(seen_by_teams([team.id])).all())
    for person in left:
        show_own(person, by)
