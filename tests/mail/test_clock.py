"""What the worker's clock gives notice of, and how often."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Person
from app.mail import clock, jobs, outbox, weekly
from app.mail.clock import MailClock
from app.okrs.models import Objective
from app.queues import HOURLY, NOW
from tests.mail.posting import let_pass
from tests.support.client import Client
from tests.support.sql import count_statements

MONDAY = datetime(2026, 2, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, str]]:
    """Instead of the queue: which job, of which row, in which lane."""
    found: list[tuple[str, int, str]] = []

    def note(job: Any, row_id: int, *, lane: str = NOW) -> bool:
        found.append((job.__name__, row_id, lane))
        return True

    monkeypatch.setattr(clock, "enqueue", note)
    return found


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock's own time: the last of them."""
    passed = [1000.0]
    # Not that of the whole process, which would seem to have its other clock set back.
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: passed[-1]))
    return passed


def test_all_that_is_due(
    app: Flask,
    client: Client,
    bob: Person,
    objective: Objective,
    notices: list[tuple[str, int, str]],
    seconds: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weekly, "utcnow", lambda: MONDAY)
    client.post("/forgot-password", {"email": bob.email})
    mail_clock = MailClock()
    with app.app_context():
        mail_clock.tick()
    clearing = ("clear_outbox", 1, HOURLY)
    wanted = [("write_weekly", bob.id, HOURLY), ("write_warnings", 1, HOURLY)]
    assert notices == [clearing, *wanted, ("send_mail", 1, NOW)]

    notices.clear()
    seconds.append(1059.0)
    with app.app_context(), count_statements() as statements:
        mail_clock.tick()  # whatever an earlier notice came to, what waits is told of again
    assert notices == [("send_mail", 1, NOW)]
    assert len(statements) == 1

    notices.clear()
    seconds.append(1060.0)
    with app.app_context():
        mail_clock.tick()
    assert notices == [wanted[0], ("send_mail", 1, NOW)]

    notices.clear()
    seconds.append(1600.0)
    with app.app_context():
        mail_clock.tick()
    assert wanted[1] in notices and clearing in notices


def test_what_is_being_sent_or_waits_for_its_time_is_not_told_of(
    app: Flask, client: Client, bob: Person, notices: list[tuple[str, int, str]]
) -> None:
    client.post("/forgot-password", {"email": bob.email})
    let_pass(-timedelta(minutes=1))
    with app.app_context():
        MailClock().tick()
    assert not any(name == "send_mail" for name, *_ in notices)


def test_one_mail_is_sent_at_a_time(
    app: Flask, client: Client, alice: Person, bob: Person, notices: list[tuple[str, int, str]]
) -> None:
    for person in (alice, bob):
        client.post("/forgot-password", {"email": person.email})
    with app.app_context():
        assert outbox.next_due() == 1
        assert outbox.claim(1)
        assert outbox.next_due() is None
        MailClock().tick()
    assert not any(name == "send_mail" for name, *_ in notices)
    let_pass(timedelta(minutes=3))  # its worker died
    with app.app_context():
        MailClock().tick()
    assert ("send_mail", 1, NOW) in notices


def test_each_sent_mail_gives_notice_of_the_next(
    app: Flask, client: Client, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in (alice, bob):
        client.post("/forgot-password", {"email": person.email})
    told: list[int] = []
    monkeypatch.setattr(jobs, "enqueue", lambda _job, row_id: told.append(row_id))
    with app.app_context():
        jobs.send_mail(1)
        jobs.send_mail(2)
    assert told == [2]
