"""Addresses for mail, which is read far from this site."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app

from app.config import Config


def is_mail_on() -> bool:
    return _config().sends_mail


def public_url() -> str:
    url = _config().public_url
    if url is None:
        raise RuntimeError("mail is on without PUBLIC_URL")
    return url


def absolute(path: str) -> str:
    """The address of a page of ours by its path."""
    return path if path.startswith(public_url() + "/") else f"{public_url()}{path}"


@contextmanager
def as_on_site() -> Iterator[None]:
    """For jobs, which answer no request: addresses are made as for one to PUBLIC_URL."""
    with current_app.test_request_context(base_url=public_url()):
        yield


def _config() -> Config:
    config: Config = current_app.extensions["tally_config"]
    return config
