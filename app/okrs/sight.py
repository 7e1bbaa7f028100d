"""Who sees an objective: everyone, or its owners, those chosen, and admins."""

from collections.abc import Collection, Iterable

from app.accounts.models import Person
from app.okrs.models import Objective
from app.teams.membership import people_in
from app.teams.models import Team

EVERYONE = "everyone"


def would_see(person: Person, onlooker_ids: Collection[int]) -> bool:
    """Whether the person sees a private objective with these onlookers.

    What is stored is asked by the filter `loading.is_visible`; this is for what was only typed.
    """
    return person.is_admin or person.id in onlooker_ids


def sees(person: Person, objective: Objective) -> bool:
    """Whether the person sees the objective as it is loaded here."""
    return not objective.is_private or would_see(person, onlookers(objective))


def onlookers(objective: Objective) -> frozenset[int]:
    """The ids of those who see a private objective, besides admins; who is in a team is read anew,
    in one statement for all of them."""
    people = [*objective.owners, *objective.viewers]
    teams = people_in([one.id for one in objective.viewer_teams])
    return teams | {one.id for one in people}


def set_sight(
    objective: Objective, is_private: bool, viewers: Iterable[Person], teams: Iterable[Team]
) -> None:
    """Let everyone see the objective, or only those people and teams. Commits nothing."""
    objective.is_private = is_private
    objective.viewers = list(viewers) if is_private else []
    objective.viewer_teams = list(teams) if is_private else []


def sight_words(objective: Objective, owner: str = "its owner") -> str:
    """ "everyone", or "its owner, Ana Ames, Bo Berg, the team Sales and admins"; `owner` is what
    they are to what the words are about."""
    if not objective.is_private:
        return EVERYONE
    people = [*objective.measure.further_owners, *objective.viewers]
    names = {one.id: one.name for one in people if one.id != objective.owner_id}
    teams = [f"the team {one.name}" for one in objective.viewer_teams]
    return f"{', '.join([owner, *names.values(), *teams])} and admins"
