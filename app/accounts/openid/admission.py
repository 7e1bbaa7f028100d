"""Whose account it is that someone with an identity opens, and binding the two."""

from sqlalchemy import ColumnElement, select, update

from app.accounts.models import Person
from app.accounts.openid.identity import Identity
from app.accounts.openid.troubles import NO_ACCOUNT, SOMEONE_ELSE, UNVERIFIED, Trouble
from app.accounts.password_links import withdraw_links
from app.accounts.sessions import end_sessions
from app.audit.log import record
from app.db import changed_rows, db

HOW = "OpenID Connect"


def person_for(identity: Identity) -> Person | Trouble:
    """Who may come in with this identity; else why nobody may, which the log says too.

    An account is found by issuer and subject. Before there is a subject, it is found by a
    verified email, and bound to the subject for good. In a transaction that may write; commits
    nothing. Raises IntegrityError where the subject was bound elsewhere at the same moment.
    """
    person = _found(Person.oidc_issuer == identity.issuer, Person.oidc_subject == identity.subject)
    if person is not None:
        return person if person.is_active else _refuse(NO_ACCOUNT, person, "the account is closed")
    if identity.email is None:
        return _refuse(UNVERIFIED, None, "no verified email")
    person = _found(Person.email == identity.email)
    if person is None or not person.is_active:
        reason = "no account with the email" if person is None else "the account is closed"
        return _refuse(NO_ACCOUNT, person, reason)
    if not _bind(person, identity):
        return _refuse(SOMEONE_ELSE, person, "the account is bound to someone else's sign-in")
    return person


def unbind(person: Person) -> None:
    """Let the next one with the account's verified email be bound to it. Ends its sessions."""
    person.oidc_issuer = person.oidc_subject = None
    end_sessions(person)
    record("person.unbound", "person", person.id, person.name)


def _found(*which: ColumnElement[bool]) -> Person | None:
    """Read anew and held, so that nobody closes the account meanwhile."""
    found: Person | None = db.session.scalar(
        select(Person).where(*which).with_for_update().execution_options(populate_existing=True)
    )
    return found


def _bind(person: Person, identity: Identity) -> bool:
    """False when the account is someone else's at the provider."""
    bound = db.session.execute(
        update(Person)
        .where(Person.id == person.id, Person.oidc_subject.is_(None))
        .values(oidc_issuer=identity.issuer, oidc_subject=identity.subject)
    )
    if changed_rows(bound) == 0:
        return False
    withdraw_links(person)  # who was invited has come in
    record("person.bound", by=person, how=HOW, provider=identity.issuer)
    return True


def _refuse(trouble: Trouble, person: Person | None, reason: str) -> Trouble:
    if person is None:
        record("person.refused", how=HOW, reason=reason)
    else:
        record("person.refused", "person", person.id, person.name, how=HOW, reason=reason)
    return trouble
