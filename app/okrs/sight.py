"""Who sees an objective: everyone, or its owner, those chosen, and admins."""

from collections.abc import Collection, Iterable

from app.accounts.models import Person
from app.okrs.models import Objective
from app.teams.membership import is_in_team

EVERYONE = "everyone"


def would_see(person: Person, owner_id: int, viewer_ids: Collection[int]) -> bool:
    """Whether the person sees a private objective of this owner and these viewers.

    What is stored is asked by the filter `loading.is_visible`; this is for what was only typed.
    """
    return person.is_admin or person.id == owner_id or person.id in viewer_ids


def sees(person: Person, objective: Objective) -> bool:
    """Whether the person sees the objective as it is loaded here."""
    if not objective.is_private:
        return True
    viewers = [*objective.viewers, *objective.measure.further_owners]
    if would_see(person, objective.owner_id, [one.id for one in viewers]):
        return True
    return any(is_in_team(person, one.id) for one in objective.viewer_teams)


def set_sight(objective: Objective, is_private: bool, viewers: Iterable[Person]) -> None:
    """Let everyone see the objective, or only those people. Commits nothing."""
    objective.is_private = is_private
    objective.viewers = list(viewers) if is_private else []


def sight_words(objective: Objective, owner: str = "its owner") -> str:
    """ "everyone", or "its owner, Ana Ames, Bo Berg and admins"; `owner` is what they are to what
    the words are about."""
    if not objective.is_private:
        return EVERYONE
    names = [one.name for one in objective.viewers if one.id != objective.owner_id]
    return f"{', '.join([owner, *names])} and admins"
