"""Sharing a connection with chosen people: who may link to it then, and who no longer."""

import pytest
import responses
from flask import Flask
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db
from app.trello.connections import usable_connections
from app.trello.loading import may_use
from app.trello.models import BoardList, Connection
from tests.support.client import Client
from tests.support.people import make_person
from tests.support.sql import count_statements
from tests.trello.boards import BOARD, board
from tests.trello.connections import BOARDS, keep_boards, make_connection, make_ready
from tests.trello.linked import make_key_result, make_objective, make_source
from tests.trello.test_connection_loading import outcome

LAUNCH = next(iter(BOARDS))
API = "https://api.trello.com/1"


@pytest.fixture
def mine(app: Flask, client: Client, alice: Person, bob: Person) -> Connection:
    """Bob's, who is signed in."""
    make_ready(app, alice)
    connection = make_connection(app, bob, name="Team")
    keep_boards(connection)
    client.sign_in(bob)
    return connection


def save(client: Client, connection: Connection, sharing: str, *people: int) -> None:
    fields = {"name": "Team", "sharing": sharing, "shown": "all", "people": list(people)}
    assert client.post(f"/connections/{connection.id}/configure", fields).status_code == 303
    db.session.remove()


def test_only_the_chosen_may_use_it(
    app: Flask, mine: Connection, client: Client, alice: Person, carol: Person
) -> None:
    other = make_person("Eve Early")
    page = client.page(f"/connections/{mine.id}/configure")
    assert page.field("Carol Clark") and page.field("Alice Adams")
    assert "Bob Brown" not in [label.text for label in page.all("label")]
    response = client.submit(
        page, "Save", {"sharing": "people", "shown": "all", "people": [str(carol.id)]}
    )
    assert client.follow(response).flashes == ["The connection is saved."]
    db.session.remove()
    saved = db.session.get_one(Connection, mine.id)
    assert saved.sharing == "people" and saved.shared_at is not None
    assert [one.id for one in usable_connections(carol)] == [mine.id]
    assert may_use(carol, saved) and not may_use(other, saved)
    assert usable_connections(other) == [] and usable_connections(alice) == []
    db.session.remove()
    for person, outcomes in ((carol, (200, 200, 403)), (other, (404, 404, 404))):
        assert outcomes == (
            outcome(app, person, mine.id),
            outcome(app, person, mine.id, to_use=True),
            outcome(app, person, mine.id, to_manage=True),
        )


def test_the_list_names_the_chosen(mine: Connection, client: Client, carol: Person) -> None:
    save(client, mine, "people", carol.id)
    row = client.page("/connections").one(f"#connection-{mine.id}")
    assert row.all("td")[1].text == "Carol Clark"
    client.sign_in(carol)
    assert client.page("/connections").one(f"#connection-{mine.id}")


def test_somebody_has_to_be_chosen(mine: Connection, client: Client) -> None:
    fields = {"name": "Team", "sharing": "people", "shown": "all"}
    page = client.see(client.post(f"/connections/{mine.id}/configure", fields), 422)
    assert page.one("#people-errors").text == "Tick at least one person."
    assert "checked" in page.field("Chosen people")


@pytest.mark.parametrize("who", ["dave", "observer", "bob", "nobody", "<b>"])
def test_only_people_who_could_use_it_can_be_chosen(
    mine: Connection, client: Client, bob: Person, dave: Person, who: str
) -> None:
    observer = make_person("Olga Orlov", OBSERVER)
    ids = {"dave": dave.id, "observer": observer.id, "bob": bob.id, "nobody": 9999}
    fields = {"name": "Team", "sharing": "people", "shown": "all", "people": [ids.get(who, who)]}
    page = client.see(client.post(f"/connections/{mine.id}/configure", fields), 422)
    assert page.one("#people-errors")
    assert db.session.get_one(Connection, mine.id).sharing == "private"


def test_the_chosen_are_forgotten_with_another_sharing(
    mine: Connection, client: Client, carol: Person
) -> None:
    save(client, mine, "people", carol.id)
    save(client, mine, "everyone", carol.id)
    assert db.session.get_one(Connection, mine.id).shared_with == []
    save(client, mine, "private")
    assert usable_connections(carol) == []


def test_the_moment_of_sharing_stays_with_other_people(
    mine: Connection, client: Client, alice: Person, carol: Person
) -> None:
    save(client, mine, "people", carol.id)
    since = db.session.get_one(Connection, mine.id).shared_at
    save(client, mine, "people", alice.id)
    saved = db.session.get_one(Connection, mine.id)
    assert saved.shared_at == since and [one.id for one in saved.shared_with] == [alice.id]


def test_the_audit_log_says_what_changed(mine: Connection, client: Client, carol: Person) -> None:
    save(client, mine, "people", carol.id)
    save(client, mine, "people", carol.id)
    found = db.session.scalars(select(AuditEntry).where(AuditEntry.thing_kind == "connection"))
    assert [(one.action, one.detail) for one in found] == [
        ("connection.shared", {"before": "nobody else", "after": "Carol Clark"})
    ]


def test_the_audit_log_tells_people_and_boards_of_one_name_apart(
    mine: Connection, client: Client, carol: Person
) -> None:
    namesake = make_person("Carol Clark", email="clark@example.com")
    twins = {"e" * 24: "Twins", "f" * 24: "Twins"}
    db.session.get_one(BoardList, mine.id).boards = [
        {"id": one, "name": name, "url": f"https://trello.com/b/{one[:8]}/x"}
        for one, name in twins.items()
    ]
    db.session.commit()
    for person, board_id in zip((carol, namesake), twins, strict=True):
        fields = {"name": "Team", "sharing": "people", "shown": "only"}
        fields |= {"people": [person.id], "boards": [board_id]}
        assert client.post(f"/connections/{mine.id}/configure", fields).status_code == 303
    db.session.remove()
    found = db.session.scalars(select(AuditEntry).where(AuditEntry.thing_kind == "connection"))
    assert [(one.action, one.detail) for one in found][2:] == [
        ("connection.shared", {"before": "Carol Clark", "after": "Carol Clark"}),
        ("connection.limited", {"before": "Twins", "after": "Twins"}),
    ]


@responses.activate
def test_who_lost_the_connection_edits_all_but_the_criteria(
    app: Flask, mine: Connection, client: Client, bob: Person, carol: Person
) -> None:
    responses.get(f"{API}/boards/{BOARD}", json=board())
    save(client, mine, "people", carol.id)
    with app.app_context():
        key_result = make_key_result(make_objective(carol))
        made = make_source(key_result.measure, db.session.get_one(Connection, mine.id))
    save(client, mine, "private")
    client.sign_in(carol)
    page = client.page(f"/key-results/{key_result.id}/edit")
    assert "you can change everything here but what it counts" in page.text
    sent = {"title": "Publish more", "trello_board": LAUNCH, "trello_connection": str(mine.id)}
    assert client.submit(page, "Save", sent).status_code == 303
    db.session.remove()
    source = db.session.get_one(type(made), made.id)
    assert source.measure.key_result.title == "Publish more"
    assert source.board.trello_id == BOARD and source.frozen_reason is None


def test_observers_manage_nothing(app: Flask, mine: Connection, client: Client) -> None:
    observer = make_person("Olga Orlov", OBSERVER)
    own = make_connection(app, observer, name="From before")
    client.sign_in(observer)
    page = client.page("/connections")
    assert not page.named("Edit") + page.named("Reconnect") + page.named("New connection")
    for path in ("", "/configure", "/disconnect", "/transfer", "/failures"):
        assert client.get(f"/connections/{own.id}{path}").status_code == 403
    for path in ("/test", "/disconnect", "/transfer", "/remove", "/configure"):
        assert client.post(f"/connections/{own.id}{path}").status_code == 403
    for path in ("new", f"new?reconnect={own.id}", "callback"):
        assert client.get(f"/connections/trello/{path}").status_code == 403
    assert outcome(app, observer, own.id, to_manage=True) == 403


def test_statements_do_not_grow_with_the_chosen(
    app: Flask, mine: Connection, client: Client, alice: Person
) -> None:
    client.sign_in(alice)
    counts = []
    for number in range(2):
        for one in range(3):
            person = make_person(f"P{number}{one}")
            connection = make_connection(app, person)
            found = db.session.get_one(Connection, connection.id)
            found.sharing, found.shared_with = "people", [alice, person]
            db.session.commit()
        with count_statements() as statements:
            client.page("/admin/connections")
        counts.append(len(statements))
    assert counts[0] == counts[1]
