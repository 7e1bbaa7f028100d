"""Invitations and links for passwords by mail, beside the page that shows them."""

import re
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import db
from app.vault import decrypt
from tests.mail.conftest import SITE
from tests.mail.mailbox import Mailbox, text_of
from tests.mail.posting import Post, let_pass, waiting
from tests.support.client import Client

ERIN = {"name": "Erin Ely", "email": "erin@example.com", "role": "member"}


def links_in(message: EmailMessage) -> list[str]:
    return re.findall(rf"{re.escape(SITE)}(/welcome/\S+)", text_of(message))


@pytest.mark.both_databases
def test_an_invitation_is_shown_and_mailed(
    client: Client, alice: Person, post: Post, mailbox: Mailbox, app: Flask
) -> None:
    client.sign_in(alice)
    page = client.see(client.post("/admin/people", ERIN))
    assert "It is mailed to erin@example.com." in page.text
    shown = page.one("#link")["value"]
    [stored] = waiting()
    assert stored.kind == "invitation" and stored.content_encrypted
    assert shown not in stored.content_encrypted
    with app.app_context():
        assert shown in decrypt(stored.content_encrypted)

    post.deliver()
    message = mailbox.only()
    assert (message["From"], message["To"]) == (
        "Tally <okr@example.com>",
        "Erin Ely <erin@example.com>",
    )
    assert message["Subject"] == "You are invited to Tally"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    assert links_in(message) == [shown.removeprefix(SITE)]
    [stored] = waiting()
    assert stored.content_encrypted is None and stored.sent_at and stored.failure is None
    client.sign_out()
    assert "Choose a password" in client.page(links_in(message)[0]).text


def test_a_link_for_someone_with_a_password_is_no_invitation(
    client: Client, alice: Person, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    client.sign_in(alice)
    client.see(client.post(f"/admin/people/{bob.id}/link"))
    post.deliver()
    assert mailbox.only()["Subject"] == "A link to choose a new password"
    assert links_in(mailbox.only())


def test_forgotten_passwords_are_mailed_to_the_account_alone(
    client: Client, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    for email in ("bob@example.com", "nobody@example.com"):
        client.post("/forgot-password", {"email": email})
    post.deliver()
    assert mailbox.recipients == [["bob@example.com"]]
    assert mailbox.only()["Subject"] == "Choose a new password"
    assert "Choose a password" in client.page(links_in(mailbox.only())[0]).text


def test_a_reset_is_not_mailed_when_its_link_no_longer_works(
    client: Client, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    client.post("/forgot-password", {"email": bob.email})
    mailbox.answer_recipient = "450 Later"
    let_pass(timedelta(hours=2, seconds=-30))
    post.deliver()
    [stored] = waiting()
    assert stored.content_encrypted is None
    assert stored.failure == "The mail server does not take it yet: 450 Later."


def test_mail_to_an_account_closed_meanwhile_is_dropped(
    client: Client, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    client.post("/forgot-password", {"email": bob.email})
    bob = db.session.get_one(Person, bob.id)
    bob.is_active = False
    db.session.commit()
    post.deliver()
    [stored] = waiting()
    assert (stored.content_encrypted, stored.sent_at, stored.failure) == (None, None, None)
    assert mailbox.messages == []


def test_a_name_cannot_add_a_header(
    client: Client, alice: Person, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    stranger = 'Bob "B" <x@y>, Zoë\r\nBcc: victim@example.com'
    db.session.get_one(Person, bob.id).name = stranger
    db.session.commit()
    client.sign_in(alice)
    client.post(f"/admin/people/{bob.id}/link")
    post.deliver()
    assert mailbox.recipients == [["bob@example.com"]]
    assert mailbox.only()["Bcc"] is None
    [to] = mailbox.only()["To"].addresses
    assert to.addr_spec == "bob@example.com"
    assert to.display_name == 'Bob "B" <x@y>, Zoë Bcc: victim@example.com'


def test_after_days_without_a_worker_only_links_that_still_work_are_mailed(
    client: Client, alice: Person, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    client.post("/forgot-password", {"email": bob.email})
    client.sign_in(alice)
    client.see(client.post("/admin/people", ERIN))
    let_pass(timedelta(days=6, hours=23))
    post.deliver()
    assert mailbox.recipients == [["erin@example.com"]]
    stored, _invitation = waiting()
    assert (stored.content_encrypted, stored.sent_at) == (None, None)
    assert stored.failure == "It could not be sent while it was of use."


def test_an_invitation_is_not_mailed_after_its_link(
    client: Client, alice: Person, post: Post, mailbox: Mailbox
) -> None:
    client.sign_in(alice)
    client.see(client.post("/admin/people", ERIN))
    let_pass(timedelta(days=7, seconds=1))
    post.deliver()
    assert mailbox.messages == [] and waiting()[0].content_encrypted is None
