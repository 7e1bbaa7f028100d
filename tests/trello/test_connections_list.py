"""The lists of connections: whose, shared with whom, how many items, how they are doing."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
import responses
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.okrs.models import Cycle, KeyResult, Measure, Objective, SourceVersion
from app.trello.app_keys import store_app_keys
from app.trello.connections import Use, usable_connections, uses
from app.trello.models import Board, BoardList, Connection, SyncRun, TrelloSource
from tests.support.client import Client
from tests.support.html import Node, Page
from tests.support.moments import relative
from tests.support.sql import count_statements
from tests.trello.connections import (
    BOARDS,
    SECRET,
    TOKEN,
    keep_boards,
    make_connection,
    make_ready,
)

LAUNCH, SUPPORT, IDEAS = BOARDS
REVOKE = f"https://api.trello.com/1/tokens/{TOKEN}"


@pytest.fixture
def ready(app: Flask, alice: Person) -> None:
    make_ready(app, alice)


def make_objective(owner: Person, **values: Any) -> Objective:
    today = utcnow().date()
    cycle = db.session.scalar(select(Cycle)) or Cycle(
        name="Now", starts_on=today, ends_on=today + timedelta(days=90)
    )
    objective = Objective(
        title="Grow", owner_id=owner.id, cycle=cycle, measure=make_measure(), **values
    )
    db.session.add(objective)
    db.session.commit()
    return objective


def make_measure() -> Measure:
    return Measure(kind="kpi", target_value=Fraction(10))


def make_key_result(objective: Objective, **values: Any) -> KeyResult:
    key_result = KeyResult(
        title="More",
        owner_id=objective.owner_id,
        objective=objective,
        measure=make_measure(),
        **values,
    )
    db.session.add(key_result)
    db.session.commit()
    return key_result


def link(
    connection: Connection, item: Objective | KeyResult, board_id: str = LAUNCH, **values: Any
) -> TrelloSource:
    """A source of the item on a board of the connection, linked by the item's owner."""
    board = db.session.scalar(
        select(Board).where(Board.connection_id == connection.id, Board.trello_id == board_id)
    ) or Board(connection_id=connection.id, trello_id=board_id)
    source = TrelloSource(
        measure_id=item.measure_id, board=board, linked_by_id=item.owner_id, **values
    )
    source.versions.append(SourceVersion(definition={}, made_by_id=item.owner_id))
    db.session.add(source)
    db.session.commit()
    return source


def row(page: Page, connection: Connection) -> Node:
    return page.one(f"#connection-{connection.id}")


def names(page: Page) -> list[str]:
    return [node.text for node in page.all("tbody th")]


def test_members_see_their_own_and_what_is_shared(
    app: Flask, ready: None, client: Client, alice: Person, bob: Person, carol: Person
) -> None:
    make_connection(app, bob, name="Bob's")
    make_connection(app, carol, name="Carol's")
    make_connection(app, carol, name="Lent by Carol", sharing="everyone", boards=[LAUNCH])
    make_connection(app, carol, name="Half done", sharing="everyone", is_configured=False)
    client.sign_in(bob)
    assert names(client.page("/connections")) == ["Bob's", "Lent by Carol"]
    client.sign_in(alice)
    assert names(client.page("/connections")) == ["Lent by Carol"]
    everything = ["Bob's", "Carol's", "Half done", "Lent by Carol"]
    assert names(client.page("/admin/connections")) == everything
    assert names(client.page("/admin/integrations/trello")) == everything


def test_only_admins_see_all(app: Flask, ready: None, client: Client, bob: Person) -> None:
    client.sign_in(bob)
    assert client.get("/admin/connections").status_code == 403
    assert client.get("/admin/integrations/trello").status_code == 403
    assert client.post("/admin/integrations/trello", {}).status_code == 403


def test_what_a_row_says(app: Flask, ready: None, client: Client, bob: Person) -> None:
    connection = make_connection(
        app,
        bob,
        name="Team",
        sharing="everyone",
        boards=[LAUNCH, SUPPORT],
        last_synced_at=utcnow() - timedelta(hours=2),
    )
    link(connection, make_objective(bob))
    client.sign_in(bob)
    page = client.page("/connections")
    cells = [node.text for node in row(page, connection).all("td")]
    assert relative(cells.pop(4)) == "2 hours ago"
    assert cells[:5] == [
        "Bob Brown@bob",
        "Everyone",
        "Launch, Support",
        "1",
        "Working",
    ]
    assert page.link("New connection") == "/connections/trello/new"
    assert "data-popup" in page.named("New connection")[0]
    assert page.link("Edit") == f"/connections/{connection.id}/configure"
    assert page.link("Reconnect") == f"/connections/trello/new?reconnect={connection.id}"


def test_only_those_who_manage_get_actions(
    app: Flask, ready: None, client: Client, bob: Person, carol: Person, alice: Person
) -> None:
    make_connection(app, carol, sharing="everyone")
    client.sign_in(bob)
    page = client.page("/connections")
    assert not page.named("Edit") + page.named("Reconnect")
    client.sign_in(alice)
    page = client.page("/admin/connections")
    assert page.named("Edit") and page.named("Reconnect")
    assert not page.named("Remove"), "it stands on the page of the connection, with what it does"


def test_the_menu_marks_the_list_to_which_the_trail_leads(
    app: Flask, ready: None, client: Client, alice: Person, bob: Person
) -> None:
    bobs = make_connection(app, bob)
    alices = make_connection(app, alice)
    lists = {bobs.id: "All connections", alices.id: "Connections"}
    client.sign_in(alice)
    for connection_id, listed in lists.items():
        for deeper in ("", "/configure", "/disconnect", "/failures", "/transfer"):
            page = client.page(f"/connections/{connection_id}{deeper}")
            assert page.all(".trail a")[0].text == listed
            assert [one.text for one in page.all(".side a[aria-current]")] == [listed]


def test_empty_lists_teach_the_next_step(
    app: Flask, client: Client, alice: Person, bob: Person
) -> None:
    client.sign_in(bob)
    page = client.page("/connections")
    assert "An admin has to enable Trello" in page.text
    assert not page.named("New connection")
    make_ready(app, alice)
    page = client.page("/connections")
    assert "Connect yours" in page.text
    assert page.named("New connection")


def state(client: Client, connection: Connection) -> str:
    return row(client.page("/connections"), connection).all("td")[5].text


def test_states_in_words(
    app: Flask, ready: None, client: Client, alice: Person, bob: Person
) -> None:
    connection = make_connection(app, bob)
    board_id = link(connection, make_objective(bob)).board_id
    client.sign_in(bob)
    assert state(client, connection) == "Working"

    db.session.get_one(Board, board_id).failure = "The board is gone."
    db.session.commit()
    assert state(client, connection).startswith("Partly working 1 board could not be read")

    switch("trello", False, alice)
    db.session.commit()
    assert state(client, connection) == "Paused The Trello integration is disabled."

    db.session.get_one(Connection, connection.id).is_configured = False
    db.session.commit()
    assert state(client, connection).startswith("Not finished")

    db.session.get_one(Connection, connection.id).reconnect_reason = "It was revoked."
    db.session.commit()
    assert state(client, connection) == "Needs reconnecting It was revoked."


def test_another_key_shows_before_any_sync(
    app: Flask, ready: None, client: Client, bob: Person
) -> None:
    connection = make_connection(app, bob, key_fingerprint="0" * 64)
    client.sign_in(bob)
    assert state(client, connection).startswith("Needs reconnecting Trello's API key was changed")


@pytest.mark.both_databases
def test_counts_of_items(app: Flask, ready: None, bob: Person) -> None:
    used, unused = make_connection(app, bob), make_connection(app, bob)
    objective = make_objective(bob)
    link(used, objective)
    link(used, make_key_result(objective), SUPPORT)
    link(used, make_key_result(objective, deleted_at=utcnow()))
    link(used, make_key_result(make_objective(bob, deleted_at=utcnow())))
    lost = link(used, make_key_result(objective), ended_at=utcnow())
    lost.board.failure = "Gone."
    db.session.commit()
    found = uses(bob)
    assert found == {used.id: Use(item_count=2, source_count=5, troubled_board_count=1)}
    assert unused.id not in found


def test_statements_do_not_grow(
    app: Flask, ready: None, client: Client, alice: Person, bob: Person
) -> None:
    client.sign_in(alice)
    counts = []
    for _ in range(2):
        for _ in range(4):
            connection = make_connection(app, bob, boards=[LAUNCH, SUPPORT])
            link(connection, make_objective(bob))
        with count_statements() as statements:
            client.page("/admin/connections")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 10


@pytest.mark.both_databases
def test_order_of_preselection(app: Flask, ready: None, bob: Person, carol: Person) -> None:
    now = utcnow()
    lent_later = make_connection(app, carol, sharing="everyone", shared_at=now)
    lent_first = make_connection(app, carol, sharing="everyone", shared_at=now - timedelta(days=3))
    make_connection(app, carol)
    make_connection(app, bob, is_configured=False)
    shared = [lent_first.id, lent_later.id]
    assert [one.id for one in usable_connections(bob)] == shared
    own = make_connection(app, bob)
    assert [one.id for one in usable_connections(bob)] == [own.id, *shared]
    objective = make_objective(bob)
    link(lent_later, objective)
    assert [one.id for one in usable_connections(bob)] == [lent_later.id, own.id, lent_first.id]
    link(own, make_key_result(objective))
    assert [one.id for one in usable_connections(bob)] == [own.id, lent_later.id, lent_first.id]
    # What others have used says nothing.
    assert usable_connections(carol)[0].owner_id == carol.id


def test_usable_connections_bring_their_boards(app: Flask, ready: None, bob: Person) -> None:
    for _ in range(3):
        make_connection(app, bob, boards=[LAUNCH])
    db.session.remove()
    bob = db.session.get_one(Person, bob.id)
    with count_statements() as statements:
        for connection in usable_connections(bob):
            assert connection.shows(LAUNCH) and connection.owner.name == "Bob Brown"
    assert len(statements) == 2


@responses.activate
def test_remove(app: Flask, ready: None, client: Client, bob: Person) -> None:
    responses.delete(REVOKE, json={"_value": None})
    connection = make_connection(app, bob, boards=[LAUNCH])
    keep_boards(connection)
    board = Board(connection_id=connection.id, trello_id=LAUNCH)
    db.session.add_all([board, SyncRun(board=board, trigger="hourly", status="done")])
    db.session.commit()
    client.sign_in(bob)
    response = client.submit(client.page(f"/connections/{connection.id}"), "Remove")
    page = client.follow(response)
    assert page.flashes == ["Trello (bob) is removed, and its access at Trello is revoked."]
    for model in (Connection, Board, BoardList, SyncRun):
        assert db.session.scalar(select(model)) is None
    assert len(responses.calls) == 1
    assert client.post(f"/connections/{connection.id}/remove").status_code == 404


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, "invalid token", "is revoked"),
        (503, "", "could not be revoked at Trello"),
        (200, "<html>", "could not be revoked at Trello"),
    ],
)
@responses.activate
def test_remove_when_trello_does_not_play_along(
    app: Flask, ready: None, client: Client, bob: Person, status: int, body: str, said: str
) -> None:
    responses.delete(REVOKE, body=body, status=status, content_type="text/plain")
    connection = make_connection(app, bob)
    client.sign_in(bob)
    page = client.follow(client.post(f"/connections/{connection.id}/remove"))
    assert said in page.flashes[0]
    assert TOKEN not in page.html
    assert db.session.scalar(select(Connection)) is None


@responses.activate
def test_remove_under_another_key(
    app: Flask, ready: None, client: Client, alice: Person, bob: Person
) -> None:
    connection = make_connection(app, bob)
    with app.app_context():
        store_app_keys("another-key", SECRET, by=alice)
        db.session.commit()
    client.sign_in(bob)
    page = client.follow(client.post(f"/connections/{connection.id}/remove"))
    assert "could not be revoked at Trello" in page.flashes[0]
    assert "@bob" in page.flashes[0]


def test_remove_is_refused_while_anything_hangs_on_it(
    app: Flask, ready: None, client: Client, bob: Person
) -> None:
    connection = make_connection(app, bob)
    link(connection, make_objective(bob), ended_at=utcnow())
    client.sign_in(bob)
    page = client.page("/connections")
    assert row(page, connection).all("td")[3].text == "0"
    assert not client.page(f"/connections/{connection.id}").named("Remove")
    page = client.follow(client.post(f"/connections/{connection.id}/remove"))
    assert "was not removed" in page.flashes[0]
    assert db.session.get(Connection, connection.id)


def test_remove_only_by_post_with_a_token(
    app: Flask, ready: None, client: Client, bob: Person
) -> None:
    connection = make_connection(app, bob)
    client.sign_in(bob)
    path = f"/connections/{connection.id}/remove"
    assert client.get(path).status_code == 405
    assert client.send("POST", path).status_code == 400
    assert db.session.get(Connection, connection.id)


def test_narrowing_freezes_and_widening_starts_again(
    app: Flask, ready: None, client: Client, bob: Person
) -> None:
    connection = make_connection(app, bob)
    keep_boards(connection)
    objective = make_objective(bob)
    launch, support = (
        link(connection, objective),
        link(connection, make_key_result(objective), SUPPORT),
    )
    client.sign_in(bob)
    path = f"/connections/{connection.id}/configure"
    fields = {"name": "Team", "sharing": "private", "shown": "only", "boards": [SUPPORT]}
    assert client.post(path, fields).status_code == 303
    db.session.remove()
    assert db.session.get_one(TrelloSource, launch.id).frozen_reason
    assert db.session.get_one(TrelloSource, support.id).frozen_reason is None
    assert client.post(path, fields | {"shown": "all"}).status_code == 303
    db.session.remove()
    assert db.session.get_one(TrelloSource, launch.id).frozen_reason is None


def test_unsharing_only_stops_new_links(
    app: Flask, ready: None, client: Client, bob: Person, carol: Person
) -> None:
    connection = make_connection(app, bob, sharing="everyone")
    keep_boards(connection)
    source = link(connection, make_objective(carol))
    client.sign_in(bob)
    fields = {"name": "Team", "sharing": "private", "shown": "all"}
    client.post(f"/connections/{connection.id}/configure", fields)
    db.session.remove()
    assert db.session.get_one(TrelloSource, source.id).frozen_reason is None
    assert usable_connections(db.session.get_one(Person, carol.id)) == []
