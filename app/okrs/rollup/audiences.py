"""Who sees private objectives, where one lies under another: a figure that more people see must
not give away what is in it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

from sqlalchemy import ColumnElement, or_, select, union
from sqlalchemy.orm import Session

from app.okrs.models import ItemOwner, Objective, ObjectiveViewer, ObjectiveViewerTeam
from app.teams.models import Team, TeamMember


class Seen(Protocol):
    """What of an objective tells who sees it; the columns are those of Objective."""

    @property
    def id(self) -> int: ...
    @property
    def is_private(self) -> bool: ...


def is_as_private(parent: Seen, child: Seen, audiences: Mapping[int, frozenset[int]]) -> bool:
    """Whether everyone who sees the parent sees the child too; admins see both."""
    if not child.is_private:
        return True
    return parent.is_private and audiences[parent.id] <= audiences[child.id]


def audiences_of(session: Session, pairs: Iterable[tuple[Seen, Seen]]) -> dict[int, frozenset[int]]:
    """Who sees the private ones among these, as ids of people; asked only where it matters."""
    private = {one.id for pair in pairs if all(one.is_private for one in pair) for one in pair}
    if not private:
        return {}
    found: dict[int, set[int]] = defaultdict(set)
    is_asked: ColumnElement[bool] = Objective.id.in_(private)
    lead_or_member = or_(Team.lead_id.is_not(None), TeamMember.person_id.is_not(None))
    by_team = (
        select(Objective.id, TeamMember.person_id, Team.lead_id)
        .join(ObjectiveViewerTeam, ObjectiveViewerTeam.objective_id == Objective.id)
        .join(Team, Team.id == ObjectiveViewerTeam.team_id)
        .outerjoin(TeamMember, TeamMember.team_id == Team.id)
        .where(is_asked, lead_or_member)
    )
    by_name = union(
        select(Objective.id, Objective.owner_id).where(is_asked),
        select(Objective.id, ItemOwner.person_id)
        .join(ItemOwner, ItemOwner.measure_id == Objective.measure_id)
        .where(is_asked),
        select(ObjectiveViewer.objective_id, ObjectiveViewer.person_id).where(
            ObjectiveViewer.objective_id.in_(private)
        ),
    )
    for objective_id, *people in [*session.execute(by_name), *session.execute(by_team)]:
        found[objective_id].update(one for one in people if one is not None)
    return {one: frozenset(found[one]) for one in private}
