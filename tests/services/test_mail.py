"""Mail by a real worker: found by the clock, sent by a job."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from app.mail.kinds import INVITATION
from app.mail.models import OutgoingMail
from tests.mail.mailbox import Mailbox, MailServer, text_of
from tests.mail.posting import waiting
from tests.services.watching import Visitor
from tests.support.installation import (
    Installation,
    running_installation,
    wait_until,
)

pytestmark = pytest.mark.services

ERIN = "erin@example.com"


@pytest.fixture(scope="module")
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture(scope="module")
def server(mailbox: Mailbox) -> Iterator[MailServer]:
    server = MailServer(mailbox)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def installation(server: MailServer) -> Iterator[Installation]:
    smtp_url = f"smtp://127.0.0.1:{server.port}?from=okr@example.com"
    with running_installation(is_reachable=True, smtp_url=smtp_url) as installation:
        yield installation


def test_an_invitation_reaches_its_mailbox(
    here: Flask, installation: Installation, mailbox: Mailbox
) -> None:
    visitor = Visitor(installation)
    form = visitor.get("/admin/people").form_with("Invite")
    visitor.send(form.action, form.values() | {"name": "Erin Ely", "email": ERIN})
    wait_until(lambda: bool(mailbox.to(ERIN)), "the worker sent it")
    [message] = mailbox.to(ERIN)
    assert re.search(rf"^{re.escape(installation.url)}/welcome/\S+$", text_of(message), re.M)
    wait_until(lambda: _invitation().sent_at is not None, "and wrote that down")
    assert _invitation().content_encrypted is None


def _invitation() -> OutgoingMail:
    """As it is stored; on the day of the weekly mails the worker keeps those as well."""
    [stored] = [mail for mail in waiting() if mail.kind == INVITATION.name]
    return stored
