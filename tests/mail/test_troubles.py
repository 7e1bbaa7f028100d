"""Mail about what can't be counted: once when it begins, then at most daily."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.beats import WorkerBeat
from app.db import db, utcnow
from app.mail.jobs import write_warnings
from app.mail.models import ToldTrouble
from app.okrs.integrations import Need, switch
from tests.mail.conftest import SITE
from tests.mail.mailbox import Mailbox, text_of
from tests.mail.posting import Post, waiting
from tests.okrs.abacus import Abacus
from tests.okrs.items import count_of

LOST = Need("“Ship” stands still", "Beads are gone.", "/key-results/1/edit#source", "Choose again")
DEAD = Need("“Desk” has to be reconnected", "The shop says no.", "/shop?id=2", "Reconnect")


@pytest.fixture(autouse=True)
def _alice_wants_none(alice: Person) -> None:
    """The abacus tells everyone the same, so Bob alone listens."""
    alice.wants_warnings = False
    db.session.commit()


def let_days_pass(days: float) -> None:
    db.session.remove()
    for row in db.session.scalars(select(ToldTrouble)):
        row.told_at -= timedelta(days=days)
    db.session.commit()


@pytest.mark.both_databases
def test_it_is_told_once(bob: Person, abacus: Abacus, post: Post, mailbox: Mailbox) -> None:
    abacus.needed = [LOST]
    post.warn()
    post.warn()
    post.deliver()
    assert mailbox.only()["Subject"] == "“Ship” stands still"
    assert mailbox.recipients == [["bob@example.com"]]
    assert (
        "“Ship” stands still\nBeads are gone.\n"
        f"Choose again: {SITE}/key-results/1/edit#source\n" in text_of(mailbox.only())
    )


def test_then_daily_while_it_lasts(bob: Person, abacus: Abacus, post: Post) -> None:
    abacus.needed = [LOST]
    counts = []
    for _ in range(6):
        post.warn()
        counts.append(len(waiting()))
        let_days_pass(0.5)
    assert counts == [1, 1, 2, 2, 3, 3]


def test_new_trouble_is_told_at_once_with_the_old(
    bob: Person, abacus: Abacus, post: Post, mailbox: Mailbox
) -> None:
    abacus.needed = [LOST]
    post.warn()
    let_days_pass(0.5)
    abacus.needed = [DEAD, LOST]
    post.warn()
    let_days_pass(0.6)
    post.warn()  # both were told less than a day ago
    post.deliver()
    subjects = sorted(str(one["Subject"]) for one in mailbox.messages)
    assert subjects == ["2 things in Tally need you", "“Ship” stands still"]


def test_other_words_for_the_same_are_no_news(bob: Person, abacus: Abacus, post: Post) -> None:
    abacus.needed = [LOST]
    post.warn()
    abacus.needed = [replace(LOST, title="“Ship” and “Sell” stand still")]
    post.warn()
    assert len(waiting()) == 1


def test_trouble_that_comes_and_goes_is_told_daily_at_most(
    bob: Person, abacus: Abacus, post: Post
) -> None:
    for _ in range(3):
        abacus.needed = [LOST]
        post.warn()
        abacus.needed = []
        post.warn()
        let_days_pass(0.1)
    assert len(waiting()) == 1


def test_what_was_told_long_ago_is_forgotten(bob: Person, abacus: Abacus, post: Post) -> None:
    abacus.needed = [LOST]
    post.warn()
    let_days_pass(2)
    abacus.needed = [DEAD]
    post.warn()
    assert count_of(ToldTrouble) == 1


def test_who_does_not_want_it_is_not_told(
    bob: Person, carol: Person, dave: Person, abacus: Abacus, post: Post
) -> None:
    carol.wants_warnings = False
    db.session.commit()
    abacus.needed = [LOST]
    post.warn()
    assert [mail.person_id for mail in waiting()] == [bob.id]


def test_a_disabled_integration_is_nobodys_trouble(
    alice: Person, bob: Person, abacus: Abacus, post: Post
) -> None:
    switch("abacus", False, alice)
    db.session.commit()
    abacus.needed = [LOST]
    post.warn()
    assert waiting() == []


def test_nothing_is_told_before_the_worker_gave_a_sign_of_life(
    app: Flask, bob: Person, abacus: Abacus, post: Post
) -> None:
    abacus.needed = [LOST]
    db.session.add(WorkerBeat(name="asleep", seen_at=utcnow() - timedelta(hours=1)))
    db.session.commit()
    with app.app_context():
        write_warnings(1)
    assert waiting() == []
    post.warn()
    assert len(waiting()) == 1


def test_one_persons_mishap_keeps_nothing_from_the_others(
    bob: Person, carol: Person, abacus: Abacus, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def needs(person: Person) -> list[Need]:
        if person.id == bob.id:
            raise RuntimeError("an odd row")
        return [LOST]

    monkeypatch.setattr(abacus, "needs", needs)
    post.warn()
    assert [mail.person_id for mail in waiting()] == [carol.id]
