"""The cast: Alice is an admin, Bob and Carol are members, Dave may no longer sign in."""

from functools import cache
from typing import Any

from app.accounts.models import MEMBER, Person
from app.db import db

PASSWORD = "correct horse battery"


@cache
def _password_hash() -> str:
    """Worked out once for the whole run: a hash is slow by design."""
    someone = Person()
    someone.choose_password(PASSWORD)
    assert someone.password_hash is not None
    return someone.password_hash


def make_person(name: str, role: str = MEMBER, **values: Any) -> Person:
    """Someone with an account and the cast's password, committed."""
    values.setdefault("email", f"{name.split()[0].lower()}@example.com")
    values.setdefault("password_hash", _password_hash())
    person = Person(name=name, role=role, **values)
    db.session.add(person)
    db.session.commit()
    return person
