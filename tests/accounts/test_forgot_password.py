"""Asking for a link to a new password: nobody learns by it who has an account."""

import dataclasses
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.accounts.models import PasswordLink, Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.mail.models import OutgoingMail
from app.smtp_url import read_smtp_url
from app.vault import decrypt
from tests.support.sql import count_statements

pytestmark = pytest.mark.own_app

SENT = "If there is an account with this email, a link is on its way to it. It works for 2 hours."


@pytest.fixture
def mailed(app, config):
    """What waits in the outbox, read when it is looked at, with mail set up."""
    app.extensions["tally_config"] = dataclasses.replace(
        config,
        public_url="http://localhost",
        mail_server=read_smtp_url("smtp://mail.example.com?from=tally@example.com"),
    )

    def read():
        with app.app_context():
            return [
                (mail.person.email, re.search(r"http://localhost/welcome/\S+", text_of(mail))[0])
                for mail in db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.id))
            ]

    return read


def text_of(mail):
    return json.loads(decrypt(mail.content_encrypted))["text"]


@pytest.fixture
def no_mail(app, config):
    app.extensions["tally_config"] = dataclasses.replace(config, mail_server=None)


def ask(client, email):
    page = client.page(client.page("/login").link("Forgot your password?"))
    return client.submit(page, "Send the link", {"email": email})


def test_the_link_goes_to_the_mailbox_of_the_account(client, bob, mailed):
    page = client.follow(ask(client, " Bob@Example.com "))
    assert (page.path, page.flashes) == ("/login", [SENT])
    [(email, address)] = mailed()
    assert email == "bob@example.com"
    assert address not in page.html
    link = db.session.scalars(select(PasswordLink)).one()
    assert timedelta(hours=1, minutes=59) < link.expires_at - utcnow() <= timedelta(hours=2)

    path = address.removeprefix("http://localhost")
    client.follow(client.post(path, {"password": "a whole new password"}))
    assert client.page("/profile").field("Name").value == "Bob Brown"
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "password.reset_asked")
    ).one()
    assert (entry.thing_id, entry.actor_id, entry.detail) == (bob.id, None, {})


@pytest.mark.parametrize("email", ["nobody@example.com", "dave@example.com"])
def test_without_an_open_account_the_answer_is_the_same_and_nothing_is_sent(
    client, bob, dave, mailed, email
):
    known, unknown = ask(client, "bob@example.com"), ask(client, email)
    assert (known.status_code, known.headers["Location"], known.text) == (
        unknown.status_code,
        unknown.headers["Location"],
        unknown.text,
    )
    assert client.page("/login").flashes == [SENT]
    assert [one for one, _address in mailed()] == ["bob@example.com"]
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.action, one.thing_id) for one in entries] == [
        ("password.reset_asked", bob.id),
        ("password.reset_asked", None),
    ]


def test_the_work_is_the_same(client, bob, mailed):
    ask(client, "bob@example.com")
    page = client.page("/forgot-password")
    with count_statements() as known:
        client.submit(page, "Send the link", {"email": "bob@example.com"})
    with count_statements() as unknown:
        client.submit(page, "Send the link", {"email": "nobody@example.com"})
    for word in ("SELECT", "INSERT", "UPDATE", "SAVEPOINT"):
        assert [one.startswith(word) for one in known].count(True) == [
            one.startswith(word) for one in unknown
        ].count(True)


def test_a_link_that_an_admin_gave_goes_on_working(client, bob, mailed):
    link, token = PasswordLink.make(db.session.get(Person, bob.id))
    db.session.add(link)
    db.session.commit()
    ask(client, "bob@example.com")
    client.page(f"/welcome/{token}")
    client.post(f"/welcome/{token}", {"password": "a whole new password"})
    client.sign_out()
    [(_email, address)] = mailed()
    client.page(address.removeprefix("http://localhost"), 404)


def test_an_email_that_is_none_is_said_at_the_field(client, bob, mailed):
    page = client.see(ask(client, "bob"), 422)
    assert page.error("Email") == "Enter an email such as anna@example.com."
    assert page.field("Email").value == "bob"
    assert mailed() == []


@pytest.mark.parametrize("email", ["bob@example.com", "nobody@example.com"])
def test_asking_again_and_again_comes_to_an_end(client, bob, mailed, email):
    for _ in range(3):
        client.follow(ask(client, email))
    page = client.see(ask(client, email), 429)
    assert page.error("Email").startswith("Too many tries. Try again in ")
    assert len(mailed()) == (3 if email.startswith("bob") else 0)


def test_without_mail_the_page_says_whom_to_ask(client, bob, no_mail):
    page = client.page("/forgot-password")
    assert "Ask an admin for a link" in page.text
    assert [form.action for form in page.forms] == []
    client.see(client.post("/forgot-password", {"email": "bob@example.com"}))
    assert db.session.scalar(select(func.count(PasswordLink.id))) == 0


def test_before_the_set_up_there_is_nothing_to_forget(client, no_mail):
    assert client.get("/forgot-password").headers["Location"] == "/setup"


def test_asking_demands_a_csrf_token(client, bob, mailed):
    answer = client.send("POST", "/forgot-password", data={"email": "bob@example.com"})
    client.see(answer, 400)
    assert mailed() == []
