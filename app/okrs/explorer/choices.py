"""What the explorer's filters offer besides cycles: teams, people, tags and saved views."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CompoundSelect, String, cast, literal, null, or_, select, union_all

from app.accounts.models import OBSERVER, Person
from app.db import db
from app.okrs.explorer.addresses import explorer_address
from app.okrs.explorer.models import SavedView
from app.okrs.loading import seen_measures
from app.okrs.models import ItemTag, Tag
from app.teams.models import Team

Choice = tuple[str, str]


@dataclass(frozen=True)
class Kept:
    """A saved view, as a link."""

    id: int
    name: str
    query: str
    is_own: bool

    @property
    def address(self) -> str:
        return explorer_address(self.query)


@dataclass(frozen=True)
class Choices:
    """In the order of their names."""

    teams: list[Choice] = field(default_factory=list)
    people: list[Choice] = field(default_factory=list)
    tags: list[Choice] = field(default_factory=list)
    views: list[Kept] = field(default_factory=list)


def choices_for(person: Person) -> Choices:
    """All of them in one statement: there are few, and a page may ask for little."""
    none = null()
    teams = select(literal("team"), Team.id, Team.name, cast(Team.archived_at, String), none)
    people = select(
        literal("person"), Person.id, Person.name, none, cast(Person.is_active, String)
    ).where(or_(Person.role != OBSERVER, Person.is_active.is_(False)))
    tags = select(literal("tag"), Tag.id, Tag.name, none, none).where(
        Tag.id.in_(select(ItemTag.tag_id).where(ItemTag.measure_id.in_(seen_measures(person))))
    )
    is_offered = or_(SavedView.person_id == person.id, SavedView.is_shared.is_(True))
    views = select(
        literal("view"),
        SavedView.id,
        SavedView.name,
        SavedView.query,
        cast(SavedView.person_id, String),
    ).where(is_offered)
    found = Choices()
    every: CompoundSelect[Any] = union_all(teams, people, tags, views)
    rows: Sequence[Any] = db.session.execute(every).all()
    for kind, id_, name, more, flag in rows:
        if kind == "team":
            found.teams.append((str(id_), f"{name} (archived)" if more else name))
        elif kind == "person":
            is_active = str(flag).lower() in ("1", "true")
            found.people.append((str(id_), name if is_active else f"{name} (deactivated)"))
        elif kind == "tag":
            found.tags.append((str(id_), name))
        else:
            found.views.append(Kept(id_, name, more, flag == str(person.id)))
    for listed in (found.teams, found.people, found.tags):
        listed.sort(key=lambda choice: choice[1].casefold())
    found.views.sort(key=lambda view: (not view.is_own, view.name.casefold()))
    return found
