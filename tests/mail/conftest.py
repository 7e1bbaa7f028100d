"""An app that hands its mail to a real server, in whose mailbox tests read it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.config import Config, load_config
from tests.conftest import KEYS
from tests.mail.mailbox import Mailbox, MailServer
from tests.mail.posting import Post
from tests.okrs.conftest import _today, abacus, cycle, key_result, objective  # noqa: F401

SITE = "http://localhost:8000"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mail_server(mailbox: Mailbox) -> Iterator[MailServer]:
    server = MailServer(mailbox)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def config(database_url: str, tmp_path: Path, mail_server: MailServer) -> Config:
    return load_config(
        KEYS
        | {
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": database_url,
            "PUBLIC_URL": SITE,
            "SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}?from=Tally%20<okr@example.com>",
        }
    )


@pytest.fixture
def post(app: Flask) -> Post:
    return Post(app)
