"""Making, editing and archiving teams, and the pages on which everyone sees them."""

from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db
from app.teams.models import Team
from tests.support.client import Client
from tests.support.people import make_person
from tests.support.sql import count_statements
from tests.teams.making import make_team, team_named


def entries() -> list[tuple[str, str, dict[str, Any]]]:
    found = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(one.action, one.thing_name, one.detail) for one in found]


def test_an_admin_makes_a_team(client: Client, alice: Person, bob: Person) -> None:
    company = make_team("Company")
    client.sign_in(alice)
    page = client.page("/teams/new")
    typed = {"name": "  Marketing ", "lead": str(bob.id), "parent": str(company.id)}
    page = client.follow(client.submit(page, "Save", typed))
    assert page.h1 == "Marketing"
    assert page.flashes == ["Marketing is made. Add who is in it."]
    assert "Bob Brown" in page.one(".facts").text
    made = team_named("Marketing")
    assert (made.lead_id, made.parent_id, made.key) == (bob.id, company.id, "marketing")
    assert entries() == [("team.created", "Marketing", {})]
    page = client.page("/admin/audit")
    assert page.named("Marketing")[0]["href"] == f"/teams/{made.id}"


def test_everyone_sees_the_list_and_the_page(client: Client, alice: Person, bob: Person) -> None:
    company = make_team("Company", lead=alice)
    team = make_team("Marketing", members=(alice, bob), parent=company)
    client.sign_in(make_person("Olga Orlov", OBSERVER))
    page = client.page("/teams")
    cells = [[cell.text for cell in row.all("td")] for row in page.all("tbody tr")]
    assert cells == [["Alice Adams", "", "0"], ["Nobody", "Company", "2"]]
    page = client.page(f"/teams/{team.id}")
    assert [one.text for one in page.all("#members tbody th")] == ["Alice Adams", "Bob Brown"]
    for name in ("New team", "Edit", "Archive", "Remove", "Add"):
        assert not page.named(name), name
    assert client.page(f"/teams/{company.id}").named("Marketing")


def test_without_teams_the_list_says_what_they_are_for(
    client: Client, alice: Person, bob: Person
) -> None:
    client.sign_in(bob)
    assert "Admins make them;" in client.page("/teams").one(".empty").text
    client.sign_in(alice)
    assert client.page("/teams").named("New team")


@pytest.mark.both_databases
def test_names_are_unique_without_regard_to_case(client: Client, alice: Person) -> None:
    team, other = make_team("Straße"), make_team("Sales")
    client.sign_in(alice)
    for path in ("/teams/new", f"/teams/{other.id}/edit"):
        page = client.see(client.submit(client.page(path), "Save", {"name": "STRASSE"}), 422)
        assert page.error("Name") == "There is a team of this name. Choose another."
        assert page.field("Name").value == "STRASSE"
    client.follow(client.submit(client.page(f"/teams/{team.id}/edit"), "Save", {"name": "STRASSE"}))
    names = db.session.scalars(select(Team.name).order_by(Team.id)).all()
    assert names == ["STRASSE", "Sales"]


@pytest.mark.parametrize(
    ("typed", "label", "sentence"),
    [
        ({"name": " "}, "Name", "Give the team a name."),
        ({"name": "x" * 81}, "Name", "Use at most 80 characters."),
        ({"name": "ΐ" * 80}, "Name", "Use at most 80 characters."),
        ({"lead": "4711"}, "Lead", "Choose one from the list."),
        ({"lead": "observer"}, "Lead", "Choose one from the list."),
        ({"lead": "dave"}, "Lead", "Choose one from the list."),
        ({"parent": "4711"}, "Part of", "Choose one from the list."),
        ({"parent": "x"}, "Part of", "Choose one from the list."),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(
    client: Client, alice: Person, dave: Person, typed: dict[str, str], label: str, sentence: str
) -> None:
    people = {"observer": make_person("Olga Orlov", OBSERVER), "dave": dave}
    if typed.get("lead") in people:
        typed = {"lead": str(people[typed["lead"]].id)}
    client.sign_in(alice)
    form = client.page("/teams/new")
    page = client.see(client.submit(form, "Save", {"name": "Marketing"} | typed), 422)
    assert page.error(label) == sentence
    assert db.session.scalars(select(Team)).all() == []


@pytest.mark.both_databases
def test_no_team_is_part_of_itself(client: Client, alice: Person) -> None:
    top = make_team("Top")
    middle = make_team("Middle", parent=top)
    low = make_team("Low", parent=middle)
    client.sign_in(alice)
    form = client.page(f"/teams/{top.id}/edit")
    assert list(form.field("Part of").options) == ["No other team"]
    for parent, sentence in (
        (low, "Low can't be what this team is part of: it is part of this team."),
        (top, "Top can't be what this team is part of: it is the team itself."),
    ):
        page = client.see(client.submit(form, "Save", {"parent": str(parent.id)}), 422)
        assert page.error("Part of") == sentence
    assert db.session.get_one(Team, top.id).parent_id is None
    client.follow(client.submit(client.page(f"/teams/{low.id}/edit"), "Save", {"parent": ""}))
    client.follow(client.submit(form, "Save", {"parent": str(low.id)}))
    assert db.session.get_one(Team, top.id).parent_id == low.id


def test_an_edit_stands_in_the_log(client: Client, alice: Person, bob: Person) -> None:
    team, company = make_team(lead=alice), make_team("Company")
    client.sign_in(alice)
    typed = {"name": "Growth", "lead": str(bob.id), "parent": str(company.id)}
    form = client.page(f"/teams/{team.id}/edit")
    assert client.follow(client.submit(form, "Save", typed)).flashes == ["Growth is saved."]
    client.follow(client.submit(client.page(f"/teams/{team.id}/edit"), "Save"))
    changed = ["name: Marketing → Growth", "part of: no other team → Company"]
    assert entries() == [
        ("team.edited", "Growth", {"changed": changed}),
        ("team.lead_changed", "Growth", {"before": "Alice Adams", "after": "Bob Brown"}),
    ]


def test_an_archived_team_is_offered_no_more_and_can_come_back(
    client: Client, alice: Person, bob: Person
) -> None:
    team = make_team(members=(bob,))
    part = make_team("Part", parent=team)
    client.sign_in(alice)
    page = client.follow(client.submit(client.page(f"/teams/{team.id}"), "Archive"))
    assert page.flashes == ["Marketing is archived. Its objectives stay."]
    assert "Archived on" in page.one(".note").text
    client.post(f"/teams/{team.id}/archive")
    assert "Marketing" not in client.page("/teams/new").field("Part of").options
    assert "Marketing" in client.page(f"/teams/{part.id}/edit").field("Part of").options
    assert "1 archived" in client.page("/teams").text
    page = client.page(f"/teams/{team.id}")
    client.follow(client.submit(page, "Restore"))
    client.post(f"/teams/{team.id}/restore")
    assert db.session.get_one(Team, team.id).archived_at is None
    assert [action for action, *_ in entries()] == ["team.archived", "team.restored"]


@pytest.mark.parametrize("who", ["bob", "lead", "observer"])
def test_only_admins_make_and_edit_teams(client: Client, bob: Person, who: str) -> None:
    lead = make_person("Lena Lind")
    team = make_team(lead=lead, members=(bob,))
    people = {"bob": bob, "lead": lead}
    client.sign_in(people.get(who) or make_person("Olga Orlov", OBSERVER))
    for path in ("/teams/new", f"/teams/{team.id}/edit"):
        assert client.get(path).status_code == 403
    for path in ("new", f"{team.id}/edit", f"{team.id}/archive", f"{team.id}/restore"):
        assert client.post(f"/teams/{path}", {"name": "Mine"}).status_code == 403
    assert (db.session.get_one(Team, team.id).name, entries()) == ("Marketing", [])


def test_the_pages_cost_the_same_for_any_number(client: Client, bob: Person) -> None:
    client.sign_in(bob)
    counts = []
    team = make_team("Top", lead=bob)
    for number in range(2):
        for one in range(4):
            member = make_person(f"Person{number}{one} Lang")
            make_team(f"Team {number}{one}", lead=member, members=(member, bob), parent=team)
            team.members.append(member)
        db.session.commit()
        client.page(f"/teams/{team.id}")
        with count_statements() as statements:
            client.page("/teams")
            client.page(f"/teams/{team.id}")
        counts.append(len(statements))
    assert counts[0] == counts[1]
