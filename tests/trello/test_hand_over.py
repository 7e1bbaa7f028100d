"""Connections go to someone else when their owner leaves, and go on counting."""

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.db import db
from app.trello.models import Connection
from tests.support.sql import count_statements
from tests.trello.connections import make_connection


def page_of(client, person):
    return client.page(f"/admin/people/{person.id}/deactivate")


@pytest.mark.both_databases
def test_the_heir_owns_the_connections(app, client, alice, bob, carol):
    kept = make_connection(app, alice)
    given = make_connection(app, bob, name="Marketing")
    client.sign_in(alice)
    page = page_of(client, bob)
    assert page.one("section h2").text == "1 connection"
    assert "Marketing" in page.one("section").text
    assert "counts cards with the Trello account behind it" in page.text
    client.follow(client.submit(page, "Deactivate", {"heir": carol.id}))

    client.sign_in(carol)
    assert "Marketing" in client.page("/connections").one("table").text
    after = {one.id: one for one in db.session.scalars(select(Connection))}
    assert (after[given.id].owner_id, after[given.id].sharing) == (carol.id, "private")
    assert after[given.id].token_encrypted == given.token_encrypted
    assert after[kept.id].owner_id == alice.id
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "connection.handed_over")
    ).one()
    assert (entry.thing_id, entry.thing_name, entry.detail) == (
        given.id,
        "Marketing",
        {"to": "Carol Clark"},
    )


def test_a_connection_alone_demands_someone_who_takes_over(app, client, alice, bob):
    connection = make_connection(app, bob)
    client.sign_in(alice)
    page = client.see(client.submit(page_of(client, bob), "Deactivate"), 422)
    assert page.error("Hand over to") == "Choose who takes it over."
    assert db.session.get(Connection, connection.id).owner_id == bob.id


def test_whoever_owns_it_now_is_not_also_chosen(app, client, alice, bob, carol):
    connection = make_connection(app, bob, sharing="people")
    connection = db.session.get(Connection, connection.id)
    connection.shared_with = [alice, carol]
    db.session.commit()
    client.sign_in(alice)
    client.follow(client.submit(page_of(client, bob), "Deactivate", {"heir": carol.id}))
    shared = db.session.get(Connection, connection.id).shared_with
    assert [one.name for one in shared] == ["Alice Adams"]


def test_handing_over_costs_the_same_for_any_number(app, client, alice, bob, carol):
    counts = []
    client.sign_in(alice)
    for giver, heir, number in ((bob, carol, 1), (carol, alice, 8)):
        for index in range(number):
            make_connection(app, giver, name=f"Number {index}")
        typed = {"heir": heir.id}
        with count_statements() as statements:
            client.follow(client.post(f"/admin/people/{giver.id}/deactivate", typed))
        # Each has a line of its own in the log.
        counts.append(len([one for one in statements if not one.startswith("INSERT")]))
    assert counts[0] == counts[1]
