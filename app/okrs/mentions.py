"""Who is meant by “@Full Name” or “@First” in a text."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from blinker import Signal
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.names import as_compared
from app.okrs.comments.models import Comment, Mention
from app.okrs.loading import Item, is_visible
from app.okrs.models import CheckIn, Objective

people_mentioned = Signal()
"""Sent with the item, in the transaction that stores the text, with `people`, `by` and `text`.
Receivers add rows and leave the commit."""


def mention(item: Item, place: CheckIn | Comment, text: str, by: Person) -> None:
    """Let those know who are mentioned in what is said of an item there, new or edited: each once.

    Who is no longer mentioned and has not seen it is not led there any more. Commits nothing.
    """
    is_check_in = isinstance(place, CheckIn)
    people = mentioned(text, item, by)
    known: dict[int, Mention] = {}
    if place.id is not None:
        of_place = Mention.check_in_id if is_check_in else Mention.comment_id
        found = db.session.scalars(select(Mention).where(of_place == place.id))
        known = {one.person_id: one for one in found}
    meant = {one.id for one in people}
    for person_id, gone in known.items():
        if person_id not in meant and gone.seen_at is None:
            db.session.delete(gone)
    told = [one for one in people if one.id not in known]
    for person in told:
        where = {"check_in": place} if is_check_in else {"comment": place}
        db.session.add(Mention(person_id=person.id, by_id=by.id, measure=item.measure, **where))
    if told:
        people_mentioned.send(item, people=told, by=by, text=text)


def mentioned(text: str, item: Item, by: Person) -> list[Person]:
    """Whom the text means, among those who may see the item; never its author."""
    if "@" not in text:
        return []
    others = select(Person).where(Person.is_active.is_(True), Person.id != by.id)
    meant = _meant(text, [*db.session.scalars(others), by])
    return [person for person in meant if person.id != by.id and _may_see(person, item)]


def _may_see(person: Person, item: Item) -> bool:
    objective_id = item.id if isinstance(item, Objective) else item.objective_id
    seen = select(Objective.id).where(Objective.id == objective_id, is_visible(person))
    return db.session.scalar(seen) is not None


def _meant(text: str, people: Sequence[Person]) -> list[Person]:
    """A name that several have means none of them. The longest that fits is the one."""
    names = _unambiguous(people)
    if not names:
        return []
    longest_first = sorted(names, key=len, reverse=True)
    pattern = "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest_first)
    found = re.finditer(rf"(?<![\w@.])@({pattern})(?!\w|-\w)", as_compared(text))
    meant = {names[" ".join(match[1].split())].id: match for match in found}
    return [person for person in people if person.id in meant]


def _unambiguous(people: Iterable[Person]) -> dict[str, Person]:
    """Full names, and first names where no full name and no other first name is the same."""
    listed = [(" ".join(as_compared(person.name).split()), person) for person in people]
    full = Counter(name for name, _ in listed)
    first = Counter(name.partition(" ")[0] for name, _ in listed)
    names = {}
    for name, person in listed:
        short = name.partition(" ")[0]
        if first[short] == 1 and not (full[short] and short != name):
            names[short] = person
    names.update({name: person for name, person in listed if name and full[name] == 1})
    names.pop("", None)
    return names
