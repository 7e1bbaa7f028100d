"""The one-time links by which people choose a password: made, found, used, withdrawn."""

from flask import current_app, request, url_for
from sqlalchemy import select, update

from app.accounts.models import PasswordLink, Person, hash_token
from app.db import db, utcnow


def open_link(token: str) -> PasswordLink | None:
    """The link with this token, while it can still be used."""
    link = db.session.scalar(
        select(PasswordLink).where(PasswordLink.token_hash == hash_token(token))
    )
    return link if link and link.is_open and link.person.is_active else None


def open_links() -> dict[int, PasswordLink]:
    """The links that can still be used, by the id of their person."""
    found = db.session.scalars(
        select(PasswordLink).where(
            PasswordLink.used_at.is_(None),
            PasswordLink.is_withdrawn.is_(False),
            PasswordLink.expires_at > utcnow(),
        )
    )
    return {link.person_id: link for link in found}


def new_link(person: Person) -> tuple[PasswordLink, str]:
    """A new link for this person in place of earlier ones, and its address to hand on.

    The address can't be had again: only a hash of its token is kept.
    """
    withdraw_links(person)
    link, token = PasswordLink.make(person)
    db.session.add(link)
    path = url_for("accounts.choose_password", token=token)
    origin = current_app.extensions["tally_config"].public_url or request.host_url.rstrip("/")
    return link, f"{origin}{path}"


def withdraw_links(person: Person) -> None:
    db.session.execute(
        update(PasswordLink)
        .where(PasswordLink.person_id == person.id, PasswordLink.used_at.is_(None))
        .values(is_withdrawn=True)
    )


def use_link(link: PasswordLink, password: str) -> bool:
    """Set the password by this link. False when it was used or withdrawn a moment ago."""
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
    link.person.choose_password(password)
    return True
