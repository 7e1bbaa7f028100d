"""Signing in and out: who it is, beginning and ending a session, and where to go after it."""

from unicodedata import category

from flask import session
from flask_login import login_user, logout_user
from sqlalchemy import select

from app.accounts.models import Person, nobody_has_password
from app.accounts.sessions import end_present_session, start_session
from app.audit.log import record
from app.db import db

START = "/"


def person_with(email: str, password: str) -> Person | None:
    """Who this is; None, after the same work, for a wrong email, a wrong password or a lost right.

    The person is detached from the session: the check is slow, and no lock is held meanwhile.
    """
    person = db.session.scalar(select(Person).where(Person.email == email))
    db.session.close()
    if person is None:
        nobody_has_password(password)
        return None
    return person if person.has_password(password) and person.is_active else None


def record_refusal(email: str) -> None:
    """Put down that someone was refused; under the name of the account, where there is one.

    Without one there is an entry all the same: its absence would show in the time it takes.
    """
    person = db.session.scalar(select(Person).where(Person.email == email))
    if person is None:
        record("person.refused")
    else:
        record("person.refused", "person", person.id, person.name)


def begin_session(person: Person) -> None:
    """Sign this person in, in a session that holds nothing of the one before. Commits nothing."""
    end_present_session()
    session.clear()
    session.permanent = True
    start_session(person)
    login_user(person)


def end_session() -> None:
    """Sign out: whoever copied the cookie is out as well. Commits nothing."""
    end_present_session()
    logout_user()
    session.clear()


def local_path(target: str | None) -> str:
    """The target when it is a path on this site; else the start page.

    Browsers take `//host` and `/\\host` for another site and leave out tabs and line breaks.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return START
    if "\\" in target or any(category(sign) in ("Cc", "Zl", "Zp") for sign in target):
        return START
    return target
