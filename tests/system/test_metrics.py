"""The figures: right on both databases, bounded in number, and there while something is away."""

from datetime import timedelta

import pytest
import redis
from flask import Flask

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.beats import WorkerBeat
from app.counters import SYNC_RUNS, TRELLO_REQUESTS, counters
from app.db import Model, db, utcnow
from app.mail.models import OutgoingMail
from app.queues import HOURLY, enqueue
from app.trello.models import SyncRun, TrelloSource
from app.trello.sync import sync_waiting
from app.version import tally_version
from tests.support.client import Client
from tests.support.sql import count_statements
from tests.system.figures import figure, read

STATEMENTS = 5


def metrics(client: Client) -> str:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return answer.text


def keep(*rows: Model) -> None:
    db.session.add_all(rows)
    db.session.commit()


def mail_to(person: Person, **values: object) -> OutgoingMail:
    return OutgoingMail(person_id=person.id, kind="link", **values)


@pytest.mark.both_databases
def test_what_stands_in_the_database_is_told(
    client: Client, bob: Person, source: TrelloSource
) -> None:
    empty = metrics(client)
    assert figure(empty, "tally_up", part="database") == 1
    assert figure(empty, "tally_last_backup_timestamp_seconds") == 0
    assert figure(empty, "tally_workers_alive") == 0
    assert figure(empty, "tally_sync_runs_waiting") == 0
    assert figure(empty, "tally_sync_oldest_waiting_seconds") == 0
    assert figure(empty, "tally_mail_waiting") == figure(empty, "tally_mail_given_up") == 0
    assert figure(empty, "tally_schema_is_newest") == 1
    assert (figure(empty, "tally_database_size_bytes") or 0) > 100_000

    now, day, minute = utcnow(), timedelta(days=1), timedelta(minutes=1)
    keep(
        WorkerBeat(name="web-1-77", seen_at=now),
        WorkerBeat(name="web-2-78", seen_at=now - minute),
        SyncRun(board_id=source.board_id, trigger="hourly", queued_at=now - 2 * minute),
        AuditEntry(action="backup.made", happened_at=now - 2 * day),
        AuditEntry(action="backup.made", happened_at=now - day),
        AuditEntry(action="person.signed_in", happened_at=now),
        mail_to(bob, content_encrypted="sealed"),
        mail_to(bob, content_encrypted="sealed", failure="The mail server is away."),
        mail_to(bob, failure="It was refused.", next_try_at=now - day),
        mail_to(bob, failure="It was refused long ago.", next_try_at=now - 8 * day),
        mail_to(bob, sent_at=now),
    )

    text = metrics(client)
    made_at = figure(text, "tally_last_backup_timestamp_seconds") or 0
    assert made_at == (now - day).timestamp()
    assert figure(text, "tally_workers_alive") == 1
    assert figure(text, "tally_sync_runs_waiting") == 1
    waited = figure(text, "tally_sync_oldest_waiting_seconds") or 0
    assert 120 <= waited <= (utcnow() - now + 2 * minute).total_seconds()
    assert figure(text, "tally_mail_waiting") == 2
    assert figure(text, "tally_mail_given_up") == 1


@pytest.mark.both_databases
def test_reading_them_takes_few_statements_however_much_there_is(
    client: Client, source: TrelloSource
) -> None:
    with count_statements() as few:
        metrics(client)
    for number in range(20):
        keep(WorkerBeat(name=f"web-1-{number}"), AuditEntry(action="backup.made"))
    keep(SyncRun(board_id=source.board_id, trigger="hourly"))
    with count_statements() as more:
        metrics(client)
    assert len(few) == len(more) == STATEMENTS, more


def test_it_says_which_tally_this_is(client: Client, workspace: object) -> None:
    [labels] = [
        dict(labels) for name, labels in read(metrics(client)) if name == "tally_build_info"
    ]
    assert labels["version"] == tally_version()


def test_without_redis_the_rest_is_told(client: Client, workspace: object) -> None:
    text = metrics(client)
    assert figure(text, "tally_up", part="redis") == 0
    assert figure(text, "tally_up", part="database") == 1
    assert "tally_jobs_waiting" not in text and "tally_requests_total" not in text
    assert figure(text, "tally_workers_alive") == 0


@pytest.mark.services
def test_without_a_database_the_rest_is_told(client: Client, server: redis.Redis) -> None:
    WorkerBeat.__table__.drop(db.engine)
    text = metrics(client)
    assert figure(text, "tally_up", part="database") == 0
    assert figure(text, "tally_up", part="redis") == 1
    assert "tally_workers_alive" not in text
    assert figure(text, "tally_jobs_waiting", lane="now") == 0


@pytest.mark.services
def test_requests_are_counted_with_how_long_they_took(
    client: Client, server: redis.Redis, bob: Person
) -> None:
    for _ in range(3):
        client.get("/login")
    client.get("/admin/audit")
    text = metrics(client)
    login = {"view": "accounts.sign_in", "method": "GET"}
    assert figure(text, "tally_requests_total", status="200", **login) == 3
    refused = {"view": "audit.show_log", "method": "GET", "status": "302"}
    assert figure(text, "tally_requests_total", **refused) == 1
    buckets = [
        figure(text, "tally_request_seconds_bucket", le=bound, **login)
        for bound in ("0.01", "0.1", "1.0", "10.0", "+Inf")
    ]
    assert buckets == sorted(buckets, key=lambda count: count or 0)
    assert buckets[-1] == figure(text, "tally_request_seconds_count", **login) == 3
    assert 0 < (figure(text, "tally_request_seconds_sum", **login) or 0) < 60


@pytest.mark.services
def test_no_visitor_makes_the_figures_more(
    client: Client, server: redis.Redis, bob: Person
) -> None:
    """Neither by addresses and methods of their own nor by what they look for."""
    client.sign_in(bob)
    client.get("/nowhere")
    client.send("SESAME", "/nowhere")
    metrics(client)
    many = len(read(metrics(client)))  # with the reading of them itself
    for number in range(20):
        client.get(f"/objectives/{number}")
        client.get(f"/nowhere/{number}")
        client.send(f"SESAME{number}", "/nowhere")
        client.get("/okrs", query_string={"text": f"sesame-{number}"})
    text = metrics(client)
    seen = {view for name, labels in read(text) for key, view in labels if key == "view"}
    assert seen == {"none", "metrics.show_metrics", "okrs.show_objective", "okrs.list_objectives"}
    assert figure(text, "tally_requests_total", view="none", method="GET", status="404") == 21
    assert figure(text, "tally_requests_total", view="none", method="other", status="404") == 21
    assert len(read(text)) < many + 50
    assert not [word for word in ("sesame", "SESAME", "Bob", bob.email) if word in text]


@pytest.mark.services
def test_jobs_that_wait_are_told_by_lane(
    app: Flask, client: Client, server: redis.Redis, workspace: object
) -> None:
    with app.app_context():
        enqueue(sync_waiting, 7, lane=HOURLY)
    text = metrics(client)
    assert figure(text, "tally_jobs_waiting", lane="now") == 0
    assert figure(text, "tally_jobs_waiting", lane="hourly") == 1


@pytest.mark.services
def test_what_is_done_with_trello_is_told(
    client: Client, server: redis.Redis, workspace: object
) -> None:
    counters.add(SYNC_RUNS, "hourly", "done", amount=2)
    counters.add(TRELLO_REQUESTS, "limited")
    text = metrics(client)
    assert figure(text, "tally_sync_runs_total", trigger="hourly", outcome="done") == 2
    assert figure(text, "tally_trello_requests_total", outcome="limited") == 1
