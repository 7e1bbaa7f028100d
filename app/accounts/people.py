"""Who is here: lists of people, and the rules by which someone gets another role or leaves."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from flask import abort
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from app.access import by_id
from app.accounts.belongings import hand_over, show_own
from app.accounts.models import ADMIN, OBSERVER, Person, PersonSession, Workspace
from app.accounts.password_links import withdraw_links
from app.accounts.sessions import end_sessions
from app.accounts.ways_in import has_come_in
from app.audit.log import record
from app.db import db
from app.names import without_accents

LAST_ADMIN = "Nobody else can sign in as an admin. Make someone else an admin first."


def possible_owners() -> Sequence[Person]:
    """Who may own items and connections: everyone who can sign in, but for observers; by name."""
    return db.session.scalars(
        select(Person)
        .where(Person.is_active.is_(True), Person.role != OBSERVER)
        .order_by(Person.name, Person.id)
    ).all()


def by_name(people: Iterable[Person]) -> list[Person]:
    """These people in the order in which `possible_owners` come."""
    return sorted(people, key=lambda one: (one.name, one.id))


def everyone() -> Sequence[Person]:
    """All who have an account, had one, or are invited; by name."""
    return db.session.scalars(select(Person).order_by(func.lower(Person.name), Person.id)).all()


def who_fit(people: Iterable[Person], text: str) -> list[Person]:
    """Those who have each word of the text in their name or email; without their accents too."""
    words = without_accents(text).split()
    told = ((one, without_accents(f"{one.name} {one.email}")) for one in people)
    return [one for one, name in told if all(word in name for word in words)]


def last_seen() -> dict[int, datetime]:
    """When each person was last here, to about an hour, by their id."""
    rows = db.session.execute(
        select(PersonSession.person_id, func.max(PersonSession.seen_at)).group_by(
            PersonSession.person_id
        )
    )
    return dict(rows.all())


def hold_person(admin: Person, person_id: int) -> Person:
    """This person, read anew; people are changed one after another until the commit.

    404 where there is none. Two admins may take each other's role at the same moment: the slower
    one is none any more, and is answered with 403.
    """
    db.session.execute(select(Workspace.id).with_for_update())
    person = by_id(Person, person_id)
    # Held as well, so that whoever is just making it the owner of something comes before or after.
    person.hold(to_change=True)
    db.session.refresh(admin)
    if not (admin.is_active and admin.is_admin):
        abort(403)
    return person


def is_last_admin(person: Person) -> bool:
    """Whether this is an admin, and nobody else could sign in as one."""
    another = select(Person.id).where(
        Person.id != person.id,
        Person.role == ADMIN,
        Person.is_active.is_(True),
        has_come_in(),
    )
    return person.is_admin and db.session.scalar(another.limit(1)) is None


def change_role(person: Person, role: str, heir: Person | None, by: Person) -> None:
    """Give this person another role, and to the heir what an observer can't own."""
    before, person.role = person.role, role
    record(
        "person.role_changed", "person", person.id, person.name, by=by, before=before, after=role
    )
    if heir is not None:
        _hand_over(person, heir, by)
    show_own(person, by)


def deactivate(person: Person, heir: Person | None, by: Person) -> None:
    """Close the account, end its sessions and links, and give what belongs to it to the heir."""
    person.deactivate()
    end_sessions(person)
    withdraw_links(person)
    record("person.deactivated", "person", person.id, person.name, by=by)
    if heir is not None:
        _hand_over(person, heir, by)


def reactivate(person: Person, by: Person) -> None:
    """Open the account again, and let the person see what was closed to them meanwhile."""
    person.reactivate()
    record("person.reactivated", "person", person.id, person.name, by=by)
    show_own(person, by)


def forget_invited(person: Person) -> bool:
    """Delete someone who never came in. False when they just did, or something is theirs by now."""
    try:
        with db.session.begin_nested():
            forgotten = db.session.scalar(
                delete(Person)
                .where(
                    Person.id == person.id,
                    Person.is_active.is_(True),
                    Person.password_hash.is_(None),
                    Person.oidc_subject.is_(None),
                )
                .returning(Person.id)
            )
    except IntegrityError:
        return False
    return forgotten is not None


def _hand_over(giver: Person, heir: Person, by: Person) -> None:
    hand_over(giver, heir, by)
    record("belongings.handed_over", "person", giver.id, giver.name, by=by, to=heir.name)
