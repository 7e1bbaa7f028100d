"""Without SMTP_URL everything is on a page, and nothing is written."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.config import Config, load_config
from app.db import db, utcnow
from app.mail import clock, outbox
from app.mail.clock import MailClock
from app.mail.kinds import LINK, RESET
from app.mail.models import OutgoingMail
from tests.conftest import KEYS
from tests.mail.posting import Post, let_pass, waiting
from tests.support.client import Client


@pytest.fixture
def config(database_url: str, tmp_path) -> Config:
    return load_config(KEYS | {"DATA_DIR": str(tmp_path), "DATABASE_URL": database_url})


def test_links_are_shown_alone(client: Client, alice: Person, bob: Person, post: Post) -> None:
    client.sign_in(alice)
    page = client.see(client.post(f"/admin/people/{bob.id}/link"))
    assert "Copy this link and send it to bob@example.com." in page.text
    for person in db.session.scalars(select(Person)):  # the present day is that of their mails
        person.mail_weekday, person.mail_hour = utcnow().astimezone(person.zone).weekday(), 0
    db.session.commit()
    assert post.write_weekly() == [alice.id, bob.id]
    post.warn()
    post.deliver()
    assert waiting() == []


def test_the_profile_says_that_there_is_no_mail(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    section = client.page("/profile").one("#mail")
    assert "Mail is not set up here (SMTP_URL)" in section.text
    assert not section.all("form")


@pytest.mark.both_databases
def test_what_waits_from_when_there_was_mail_is_cleared(
    app: Flask, bob: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(clock, "enqueue", lambda job, _id, **_lane: told.append(job.__name__))
    with app.app_context():
        MailClock().tick()
    assert told == ["clear_outbox"]

    sealed = {"person_id": bob.id, "content_encrypted": "sealed"}
    for name, failure in ((RESET.name, None), (RESET.name, "It was away."), (LINK.name, None)):
        db.session.add(OutgoingMail(kind=name, failure=failure, **sealed))
    db.session.commit()
    post.clear()
    assert all(mail.content_encrypted for mail in waiting())
    let_pass(timedelta(hours=2, seconds=1))
    post.clear()
    assert [(mail.content_encrypted, mail.failure) for mail in waiting()] == [
        (None, outbox.TOO_LATE),
        (None, "It was away."),
        ("sealed", None),
    ]
    let_pass(timedelta(days=30))
    post.clear()
    assert [mail.kind for mail in waiting()] == []


def test_what_a_worker_is_sending_is_left_to_it(app: Flask, bob: Person, post: Post) -> None:
    db.session.add(
        OutgoingMail(
            kind=RESET.name,
            person_id=bob.id,
            content_encrypted="sealed",
            made_at=utcnow() - timedelta(hours=3),
            lease_until=utcnow() + timedelta(minutes=1),
        )
    )
    db.session.commit()
    post.clear()
    assert waiting()[0].content_encrypted
