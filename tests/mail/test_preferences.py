"""What mail one gets: on the profile, and by the link in a mail."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db
from app.mail.kinds import OPTIONAL, REMINDER, RESET
from app.mail.unsubscribing import unsubscribe_url
from tests.mail.conftest import SITE
from tests.mail.mailbox import Mailbox
from tests.mail.posting import Post
from tests.okrs.items import count_of
from tests.support.client import Client
from tests.support.people import make_person


def now(person: Person) -> Person:
    db.session.remove()
    return db.session.get_one(Person, person.id)


def link(app: Flask, person: Person, kind=REMINDER) -> str:
    with app.test_request_context(base_url=SITE):
        return unsubscribe_url(person, kind).removeprefix(SITE)


def changes() -> list[tuple[str | None, dict]]:
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "mail.changed"))
    return [(entry.actor_name, entry.detail) for entry in entries]


@pytest.mark.parametrize("role", ["member", OBSERVER])
def test_everyone_chooses_what_and_when(client: Client, workspace, role: str) -> None:
    person = make_person("Erin Ely", role)
    client.sign_in(person)
    page = client.page("/profile")
    form = page.form_with("Save mail")
    assert form.values()["wants_summary"] and form.values()["mail_hour"] == "9"
    sent = {"wants_summary": None, "mail_weekday": "4", "mail_hour": "16"}
    page = client.follow(client.submit(page, "Save mail", sent))
    assert page.flashes == ["Your mail is saved."]
    stored = now(person)
    wishes = {kind.wish: getattr(stored, kind.wish or "") for kind in OPTIONAL}
    assert wishes == {
        "wants_mentions": True,
        "wants_warnings": True,
        "wants_reminders": True,
        "wants_summary": False,
    }
    assert (stored.mail_weekday, stored.mail_hour) == (4, 16)
    assert changes() == [("Erin Ely", {"summary": "off", "weekly": "Friday, 16:00"})]


def test_saving_what_is_saved_is_no_change(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    client.submit(client.page("/profile"), "Save mail")
    assert changes() == []


@pytest.mark.parametrize("sent", [{"mail_weekday": "7"}, {"mail_hour": "24"}, {"mail_hour": "x"}])
def test_days_and_hours_that_are_none_change_nothing(
    client: Client, bob: Person, sent: dict[str, str]
) -> None:
    client.sign_in(bob)
    page = client.follow(client.submit(client.page("/profile"), "Save mail", sent))
    assert page.flashes == ["Choose the day and the hour from the lists."]
    assert (now(bob).mail_weekday, now(bob).mail_hour) == (0, 9)
    assert changes() == []


def test_nothing_else_can_be_set_with_it(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    client.submit(
        client.page("/profile"), "Save mail", {"role": "admin", "email": "x@y.example", "id": "1"}
    )
    assert (now(bob).role, now(bob).email) == ("member", "bob@example.com")


def test_opening_the_link_changes_nothing_and_its_button_does(
    app: Flask, client: Client, bob: Person
) -> None:
    page = client.page(link(app, bob))
    assert "A weekly reminder" not in page.text and "a weekly reminder" in page.text
    assert now(bob).wants_reminders
    page = client.see(client.submit(page, "Stop this mail"))
    assert page.one("h1").text == "This mail is off"
    assert not now(bob).wants_reminders and now(bob).wants_summary
    assert changes() == [("Bob Brown", {"reminder": "off"})]
    assert client.page(link(app, bob)).one("h1").text == "This mail is off"


def test_one_click_by_a_mail_program(app: Flask, client: Client, bob: Person) -> None:
    """RFC 8058: a POST without cookies, tokens or a referrer. Twice does no harm."""
    address = link(app, bob)
    for _ in range(2):
        answer = app.test_client().post(address, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert not now(bob).wants_reminders
    assert len(changes()) == 1


def test_a_link_that_was_tampered_with_is_not_found(
    app: Flask, client: Client, bob: Person
) -> None:
    address = link(app, bob)
    for wrong in (address[:-1], address + "x", "/unsubscribe/x", link(app, bob, RESET)):
        assert client.get(wrong).status_code == 404
        assert client.send("POST", wrong).status_code == 404
    assert count_of(AuditEntry) == 0


def test_admins_see_why_mail_does_not_get_through(
    client: Client, alice: Person, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    mailbox.answer_recipient = "550 No such user"
    client.post("/forgot-password", {"email": bob.email})
    post.deliver()
    client.sign_in(alice)
    section = client.page("/profile").one("#mail").text
    refusal = "The mail server refused it: 550 No such user."
    assert f"Mail to Bob Brown was given up: {refusal}" in section
    client.sign_in(bob)
    assert "given up" not in client.page("/profile").text
