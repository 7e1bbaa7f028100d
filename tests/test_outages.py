"""A disk that is full or only lets itself be read: what people are told, and what the log says."""

import errno
import sqlite3
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from app import outages
from app.accounts.models import Person
from app.db import db
from app.okrs.comments.models import Comment
from app.okrs.models import Objective
from app.outages import outage_behind
from tests.okrs.items import make_cycle, make_objective
from tests.support.client import Client


@pytest.fixture
def objective(app: Flask, bob: Person, client: Client) -> Objective:
    app.testing = False  # as it runs for people
    outages.forget_told()
    client.sign_in(bob)
    return make_objective(bob, make_cycle())


@pytest.fixture
def each_connection(objective: Objective) -> Iterator[Callable[[str], None]]:
    """Has SQLite itself refuse, as it does on such a disk, by a pragma for each connection."""
    pragmas: list[str] = []

    def say(connection: sqlite3.Connection, *_: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    db.session.remove()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("VACUUM")  # what is free inside the file would serve for long
    event.listen(db.engine, "checkout", say)
    yield pragmas.append
    event.remove(db.engine, "checkout", say)
    db.engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_told_and_reading_goes_on(
    client: Client, objective: Objective, each_connection: Callable[[str], None]
) -> None:
    each_connection("max_page_count=1")  # no more than it has
    assert_told(client, objective, 507, "Tally's disk is full")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_disk_that_takes_nothing_is_told_and_reading_goes_on(
    client: Client, objective: Objective, each_connection: Callable[[str], None]
) -> None:
    each_connection("query_only=ON")
    assert_told(client, objective, 503, "Tally can't write to its disk")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_logged_in_one_line_however_many_meet_it(
    client: Client,
    objective: Objective,
    each_connection: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    each_connection("query_only=ON")
    for _ in range(3):
        client.post(f"/objectives/{objective.id}/comments", {"text": "A word."})
    assert [(one.name, one.levelname, one.exc_info) for one in caplog.records] == [
        ("app.outages", "ERROR", None)
    ]
    assert "The disk can't be written to" in caplog.text


def test_a_statement_that_fails_by_our_own_mistake_is_no_outage(
    client: Client, objective: Objective, caplog: pytest.LogCaptureFixture
) -> None:
    db.session.execute(text("ALTER TABLE comment RENAME COLUMN text TO gone"))
    db.session.commit()
    page = client.see(client.post(f"/objectives/{objective.id}/comments", {"text": "A"}), 500)
    assert page.h1 == "Something went wrong on our side"
    [record] = [one for one in caplog.records if one.levelname == "ERROR"]
    assert record.exc_info


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_files_that_find_no_room_are_told_likewise(number: int) -> None:
    assert outage_behind(OSError(number, "no room")) is outages.FULL
    assert outage_behind(OSError(errno.ENOENT, "not there")) is None


def assert_told(client: Client, objective: Objective, status: int, title: str) -> None:
    path = f"/objectives/{objective.id}"
    client.page(path)
    page = client.see(client.post(f"{path}/comments", {"text": "A word. " * 600}), status)
    assert page.h1 == title
    assert "Nothing was saved. You can go on reading" in page.text
    assert page.all("nav a"), "without its links there is no way on to what can be read"
    assert client.page(path).h1 == objective.title
    db.session.remove()
    assert db.session.scalar(select(func.count(Comment.id))) == 0
