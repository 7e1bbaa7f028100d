"""Beginning and ending a session, and where to go after it."""

from unicodedata import category

from flask import session
from flask_login import login_user, logout_user
from sqlalchemy import select

from app.accounts.models import Person, nobody_has_password
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


def begin_session(person: Person) -> None:
    """Sign this person in, in a session that holds nothing of the one before."""
    session.clear()
    session.permanent = True
    login_user(person)


def end_session() -> None:
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
