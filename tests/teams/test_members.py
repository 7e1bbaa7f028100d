"""Who is in a team: admins and its lead say so."""

from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db
from app.teams.membership import is_in_team, leads_team
from app.teams.models import Team
from tests.support.client import Client
from tests.support.people import make_person
from tests.teams.making import make_team, member_names


def entries() -> list[tuple[str, dict[str, Any]]]:
    found = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(one.action, one.detail) for one in found]


@pytest.mark.parametrize("who", ["admin", "lead"])
def test_admins_and_the_lead_add_and_remove_members(
    client: Client, alice: Person, bob: Person, carol: Person, who: str
) -> None:
    otto = make_person("Otto Orr", OBSERVER)
    team = make_team(lead=bob)
    client.sign_in(alice if who == "admin" else bob)
    page = client.page(f"/teams/{team.id}")
    labels = [one.text for one in page.all(".checks label")]
    assert labels == ["Alice Adams", "Bob Brown", "Carol Clark", "Otto Orr (observer)"]
    page = client.follow(client.submit(page, "Add", {"people": [str(carol.id), str(otto.id)]}))
    assert page.flashes == ["Added to Marketing: Carol Clark, Otto Orr."]
    assert member_names(team) == ["Carol Clark", "Otto Orr"]
    assert is_in_team(carol, team.id) and not leads_team(carol, team.id)
    remove = f"/teams/{team.id}/members/{carol.id}/remove"
    page = client.follow(client.post(remove))
    assert page.flashes == ["Carol Clark is no longer in Marketing."]
    page = client.follow(client.post(remove))
    assert page.flashes == ["They were not in Marketing any more."]
    assert member_names(team) == ["Otto Orr"]
    assert entries() == [
        ("team.member_added", {"who": "Carol Clark"}),
        ("team.member_added", {"who": "Otto Orr"}),
        ("team.member_removed", {"who": "Carol Clark"}),
    ]


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        ([], "Tick at least one person."),
        (["4711"], "One of the ticked people can't be added now. Choose again."),
        (["dave"], "One of the ticked people can't be added now. Choose again."),
        (["carol"], "One of the ticked people can't be added now. Choose again."),
    ],
)
def test_who_can_not_be_added_is_told(
    client: Client, alice: Person, carol: Person, dave: Person, people: list[str], sentence: str
) -> None:
    team = make_team(members=(carol,))
    ids = {"dave": str(dave.id), "carol": str(carol.id)}
    client.sign_in(alice)
    sent = {"people": [ids.get(one, one) for one in people]}
    page = client.see(client.post(f"/teams/{team.id}/members", sent), 422)
    assert page.one("#people-errors").text == sentence
    assert (member_names(team), entries()) == (["Carol Clark"], [])


@pytest.mark.parametrize("who", ["member", "stranger", "observer as lead"])
def test_nobody_else_does(client: Client, bob: Person, carol: Person, who: str) -> None:
    olga = make_person("Olga Orlov", OBSERVER)
    team = make_team(lead=olga, members=(bob,))
    people = {"member": bob, "stranger": carol, "observer as lead": olga}
    client.sign_in(people[who])
    page = client.page(f"/teams/{team.id}")
    assert not page.named("Add") + page.named("Remove")
    sent = {"people": [str(carol.id)]}
    assert client.post(f"/teams/{team.id}/members", sent).status_code == 403
    assert client.post(f"/teams/{team.id}/members/{bob.id}/remove").status_code == 403
    assert member_names(team) == ["Bob Brown"]


def test_the_team_goes_to_someone_else_when_its_lead_leaves(
    client: Client, alice: Person, bob: Person, carol: Person
) -> None:
    team = make_team(lead=bob, members=(bob, carol))
    make_team("Sales", lead=carol)
    client.sign_in(alice)
    page = client.page(f"/admin/people/{bob.id}/deactivate")
    assert page.one("section h2").text == "1 team"
    assert "Whoever takes over leads the team." in page.one("section").text
    page = client.see(client.submit(page, "Deactivate"), 422)
    assert page.error("Hand over to") == "Choose who takes it over."
    client.follow(client.submit(page, "Deactivate", {"heir": str(carol.id)}))
    assert db.session.get_one(Team, team.id).lead_id == carol.id
    assert member_names(team) == ["Bob Brown", "Carol Clark"]
    assert ("team.lead_changed", {"before": "Bob Brown", "after": "Carol Clark"}) in entries()
    page = client.page(f"/teams/{team.id}")
    said = [one.text for one in page.all("#members tbody th")]
    assert said == ["Bob Brown (deactivated)", "Carol Clark"]


def test_a_lead_who_becomes_an_observer_hands_the_team_over(
    client: Client, alice: Person, bob: Person, carol: Person
) -> None:
    team = make_team(lead=bob)
    client.sign_in(alice)
    path = f"/admin/people/{bob.id}/role"
    page = client.see(client.post(path, {"role": OBSERVER}), 422)
    assert page.one("section h2").text == "1 team"
    client.follow(client.post(path, {"role": OBSERVER, "heir": carol.id}))
    assert db.session.get_one(Team, team.id).lead_id == carol.id
