"""Admin, System: what runs here, told in words, whatever can't be reached."""

import shutil
from datetime import timedelta
from typing import NamedTuple

import pytest
import redis

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.backup.commands import backup
from app.beats import WorkerBeat
from app.db import Model, db, utcnow
from app.migrating import newest_revision
from app.queues import HOURLY, enqueue
from app.trello.models import SyncRun, TrelloSource
from app.trello.sync import sync_waiting
from app.version import tally_version
from tests.support.client import Client
from tests.support.html import Page
from tests.support.sql import count_statements

STATEMENTS = 6
"""One for whoever asks, five for what is shown."""


class Disk(NamedTuple):
    total: int
    used: int
    free: int


def keep(*rows: Model) -> None:
    db.session.add_all(rows)
    db.session.commit()


def page_of(admin: Person, client: Client) -> Page:
    client.sign_in(admin)
    return client.page("/admin/system")


def says(page: Page, name: str) -> str:
    """What stands beside a name in one of the tables."""
    [row] = [row for row in page.all("tbody tr") if row.one("th").text.strip() == name]
    return " ".join(row.all("td")[0].text.split())


def warnings(page: Page) -> str:
    return " ".join(note.text for note in page.all(".note.bad"))


@pytest.mark.both_databases
def test_it_tells_what_runs_here(client: Client, alice: Person) -> None:
    page = page_of(alice, client)
    assert says(page, "Tally") == tally_version()
    assert says(page, "Schema") == f"{newest_revision()}, the newest"
    is_sqlite = db.engine.dialect.name == "sqlite"
    assert says(page, "Database").startswith("SQLite 3." if is_sqlite else "PostgreSQL 1")
    assert says(page, "Size of the database").endswith(("kB", "MB"))
    assert says(page, "Disk").endswith(" free")
    assert says(page, "Mail waiting") == says(page, "Syncs waiting") == "0"


@pytest.mark.both_databases
def test_it_asks_no_more_however_much_there_is(
    client: Client, alice: Person, source: TrelloSource
) -> None:
    page_of(alice, client)
    with count_statements() as few:
        client.page("/admin/system")
    for number in range(20):
        keep(WorkerBeat(name=f"web-1-{number}"), AuditEntry(action="backup.made"))
    keep(SyncRun(board_id=source.board_id, trigger="hourly"))
    with count_statements() as more:
        client.page("/admin/system")
    assert len(few) == len(more) == STATEMENTS, more


def test_without_redis_and_worker_it_says_so(client: Client, alice: Person) -> None:
    page = page_of(alice, client)
    assert "No worker is running" in warnings(page)
    assert "The server for jobs (Redis) can't be reached" in warnings(page)
    assert says(page, "Server for jobs") == says(page, "Urgent jobs waiting") == "Out of reach"
    assert says(page, "Clock") == "Not in the last day"


@pytest.mark.services
def test_it_tells_of_the_server_for_jobs(
    client: Client, server: redis.Redis, alice: Person
) -> None:
    with client.app.app_context():
        enqueue(sync_waiting, 7, lane=HOURLY)
    page = page_of(alice, client)
    assert "Redis" not in warnings(page)
    assert says(page, "Server for jobs").startswith("Valkey ")
    assert (says(page, "Urgent jobs waiting"), says(page, "Hourly jobs waiting")) == ("0", "1")


def test_workers_are_told_with_their_host(client: Client, alice: Person) -> None:
    keep(
        WorkerBeat(name="web-1.example.com-77"),
        WorkerBeat(name="web-2-78", seen_at=utcnow() - timedelta(hours=3)),
    )
    page = page_of(alice, client)
    rows = [
        [" ".join(cell.text.split()) for cell in [row.one("th"), *row.all("td")]]
        for row in page.all("#workers tbody tr")
    ]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("web-1.example.com", "77", "Alive"),
        ("web-2", "78", "Silent"),
    ]
    assert rows[1][3].startswith("3 hours ago")
    assert says(page, "Clock").startswith("Last turned just now")
    assert "No worker" not in warnings(page)


def test_it_says_when_there_was_never_a_backup_or_it_is_old(client: Client, alice: Person) -> None:
    page = page_of(alice, client)
    assert says(page, "Last backup") == "Never"
    assert "There was never a backup" in warnings(page)
    keep(AuditEntry(action="backup.made", happened_at=utcnow() - timedelta(days=2, minutes=1)))
    page = page_of(alice, client)
    assert says(page, "Last backup").startswith("2 days ago")
    assert "more than two days old" in warnings(page)


def test_a_backup_is_told(client: Client, alice: Person) -> None:
    made = client.app.test_cli_runner().invoke(backup)
    assert made.exit_code == 0, made.output
    page = page_of(alice, client)
    [path] = client.app.extensions["tally_config"].data_dir.glob("backups/*.tally")
    assert says(page, "Last backup").startswith("just now")
    assert path.name in says(page, "Last backup") and says(page, "Last backup").endswith("kB")
    assert "backup" not in warnings(page)


def test_it_warns_before_the_disk_is_full(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for free, is_low in ((2_000_000_000, False), (999_999_999, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: Disk(10**12, 0, free))
        page = page_of(alice, client)
        assert ("The disk is nearly full" in warnings(page)) == is_low
    assert says(page, "Disk") == "1000.0 MB free"


def test_a_schema_of_another_tally_is_told(client: Client, alice: Person) -> None:
    client.sign_in(alice)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    page = client.page("/admin/system")
    assert says(page, "Schema") == "0001, not the one of this Tally"
    assert "another schema" in warnings(page)


def test_admins_find_it_and_others_do_not(client: Client, alice: Person, bob: Person) -> None:
    page = page_of(alice, client)
    assert page.one("nav a[aria-current=page]").text == "System"
    client.sign_in(bob)
    assert client.get("/admin/system").status_code == 403
    assert "/admin/system" not in client.get("/okrs").text
