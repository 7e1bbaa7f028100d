"""Links that turn one kind of mail off for one person, for whoever holds the mail."""

from flask import current_app, url_for
from itsdangerous import BadData, URLSafeSerializer

from app.access import LARGEST_ID
from app.accounts.models import Person
from app.db import db
from app.mail.kinds import KINDS, Kind
from app.mail.site import absolute


def unsubscribe_url(person: Person, kind: Kind) -> str:
    """Works for ever and without signing in: what it can do is harmless and easily undone."""
    token = _signer().dumps([person.id, kind.name])
    return absolute(url_for("mail.show_unsubscribe", token=token))


def read_token(token: str) -> tuple[Person, Kind] | None:
    """Whose mail of which kind; None where the token is not one of ours."""
    try:
        person_id, name = _signer().loads(token)
    except (BadData, ValueError, TypeError):
        return None
    kind = KINDS.get(name)
    person = db.session.get(Person, person_id) if person_id <= LARGEST_ID else None
    return (person, kind) if person and kind and kind.wish else None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="unsubscribe from mail")
