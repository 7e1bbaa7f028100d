"""Sharing a connection with chosen teams: whoever is in one or leads it may link to it."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.teams.models import Team
from app.trello.connection_transfer import targets_for
from app.trello.connections import usable_connections
from app.trello.loading import may_use
from app.trello.models import Connection
from tests.support.client import Client
from tests.support.people import make_person
from tests.support.sql import count_statements
from tests.teams.making import make_team
from tests.trello.connections import keep_boards, make_connection, make_ready
from tests.trello.test_connection_loading import outcome


@pytest.fixture
def mine(app: Flask, client: Client, alice: Person, bob: Person) -> Connection:
    """Bob's, who is signed in."""
    make_ready(app, alice)
    connection = make_connection(app, bob, name="Boards")
    keep_boards(connection)
    client.sign_in(bob)
    return connection


@pytest.fixture
def team(carol: Person) -> Team:
    """Lena's; Carol is in it."""
    return make_team("Marketing", make_person("Lena Lind"), (carol,))


def save(
    client: Client, connection: Connection, *teams: Team, people: tuple[int, ...] = ()
) -> None:
    fields = {"name": "Boards", "sharing": "people", "shown": "all", "people": list(people)}
    sent = fields | {"teams": [one.id for one in teams]}
    assert client.post(f"/connections/{connection.id}/configure", sent).status_code == 303
    db.session.remove()


def test_members_and_the_lead_may_use_it_and_nobody_else(
    app: Flask, mine: Connection, client: Client, alice: Person, carol: Person, team: Team
) -> None:
    other = make_person("Eve Early")
    make_team("Sales", other, (alice,))
    page = client.page(f"/connections/{mine.id}/configure")
    typed = {"sharing": "people", "shown": "all", "teams": [str(team.id)]}
    assert "checked" not in page.field("Marketing")
    page = client.follow(client.submit(page, "Save", typed))
    assert page.flashes == ["The connection is saved."]
    db.session.remove()
    saved = db.session.get_one(Connection, mine.id)
    lead = db.session.get_one(Team, team.id).lead
    assert lead is not None
    for person in (carol, lead):
        assert [one.id for one in usable_connections(person)] == [mine.id]
        assert may_use(person, saved)
    assert not may_use(other, saved)
    assert usable_connections(other) == [] and usable_connections(alice) == []
    own = make_connection(app, carol, member_id="9" * 24)
    with app.app_context():
        assert [one.id for one in targets_for(carol, own)] == [mine.id]
    db.session.remove()
    for person, outcomes in ((carol, (200, 200, 403)), (other, (404, 404, 404))):
        assert outcomes == (
            outcome(app, person, mine.id),
            outcome(app, person, mine.id, to_use=True),
            outcome(app, person, mine.id, to_manage=True),
        )


def test_lists_and_pages_name_the_teams(
    mine: Connection, client: Client, alice: Person, carol: Person, team: Team
) -> None:
    save(client, mine, team, make_team("Sales"), people=(alice.id,))
    said = "Alice Adams, the teams Marketing, Sales"
    assert client.page("/connections").one(f"#connection-{mine.id}").all("td")[1].text == said
    assert said in client.page(f"/connections/{mine.id}").one(".facts").text
    client.sign_in(carol)
    assert client.page("/connections").one(f"#connection-{mine.id}")
    assert client.get(f"/connections/{mine.id}/configure").status_code == 403


def test_who_leaves_the_team_links_nothing_new(
    mine: Connection, client: Client, alice: Person, carol: Person, team: Team
) -> None:
    save(client, mine, team)
    client.sign_in(alice)
    client.follow(client.post(f"/teams/{team.id}/members/{carol.id}/remove"))
    db.session.remove()
    assert usable_connections(carol) == []
    client.sign_in(carol)
    assert not client.page("/connections").all(f"#connection-{mine.id}")


def test_a_person_or_a_team_has_to_be_chosen(mine: Connection, client: Client, team: Team) -> None:
    path = f"/connections/{mine.id}/configure"
    fields = {"name": "Boards", "sharing": "people", "shown": "all"}
    page = client.see(client.post(path, fields), 422)
    assert page.one("#people-errors").text == "Tick at least one person or team."
    page = client.see(client.post(path, fields | {"teams": ["4711"]}), 422)
    said = "One of the ticked teams can't be chosen now. Choose again."
    assert page.one("#teams-errors").text == said
    assert db.session.get_one(Connection, mine.id).sharing == "private"


def test_an_archived_team_stays_if_it_was_chosen(
    mine: Connection, client: Client, team: Team
) -> None:
    save(client, mine, team)
    db.session.get_one(Team, team.id).archived_at = utcnow()
    db.session.commit()
    page = client.page(f"/connections/{mine.id}/configure")
    assert "checked" in page.field("Marketing")
    fields = {"sharing": "everyone", "shown": "all"}
    client.follow(client.submit(page, "Save", fields))
    assert db.session.get_one(Connection, mine.id).shared_with_teams == []
    page = client.page(f"/connections/{mine.id}/configure")
    assert "Chosen teams" not in page.text


def test_the_audit_log_says_what_changed(
    mine: Connection, client: Client, carol: Person, team: Team
) -> None:
    save(client, mine, team)
    save(client, mine, team)
    save(client, mine, people=(carol.id,))
    found = db.session.scalars(select(AuditEntry).where(AuditEntry.thing_kind == "connection"))
    assert [(one.action, one.detail) for one in found] == [
        ("connection.shared", {"before": "nobody else", "after": "the team Marketing"}),
        ("connection.shared", {"before": "the team Marketing", "after": "Carol Clark"}),
    ]


def test_statements_do_not_grow_with_the_teams(
    app: Flask, mine: Connection, client: Client, alice: Person
) -> None:
    client.sign_in(alice)
    counts = []
    for number in range(2):
        for one in range(3):
            person = make_person(f"P{number}{one}")
            found = db.session.get_one(Connection, make_connection(app, person).id)
            team = make_team(f"Team {number}{one}", person, (alice,))
            found.sharing, found.shared_with_teams = "people", [team]
            db.session.commit()
        with count_statements() as statements:
            client.page("/admin/connections")
        counts.append(len(statements))
    assert counts[0] == counts[1]
