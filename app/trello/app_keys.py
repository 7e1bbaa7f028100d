"""Tally's own API key and secret at Trello: those of the environment win over the stored ones."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from flask import current_app
from sqlalchemy import update

from app.accounts.models import Person
from app.config import Config
from app.db import db, utcnow
from app.trello.failures import KeyRefused, SignInUnusable
from app.trello.models import Board, Connection, TrelloApp
from app.vault import SecretUnreadable, decrypt, encrypt

KEY_CHANGED = (
    "Trello's API key was changed, so this connection no longer works. It has to be reconnected."
)

SIGN_IN_UNREADABLE = (
    "The stored sign-in can't be read with the present ENCRYPTION_KEY. "
    "Put the old key back, or reconnect."
)


@dataclass(frozen=True)
class AppKeys:
    """The API key and secret by which Trello knows this installation."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    from_environment: bool

    @cached_property
    def fingerprint(self) -> str:
        """Tells one key from another without holding it."""
        return hashlib.sha256(self.key.encode()).hexdigest()


def current_app_keys() -> AppKeys | None:
    """The key and secret to use now; None where there are none that can be read."""
    config: Config = current_app.extensions["tally_config"]
    if config.trello_api_key and config.trello_api_secret:
        return AppKeys(config.trello_api_key, config.trello_api_secret, from_environment=True)
    stored = _stored()
    if stored is None:
        return None
    return _decrypted(stored.api_key_encrypted, stored.api_secret_encrypted, config.encryption_keys)


@lru_cache(maxsize=4)
def _decrypted(key: str, secret: str, _under: tuple[str, ...]) -> AppKeys | None:
    """Done once for what is stored and the keys it is under: each page asks several times."""
    try:
        return AppKeys(decrypt(key), decrypt(secret), from_environment=False)
    except SecretUnreadable:
        return None


def are_stored_keys_unreadable() -> bool:
    """True when a key was entered but ENCRYPTION_KEY has changed since."""
    return _stored() is not None and current_app_keys() is None


def why_no_keys() -> str:
    """Where there are no keys to use: why, and what is to be done, in two sentences."""
    if are_stored_keys_unreadable():
        return (
            "Trello's API key and secret can't be read with the present ENCRYPTION_KEY. An admin "
            "has to put the old key back, or enter both anew under Admin, Integrations, Trello."
        )
    return (
        "Trello's API key and secret are missing. "
        "An admin has to enter them under Admin, Integrations, Trello."
    )


def _stored() -> TrelloApp | None:
    """The row, held on to for the session: several parts of a page ask for it."""
    session = db.session()
    kept: TrelloApp | None = session.info.get(TrelloApp)
    if kept is None or kept not in session:
        kept = session.info[TrelloApp] = session.get(TrelloApp, 1)
    return kept


def have_at_hand(stored: TrelloApp | None) -> None:
    """The row was read with something else, so it need not be asked for."""
    db.session().info[TrelloApp] = stored


def store_app_keys(key: str, secret: str, by: Person) -> AppKeys:
    """Keep the key and secret, and tell the connections made under another key. Commits nothing."""
    stored = db.session.get(TrelloApp, 1)
    if stored is None:
        stored = TrelloApp(id=1)
        db.session.add(stored)
    stored.api_key_encrypted, stored.api_secret_encrypted = encrypt(key), encrypt(secret)
    stored.changed_at, stored.changed_by_id = utcnow(), by.id
    keys = AppKeys(key, secret, from_environment=False)
    mark_connections(keys)
    ours = (KeyRefused.kind, SignInUnusable.kind)
    db.session.execute(
        update(Board).where(Board.failure_kind.in_(ours)).values(next_sync_at=utcnow())
    )
    return keys


def mark_connections(keys: AppKeys) -> None:
    """Connections of another key have to reconnect; those of this key, if it came back, no more.

    Safe to call at any time, for a key in the environment changes without a word. Commits nothing.
    """
    is_of_key = Connection.key_fingerprint == keys.fingerprint
    db.session.execute(
        update(Connection)
        .where(~is_of_key, Connection.reconnect_reason.is_(None))
        .values(reconnect_reason=KEY_CHANGED)
    )
    db.session.execute(
        update(Connection)
        .where(is_of_key, Connection.reconnect_reason == KEY_CHANGED)
        .values(reconnect_reason=None)
    )


def key_has_changed(connection: Connection, keys: AppKeys | None) -> bool:
    """Whether the connection was made under another API key than the present one."""
    return keys is not None and keys.fingerprint != connection.key_fingerprint
