"""The one-time links by which people choose a password: made, found, used, withdrawn."""

from datetime import timedelta

from blinker import Signal
from flask import url_for
from sqlalchemy import select, update
from sqlalchemy.exc import InvalidRequestError

from app.accounts.models import (
    MAILED_LINK_LIFE,
    PASSWORD_LINK_LIFE,
    PasswordLink,
    Person,
    hash_password,
    hash_token,
)
from app.db import db, utcnow
from app.security import site_origin

link_handed_out = Signal()
"""Sent with a person, their new `link` and its `address`, in the transaction that makes the link.
Whoever mails it says so with True, and leaves the commit."""


def open_link(token: str) -> PasswordLink | None:
    """The link with this token, while it can still be used."""
    link = db.session.scalar(
        select(PasswordLink).where(PasswordLink.token_hash == hash_token(token))
    )
    return link if link and link.is_open and link.person.is_active else None


def open_links() -> dict[int, PasswordLink]:
    """The links that can still be used, by the id of their person: the one that lasts longest."""
    found = db.session.scalars(
        select(PasswordLink)
        .where(
            PasswordLink.used_at.is_(None),
            PasswordLink.is_withdrawn.is_(False),
            PasswordLink.expires_at > utcnow(),
        )
        .order_by(PasswordLink.expires_at, PasswordLink.id)
    )
    return {link.person_id: link for link in found}


def new_link(person: Person) -> tuple[PasswordLink, str]:
    """A new link for this person in place of earlier ones, and its address to hand on.

    The address can't be had again: only a hash of its token is kept.
    """
    withdraw_links(person)
    return _link_for(person, PASSWORD_LINK_LIFE)


def mailed_link(person: Person) -> tuple[PasswordLink, str]:
    """A short-lived link beside earlier ones, and its address, for the person's mailbox alone.

    Anyone can ask for it, and must not take from someone the link that an admin gave them.
    """
    return _link_for(person, MAILED_LINK_LIFE)


def _link_for(person: Person, life: timedelta) -> tuple[PasswordLink, str]:
    link, token = PasswordLink.make(person, life)
    db.session.add(link)
    path = url_for("accounts.choose_password", token=token)
    return link, f"{site_origin()}{path}"


def withdraw_links(person: Person) -> None:
    db.session.execute(
        update(PasswordLink)
        .where(PasswordLink.person_id == person.id, PasswordLink.used_at.is_(None))
        .values(is_withdrawn=True)
    )


def use_link(link: PasswordLink, password: str) -> bool:
    """Set the password by this link. False when it was used or withdrawn a moment ago.

    Ends the transaction: nobody has to wait for the slow work on a password.
    """
    db.end_reading()
    password_hash = hash_password(password)
    try:
        # Before the links, as for whoever closes the account.
        link.person.hold(to_change=True)
    except InvalidRequestError:
        return False  # the invitation was withdrawn, and the account with it
    claimed = db.session.scalar(
        update(PasswordLink)
        .where(
            PasswordLink.id == link.id,
            PasswordLink.used_at.is_(None),
            PasswordLink.is_withdrawn.is_(False),
        )
        .values(used_at=utcnow())
        .returning(PasswordLink.id)
    )
    if claimed is None:
        return False
    withdraw_links(link.person)
    link.person.choose_hashed(password_hash)
    return True
