"""Handing mail over: to servers that ask for this and that, refuse, or are not there."""

import smtplib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import db, utcnow
from app.mail import jobs, outbox, sending
from app.mail.jobs import send_mail
from app.mail.kinds import WARNING
from app.okrs.integrations import Need
from app.smtp_url import read_smtp_url
from tests.mail.conftest import SITE
from tests.mail.mailbox import (
    PASSWORD,
    USER,
    Mailbox,
    MailServer,
    free_port,
    make_certificate,
    text_of,
    with_password,
)
from tests.mail.posting import Post, let_pass, waiting

NEED = Need(
    "“Ship” stands still", "The list “Done” is gone.", "/key-results/1/edit", "Choose again"
)


@pytest.fixture
def mail_id(app: Flask, bob: Person) -> int:
    """A mail to Bob that waits."""
    return _write(app, bob)


def _write(app: Flask, person: Person, key: str | None = None, title: str = NEED.title) -> int:
    with app.test_request_context(base_url=SITE), db.writing():
        outbox.write(person, WARNING, key, needs=[replace(NEED, title=title)])
    return waiting()[-1].id


def use(app: Flask, smtp_url: str) -> None:
    config = app.extensions["tally_config"]
    app.extensions["tally_config"] = replace(config, mail_server=read_smtp_url(smtp_url))


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Any]:
    return make_certificate(tmp_path)


@pytest.fixture
def extra_server(mailbox: Mailbox) -> Iterator[Any]:
    """Another server in front of the mailbox, made as the test says."""
    started: list[MailServer] = []

    def start(**options: Any) -> MailServer:
        server = MailServer(mailbox, **options)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


def test_what_is_sent_is_what_was_written(
    app: Flask, bob: Person, mail_id: int, post: Post, mailbox: Mailbox
) -> None:
    post.deliver()
    message = mailbox.only()
    assert (mailbox.senders, mailbox.recipients) == (["okr@example.com"], [["bob@example.com"]])
    assert message["Subject"] == "“Ship” stands still"
    assert f"Choose again: {SITE}/key-results/1/edit" in text_of(message)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop_url = message["List-Unsubscribe"].strip("<>")
    assert stop_url.startswith(f"{SITE}/unsubscribe/") and stop_url in text_of(message)
    # Not encoded, however long it is: mail programs would not see what it is.
    assert f"\r\nList-Unsubscribe: <{stop_url}>\r\n".encode() in mailbox.raw[0]
    assert message["Message-ID"].startswith(f"<tally-{mail_id}-")
    [mail] = waiting()
    assert mail.content_encrypted is None and mail.sent_at and mail.try_count == 1


@pytest.mark.both_databases
def test_a_job_that_runs_twice_sends_once(app: Flask, mail_id: int, mailbox: Mailbox) -> None:
    with app.app_context():
        send_mail(mail_id)
        send_mail(mail_id)
    assert len(mailbox.messages) == 1


@pytest.mark.both_databases
def test_of_several_workers_one_sends(app: Flask, mail_id: int, mailbox: Mailbox) -> None:
    start = threading.Barrier(4)
    failures = []

    def work() -> None:
        try:
            with app.app_context():
                start.wait()
                send_mail(mail_id)
        except Exception as failure:
            failures.append(failure)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert len(mailbox.messages) == 1


@pytest.mark.both_databases
def test_what_was_told_under_a_key_is_not_told_again(app: Flask, bob: Person) -> None:
    for _ in range(2):
        _write(app, bob, key="summary:1:2026-W09")
    assert len(waiting()) == 1


def test_a_dead_worker_leaves_its_mail_to_the_next(
    app: Flask, mail_id: int, post: Post, mailbox: Mailbox
) -> None:
    with app.app_context():
        assert outbox.claim(mail_id)  # and then it dies
    post.deliver()
    assert mailbox.messages == []
    let_pass(timedelta(minutes=2, seconds=1))
    post.deliver()
    assert len(mailbox.messages) == 1


def test_a_late_worker_cannot_write_over_what_another_did(
    app: Flask, mail_id: int, post: Post
) -> None:
    with app.app_context():
        late = outbox.claim(mail_id)
        assert late is not None
    let_pass(timedelta(minutes=2, seconds=1))
    post.deliver()
    with app.app_context():
        outbox.try_later(late, "It was slow.")
        assert not outbox.note_sent(late)
    [mail] = waiting()
    assert mail.sent_at and mail.failure is None and mail.content_encrypted is None


def test_a_server_that_breaks_off_at_the_farewell_has_taken_the_mail(
    mail_id: int, post: Post, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_smtp: smtplib.SMTP) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "quit", break_off)
    post.deliver()
    assert waiting()[0].sent_at and len(mailbox.messages) == 1


def test_a_refused_recipient_is_given_up_at_once(
    mail_id: int, post: Post, mailbox: Mailbox
) -> None:
    mailbox.answer_recipient = "550 5.1.1 No such user here"
    post.deliver()
    [mail] = waiting()
    assert mail.failure == "The mail server refused it: 550 5.1.1 No such user here."
    assert mail.content_encrypted is None and mail.sent_at is None
    let_pass(timedelta(hours=1))
    post.deliver()
    assert mailbox.tries == 1


@pytest.mark.parametrize("step", ["answer_recipient", "answer_data"])
def test_mail_that_is_not_taken_yet_is_tried_again(
    mail_id: int, post: Post, mailbox: Mailbox, step: str
) -> None:
    setattr(mailbox, step, "451 Try again later")
    for _ in range(3):
        post.deliver()
        let_pass(timedelta(minutes=10))
    [mail] = waiting()
    assert mail.try_count == 3 and mail.content_encrypted
    assert mail.failure == "The mail server does not take it yet: 451 Try again later."
    setattr(mailbox, step, "250 OK")
    post.deliver()
    [mail] = waiting()
    assert mail.sent_at and mail.failure is None and len(mailbox.messages) == 1


def test_pauses_grow_and_after_a_day_it_is_given_up(
    mail_id: int, post: Post, mailbox: Mailbox
) -> None:
    mailbox.answer_data = "451 Try again later"
    pauses = []
    for _ in range(100):
        post.deliver()
        [mail] = waiting()
        if mail.content_encrypted is None:
            break
        pause = mail.next_try_at - utcnow()
        pauses.append(pause)
        let_pass(pause)
    assert timedelta(seconds=40) < pauses[0] < timedelta(seconds=80)
    assert pauses[0] < pauses[2] < pauses[4]
    assert max(pauses) < timedelta(minutes=37)
    assert timedelta(hours=23) < sum(pauses, timedelta()) < timedelta(hours=24)
    assert mail.failure and mail.sent_at is None


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize(
    ("name", "worth"),
    [
        ("reset", timedelta(hours=2)),
        ("warning", timedelta(days=1)),
        ("reminder", timedelta(days=1)),
        ("summary", timedelta(days=1)),
        ("mention", timedelta(days=7)),
        ("invitation", timedelta(days=7)),
        ("link", timedelta(days=7)),
    ],
)
def test_each_kind_is_sent_while_it_is_of_use(
    mail_id: int, post: Post, mailbox: Mailbox, name: str, worth: timedelta, is_late: bool
) -> None:
    [mail] = waiting()
    mail.kind = name
    db.session.commit()
    let_pass(worth + (timedelta(seconds=1) if is_late else timedelta(minutes=-1)))
    post.deliver()
    assert len(mailbox.messages) == (0 if is_late else 1)
    [mail] = waiting()
    assert mail.content_encrypted is None
    assert mail.failure == (outbox.TOO_LATE if is_late else None)


def test_a_server_that_is_down_keeps_all_waiting_and_loses_none(
    app: Flask, bob: Person, carol: Person, mail_server: MailServer, post: Post, mailbox: Mailbox
) -> None:
    for person in (bob, carol):
        _write(app, person)
    mail_server.stop()
    post.deliver()
    first, second = waiting()
    assert first.failure and f"127.0.0.1:{mail_server.port}" in first.failure
    assert (first.try_count, second.try_count) == (1, 0)  # one finds out for all
    again = MailServer(mailbox, mail_server.port)
    again.start()
    try:
        post.deliver()
        assert mailbox.messages == []
        let_pass(timedelta(minutes=2))
        post.deliver()
    finally:
        again.stop()
    assert sorted(mailbox.recipients) == [["bob@example.com"], ["carol@example.com"]]


def test_a_silent_server_is_not_waited_for_long(
    app: Flask, mail_id: int, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use(app, f"smtp://127.0.0.1:{silent.getsockname()[1]}?from=okr@example.com")
        post.deliver()
    [mail] = waiting()
    assert mail.failure and mail.failure.endswith("broke off, or took too long.")
    assert mail.content_encrypted


def test_a_server_too_slow_for_the_lease_gets_nothing(
    mail_id: int, post: Post, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LONGEST_HANDOVER", outbox.LEASE)
    post.deliver()
    [mail] = waiting()
    assert mail.failure == "The mail server answers too slowly." and mailbox.messages == []


# It asks for a password in the clear, as servers on one's own machine do.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_a_name_and_password_are_handed_over(
    app: Flask, mail_id: int, post: Post, mailbox: Mailbox, extra_server: Any
) -> None:
    server = extra_server(**with_password())
    name, password = USER.replace("@", "%40"), PASSWORD.replace("@", "%40").replace("/", "%2F")
    use(app, f"smtp://{name}:{password}@127.0.0.1:{server.port}")
    post.deliver()
    assert mailbox.only()["From"] == "Tally <tally@example.com>"


# It asks for a password in the clear, as servers on one's own machine do.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_a_wrong_password_is_told_and_not_written_down(
    app: Flask, mail_id: int, post: Post, extra_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = extra_server(**with_password())
    use(app, f"smtp://tally%40example.com:sesame@127.0.0.1:{server.port}")
    post.deliver()
    [mail] = waiting()
    assert mail.failure and "refuses the user name or the password in SMTP_URL" in mail.failure
    assert mail.content_encrypted
    assert "sesame" not in mail.failure + caplog.text


def test_a_server_that_knows_no_passwords_is_told(app: Flask, mail_id: int, post: Post) -> None:
    port = app.extensions["tally_config"].mail_server.port
    use(app, f"smtp://tally%40example.com:sesame@127.0.0.1:{port}")
    post.deliver()
    assert "takes no user name and password" in str(waiting()[0].failure)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_encryption_is_used_where_there_is_some(
    app: Flask,
    mail_id: int,
    post: Post,
    mailbox: Mailbox,
    extra_server: Any,
    certificate: tuple[Path, Any],
    scheme: str,
) -> None:
    """On this machine the certificate need not be signed by anyone."""
    context = certificate[1]
    options = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context}
    server = extra_server(**options)
    use(app, f"{scheme}://127.0.0.1:{server.port}?from=okr@example.com")
    post.deliver()
    assert len(mailbox.messages) == 1
    if scheme == "smtp":
        assert mailbox.was_encrypted == [True]


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine counts as another one, across a network."""
    monkeypatch.setattr("app.smtp_url.is_loopback", lambda _name: False)


def test_elsewhere_nothing_is_sent_without_encryption(
    app: Flask, mail_id: int, post: Post, mailbox: Mailbox, far_away: None
) -> None:
    port = app.extensions["tally_config"].mail_server.port
    use(app, f"smtp://localhost:{port}?from=okr@example.com")
    post.deliver()
    assert "offers no encryption (STARTTLS)" in str(waiting()[0].failure)
    let_pass(timedelta(minutes=2))
    use(app, f"smtp://localhost:{port}?from=okr@example.com&tls=off")
    post.deliver()
    assert mailbox.was_encrypted == [False]


@pytest.mark.parametrize("is_trusted", [True, False])
def test_elsewhere_the_certificate_has_to_be_trusted(
    app: Flask,
    mail_id: int,
    post: Post,
    mailbox: Mailbox,
    extra_server: Any,
    certificate: tuple[Path, Any],
    is_trusted: bool,
    far_away: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, context = certificate
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    server = extra_server(tls_context=context)
    use(app, f"smtp://localhost:{server.port}?from=okr@example.com")
    post.deliver()
    assert mailbox.was_encrypted == ([True] if is_trusted else [])
    if not is_trusted:
        assert "No encryption with localhost" in str(waiting()[0].failure)


def test_starttls_that_is_refused_after_all_is_no_reason_to_go_without(
    app: Flask,
    mail_id: int,
    post: Post,
    mailbox: Mailbox,
    extra_server: Any,
    certificate: tuple[Path, Any],
    far_away: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(server: Any, _argument: str) -> None:
        await server.push("454 TLS not available due to a temporary reason")

    monkeypatch.setattr("aiosmtpd.smtp.SMTP.smtp_STARTTLS", refuse)
    server = extra_server(tls_context=certificate[1])
    use(app, f"smtp://localhost:{server.port}?from=okr@example.com")
    post.deliver()
    assert "454 TLS not available" in str(waiting()[0].failure)
    assert mailbox.messages == []


def test_mail_kept_with_another_key_is_given_up(
    app: Flask, mail_id: int, post: Post, mailbox: Mailbox
) -> None:
    other = ("b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q=",)
    app.extensions["tally_config"] = replace(app.extensions["tally_config"], encryption_keys=other)
    post.deliver()
    assert "ENCRYPTION_KEY has changed" in str(waiting()[0].failure)
    assert mailbox.messages == []


def test_mail_turned_off_while_it_waited_is_dropped(
    mail_id: int, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    db.session.get_one(Person, bob.id).wants_warnings = False
    db.session.commit()
    post.deliver()
    assert mailbox.messages == [] and waiting()[0].content_encrypted is None


def test_a_title_with_lines_stays_in_the_subject(
    app: Flask, bob: Person, post: Post, mailbox: Mailbox
) -> None:
    _write(app, bob, title="Ship\r\nBcc: victim@example.com\r\n\r\nHello")
    post.deliver()
    assert mailbox.recipients == [["bob@example.com"]]
    assert mailbox.only()["Bcc"] is None and mailbox.only()["Subject"] == "Ship"


def test_old_rows_are_forgotten_and_waiting_ones_kept(
    app: Flask, bob: Person, mail_id: int, post: Post
) -> None:
    post.deliver()
    let_pass(timedelta(days=91))
    _write(app, bob)
    let_pass(timedelta(hours=23))
    post.clear()
    [mail] = waiting()
    assert mail.sent_at is None and mail.content_encrypted


def test_nobody_is_reached_at_a_free_port(app: Flask, mail_id: int, post: Post) -> None:
    use(app, f"smtp://127.0.0.1:{free_port()}?from=okr@example.com")
    post.deliver()
    assert "the connection is refused" in str(waiting()[0].failure)
