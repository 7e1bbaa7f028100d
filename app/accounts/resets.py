"""Passwords that were forgotten: a link by mail, where there is mail, for whoever asks."""

from blinker import Signal
from sqlalchemy import select

from app.accounts.models import Person
from app.accounts.password_links import mailed_link
from app.audit.log import record
from app.db import db

password_reset_wanted = Signal()
"""Sent with a person, their new `link` and its `address`, in the transaction that makes the link.
Whoever sends mail connects to it and writes to the database alone, for the transaction may be
undone. Nobody but the person's mailbox may get
the address."""


def ask_reset(email: str) -> None:
    """Have a link sent to the account with this email, if there is one. Commits nothing.

    Without one the same is done for somebody else and undone, so that the time it takes tells no
    more than the answer does.
    """
    active = select(Person).where(Person.is_active.is_(True))
    somebody = db.session.scalars(active.order_by(Person.id).limit(1)).one()
    person = db.session.scalar(active.where(Person.email == email))
    attempt = db.session.begin_nested()
    link, address = mailed_link(person or somebody)
    password_reset_wanted.send(person or somebody, link=link, address=address)
    db.session.flush()  # so that both do it before the attempt ends
    if person is None:
        attempt.rollback()
        record("password.reset_asked")
    else:
        attempt.commit()
        record("password.reset_asked", "person", person.id, person.name)
