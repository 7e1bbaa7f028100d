"""Secrets at rest: encrypted with ENCRYPTION_KEY, never shown in a repr."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app
from sqlalchemy import Column, ColumnElement, Table

from app.db import Model

ENCRYPTED = "_encrypted"
"""How the name of every column ends that holds secrets. None and "" hold none."""


class SecretUnreadable(Exception):
    """A stored secret that the present ENCRYPTION_KEY does not open."""


@dataclass(frozen=True)
class StoredSecrets:
    """What one model keeps encrypted, and what is said of a row that no key opens any more."""

    model: type[Model]
    plural: str
    """What it is, as in "3 mails"."""
    whose: Callable[[Any], str]
    """Says of a row what it is and whose. Never a secret."""
    remedy: str
    is_over: Callable[[], ColumnElement[bool]] | None = None
    """The rows that nobody needs any more, where there may be some."""

    @property
    def table(self) -> Table:
        return self.model.metadata.tables[self.model.__tablename__]

    @property
    def key(self) -> Column[Any]:
        [key] = self.table.primary_key
        return key

    @property
    def columns(self) -> Sequence[Column[Any]]:
        return [one for one in self.table.columns if one.name.endswith(ENCRYPTED)]


def _fernet() -> MultiFernet:
    return _fernet_of(current_app.extensions["tally_config"].encryption_keys)


@lru_cache(maxsize=4)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    """Made once, for pages open several secrets and keys stay as they are."""
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(secret: str) -> str:
    return _fernet().encrypt(secret.encode()).decode()


def decrypt(stored: str) -> str:
    """The secret again. Raises SecretUnreadable when the key has changed."""
    try:
        return _fernet().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def is_readable(stored: str) -> bool:
    try:
        decrypt(stored)
    except SecretUnreadable:
        return False
    return True


def encrypt_anew(stored: str) -> str:
    """The same secret under the newest key, whichever it was under. Raises SecretUnreadable."""
    try:
        return _fernet().rotate(stored.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def is_same_secret(stored: str, other: str) -> bool:
    """Whether both are the same secret, one of which may have been encrypted anew since."""
    if stored == other:
        return True
    try:
        return decrypt(stored) == decrypt(other)
    except SecretUnreadable:
        return False
