"""The page that says what went wrong with a connection."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import db, utcnow
from app.trello.models import Board, Connection, ConnectionFailure
from tests.support.client import Client
from tests.support.sql import count_statements
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source


@pytest.fixture
def connection(app: Flask, bob: Person) -> Iterator[Connection]:
    """Bob's, shared with everyone, with an item on one board."""
    with app.app_context():
        connection = make_connection(bob, sharing="everyone")
        make_source(make_key_result(make_objective(bob)).measure, connection)
    yield connection


def page_of(connection: Connection) -> str:
    return f"/connections/{connection.id}/failures"


def fail(connection: Connection, hours_ago: float = 1, **values: Any) -> None:
    at = utcnow() - timedelta(hours=hours_ago)
    filled = {
        "kind": "unavailable",
        "sentence": "Trello could not be reached.",
        "first_at": at,
        "last_at": at,
    }
    db.session.add(ConnectionFailure(connection_id=connection.id, **filled | values))
    db.session.commit()


def board_of(connection: Connection) -> Board:
    return db.session.query(Board).filter_by(connection_id=connection.id).one()


def test_it_says_what_failed_where_when_how_often_and_whether_it_is_over(
    client: Client, bob: Person, connection: Connection
) -> None:
    board = board_of(connection)
    board.name = "<b>Launch</b>"
    over = utcnow() - timedelta(minutes=5)
    fail(connection, hours_ago=1, board_id=board.id, times=3, over_at=over)
    fail(connection, hours_ago=30, kind="token", sentence="It was revoked.")
    client.sign_in(bob)
    page = client.page(page_of(connection))
    rows = [[cell.text for cell in row.all("th") + row.all("td")] for row in page.all("tbody tr")]
    lasting, ended = rows
    assert lasting[:2] == ["It was revoked.", "All its boards"]
    assert lasting[4:] == ["1", "Still so"]
    assert ended[:2] == ["Trello could not be reached.", "<b>Launch</b>"]
    assert ended[4] == "3" and ended[5].startswith("Over")
    assert len(page.all("tbody time")) == 5


def test_without_failures_it_says_so(client: Client, bob: Person, connection: Connection) -> None:
    client.sign_in(bob)
    page = client.page(page_of(connection))
    assert "Nothing has failed." in page.text and not page.all("table")


def test_only_those_who_manage_the_connection_see_it(
    client: Client,
    app: Flask,
    alice: Person,
    bob: Person,
    carol: Person,
    connection: Connection,
) -> None:
    assert "/login" in client.get(page_of(connection)).headers["Location"]
    with app.app_context():
        private = make_connection(bob)
    client.sign_in(carol)
    assert client.get(page_of(connection)).status_code == 403
    assert client.get(page_of(private)).status_code == 404
    assert client.get("/connections/999/failures").status_code == 404
    client.sign_in(alice)
    assert client.page(page_of(private)).one("h1").text == "What failed"
    assert client.post(page_of(private)).status_code == 405


def test_a_long_history_is_cut_and_costs_no_more(
    client: Client, bob: Person, connection: Connection
) -> None:
    board_id = board_of(connection).id
    fail(connection, board_id=board_id)
    client.sign_in(bob)
    client.page(page_of(connection))
    with count_statements() as few:
        client.page(page_of(connection))
    for number in range(110):
        fail(connection, hours_ago=number, board_id=board_id, over_at=utcnow())
    with count_statements() as many:
        page = client.page(page_of(connection))
    assert len(many) <= len(few)
    assert len(page.all("tbody tr")) == 100
    assert "newest 100" in page.text


def test_it_is_found_from_the_form_and_from_a_state_that_is_partly_well(
    client: Client, bob: Person, connection: Connection
) -> None:
    client.sign_in(bob)
    assert not client.page("/connections").named("What failed")
    board_of(connection).failure = "Trello could not be reached."
    db.session.commit()
    assert client.page("/connections").link("What failed") == page_of(connection)
    form = client.page(f"/connections/{connection.id}/configure")
    assert form.link("What failed") == page_of(connection)
    assert "1 board could not be read" in client.page(page_of(connection)).text
