"""Who and what can be chosen in an item's form, and what was chosen before."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from app.accounts.models import Person
from app.accounts.people import by_name, possible_owners
from app.db import db
from app.okrs.loading import Item
from app.okrs.measure_loading import load_further_owners
from app.okrs.models import Objective
from app.okrs.sight import onlookers, would_see
from app.teams.loading import all_teams


def owners_to_choose(person: Person, item: Item | None, *, is_own_only: bool) -> Sequence[Person]:
    """Who may own it: a member makes objectives for themselves; what exists may be handed on."""
    if is_own_only and not person.is_admin:
        return [person]
    owners = possible_owners()
    if item is None or item.owner in owners:
        return owners
    return by_name([*owners, item.owner])


def further_owners_to_choose(item: Item | None) -> Sequence[Person]:
    """Who may be chosen, and those who are."""
    owners = possible_owners()
    present = item.measure.further_owners if item is not None else []
    return by_name({*owners, *present})


def outsiders_among(people: Sequence[Person], objective: Objective) -> dict[int, str]:
    """Who of these people does not see the objective: ids and names."""
    if not objective.is_private:
        return {}
    seeing = onlookers(objective)
    return {one.id: one.name for one in people if not would_see(one, seeing)}


def named(people: Sequence[Person]) -> list[tuple[int, str]]:
    return [(one.id, one.name if one.is_active else f"{one.name} (deactivated)") for one in people]


def viewers_to_choose(objective: Objective | None) -> list[tuple[int, str]]:
    """Everyone who can sign in, observers too, and those who were chosen before they left."""
    chosen = [one.id for one in objective.viewers] if objective else []
    people = db.session.scalars(
        select(Person)
        .where(or_(Person.is_active.is_(True), Person.id.in_(chosen)))
        .order_by(Person.name, Person.id)
    ).all()
    return named(people)


def viewer_teams_to_choose(objective: Objective | None) -> list[tuple[int, str]]:
    """All teams but archived ones, and those of which some were chosen before."""
    chosen = [one.id for one in objective.viewer_teams] if objective else []
    return [
        (one.id, one.name) for one in all_teams() if one.archived_at is None or one.id in chosen
    ]


def owners_of_parts(objective: Objective) -> list[Person]:
    """Who owns a key result of it and can sign in, each once."""
    load_further_owners(one.measure for one in objective.key_results)
    owners = {owner for one in objective.key_results for owner in one.owners if owner.is_active}
    return by_name(owners)
