"""Secrets at rest: encrypted with ENCRYPTION_KEY, never shown in a repr."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app


class SecretUnreadable(Exception):
    """A stored secret that the present ENCRYPTION_KEY does not open."""


def _fernet() -> MultiFernet:
    config = current_app.extensions["tally_config"]
    return MultiFernet([Fernet(key) for key in config.encryption_keys])


def encrypt(secret: str) -> str:
    return _fernet().encrypt(secret.encode()).decode()


def decrypt(stored: str) -> str:
    """The secret again. Raises SecretUnreadable when the key has changed."""
    try:
        return _fernet().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error
