"""Webhooks: addresses at which Trello tells of changes, and what a delivery is worth.

A delivery is never applied: it may be old, doubled or out of order. It only says that the board
has to be read again, and any number of them in a short while say so once.
"""

import base64
import hashlib
import hmac
import secrets

from flask import current_app
from sqlalchemy import update

from app.config import Config
from app.db import db, utcnow
from app.trello.models import Board, Connection

PATH = "/webhooks/trello/"
"""Below it lie the addresses of all our webhooks, each ending in its key."""


def are_possible() -> bool:
    """Whether there can be webhooks at all: Trello has to know where to reach this site."""
    config: Config = current_app.extensions["tally_config"]
    return config.has_public_address


def public_url() -> str:
    """Where Trello reaches this site; empty where it can't."""
    config: Config = current_app.extensions["tally_config"]
    return config.public_url or ""


def new_key() -> str:
    """The end of an address that nobody can guess."""
    return secrets.token_urlsafe(24)


def callback_url(key: str) -> str:
    """The address told to Trello, where what it tells under this key is received."""
    return f"{public_url()}{PATH}{key}"


def is_signed(secret: str, body: bytes, address: str, signature: str) -> bool:
    """Whether whoever sent this to the address knows the app's secret.

    https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/#webhook-signatures
    """
    digest = hmac.new(secret.encode(), body + address.encode(), hashlib.sha1).digest()
    return hmac.compare_digest(base64.b64encode(digest), signature.encode())


def note_change(board_id: int) -> None:
    """Remember that the board was changed, unless that is remembered already."""
    with db.writing() as session:
        session.execute(
            update(Board)
            .where(Board.id == board_id, Board.changed_at.is_(None))
            .values(changed_at=utcnow())
        )


def look_again(connection: Connection) -> None:
    """Compare the connection's webhooks with what hangs on it, soon. Commits nothing."""
    connection.webhooks_due_at = utcnow()
