"""Whose an objective is: the company's, a team's, or its owner's alone."""

from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs.cycles import current_cycle
from app.okrs.models import COMPANY, PERSONAL, TEAM, Cycle, KeyResult, Objective
from app.teams.models import Team
from tests.okrs.items import changes_of, count_of, make_key_result, make_objective, only
from tests.support.client import Client
from tests.support.html import Page
from tests.support.people import make_person
from tests.support.sql import count_statements
from tests.teams.making import make_team


@pytest.fixture
def team(bob: Person, workspace: Any) -> Team:
    """Lena's; Bob is in it."""
    return make_team("Marketing", make_person("Lena Lind"), (bob,))


def offered(page: Page) -> list[str]:
    return list(page.field("Belongs to").options)


def test_a_member_makes_objectives_for_themselves_and_their_teams(
    client: Client, bob: Person, cycle: Cycle, team: Team
) -> None:
    make_team("Sales")
    client.sign_in(bob)
    page = client.page("/objectives/new")
    assert offered(page) == ["Its owner", "Marketing"]
    assert page.field("Belongs to").value == "personal"
    typed = {"title": "Reach", "belongs_to": f"team-{team.id}"}
    page = client.follow(client.submit(page, "Save", typed))
    stored = only(Objective)
    assert (stored.level, stored.team_id, stored.owner_id) == (TEAM, team.id, bob.id)
    assert page.named("Marketing")[0]["href"] == f"/teams/{team.id}"


def test_admins_make_them_for_the_company_and_for_any_team(
    client: Client, alice: Person, bob: Person, cycle: Cycle, team: Team
) -> None:
    client.sign_in(alice)
    page = client.page("/objectives/new")
    assert offered(page) == ["Its owner", "Marketing", "Company"]
    page = client.follow(client.submit(page, "Save", {"title": "Win", "belongs_to": "company"}))
    assert "Company" in page.one(".facts").text
    stored = only(Objective)
    assert (stored.level, stored.team_id) == (COMPANY, None)
    client.sign_in(bob)
    page = client.page(f"/okrs?cycle={stored.cycle_id}")
    assert [one.text for one in page.all(".row .label")] == ["Company"]


@pytest.mark.parametrize("key", ["company", "team-{other}", "team-4711", "team-x", "mine", ""])
def test_what_is_not_theirs_to_choose_is_refused(
    client: Client, bob: Person, team: Team, key: str
) -> None:
    other = make_team("Sales")
    client.sign_in(bob)
    typed = {"title": "Reach", "belongs_to": key.format(other=other.id)}
    page = client.see(client.submit(client.page("/objectives/new"), "Save", typed), 422)
    assert page.error("Belongs to") == "Choose one from the list."
    assert page.field("Title").value == "Reach"
    assert count_of(Objective) == 0


def test_the_team_s_page_leads_to_an_objective_of_it(
    client: Client, bob: Person, carol: Person, team: Team
) -> None:
    client.sign_in(bob)
    (link,) = client.page(f"/teams/{team.id}").named("New objective")
    assert client.page(link["href"]).field("Belongs to").value == f"team-{team.id}"
    client.sign_in(carol)
    assert not client.page(f"/teams/{team.id}").named("New objective")
    assert client.page(link["href"]).field("Belongs to").value == "personal"
    db.session.get_one(Team, team.id).archived_at = utcnow()
    db.session.commit()
    client.sign_in(bob)
    assert not client.page(f"/teams/{team.id}").named("New objective")
    assert offered(client.page("/objectives/new")) == ["Its owner"]


def test_another_choice_stands_in_the_timeline_and_the_log(
    client: Client, alice: Person, bob: Person, objective: Objective, team: Team
) -> None:
    client.sign_in(bob)
    path = f"/objectives/{objective.id}"

    def save(key: str) -> str:
        form = client.page(f"{path}/edit")
        page = client.follow(client.submit(form, "Save", {"belongs_to": key}))
        return page.all(".timeline li div")[0].text

    said = save(f"team-{team.id}")
    assert said == "Bob Brown changed whom it belongs to: its owner → Marketing"
    client.sign_in(alice)
    assert save("company").endswith("Marketing → Company")
    assert changes_of(objective.measure_id) == [
        ("belongs to", "its owner", "Marketing"),
        ("belongs to", "Marketing", "Company"),
    ]
    found = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    assert [one.detail["changed"] for one in found] == [
        ["belongs to: its owner → Marketing"],
        ["belongs to: Marketing → Company"],
    ]


def test_what_is_the_company_s_only_admins_give_away(
    client: Client, bob: Person, cycle: Cycle, team: Team
) -> None:
    objective = make_objective(bob, cycle, level=COMPANY)
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/edit")
    assert offered(page) == ["Company"]
    refused = client.submit(page, "Save", {"belongs_to": "personal"})
    assert client.see(refused, 422).error("Belongs to") == "Choose one from the list."
    client.follow(client.submit(page, "Save", {"title": "Win"}))
    assert only(Objective).level == COMPANY


def test_a_team_that_it_belongs_to_stays_offered(
    client: Client, bob: Person, cycle: Cycle, team: Team
) -> None:
    other = make_team("Sales")
    objective = make_objective(bob, cycle, level=TEAM, team_id=other.id)
    client.sign_in(bob)
    page = client.page(f"/objectives/{objective.id}/edit")
    assert offered(page) == ["Its owner", "Sales", "Marketing"]
    assert page.field("Belongs to").value == f"team-{other.id}"
    client.follow(client.submit(page, "Save", {"belongs_to": "personal"}))
    stored = only(Objective)
    assert (stored.level, stored.team_id) == (PERSONAL, None)


def test_saving_what_says_nothing_of_it_changes_nothing_of_it(
    client: Client, bob: Person, cycle: Cycle, team: Team
) -> None:
    objective = make_objective(bob, cycle, level=TEAM, team_id=team.id)
    client.sign_in(bob)
    form = client.page(f"/objectives/{objective.id}/edit")
    client.follow(client.submit(form, "Save", {"belongs_to": None}))
    assert (only(Objective).team_id, changes_of(objective.measure_id)) == (team.id, [])


def test_a_team_s_page_shows_what_one_may_see_of_its_present_objectives(
    client: Client, alice: Person, bob: Person, carol: Person, team: Team
) -> None:
    now = current_cycle()
    seen = make_objective(bob, now, "Reach", level=TEAM, team_id=team.id)
    make_key_result(seen, bob, "Publish")
    make_objective(bob, now, "Hire quietly", level=TEAM, team_id=team.id, is_private=True)
    make_objective(bob, now, "Of nobody's business")
    titles = {bob: ["Reach", "Publish", "Hire quietly"], carol: ["Reach", "Publish"]}
    for person, wanted in titles.items():
        client.sign_in(person)
        page = client.page(f"/teams/{team.id}")
        assert [one.text for one in page.all(".row .name a")] == wanted


def test_lists_cost_the_same_for_any_number_of_teams_owners_and_tags(
    client: Client, alice: Person, bob: Person, carol: Person, cycle: Cycle
) -> None:
    client.sign_in(alice)
    paths = (f"/okrs?cycle={cycle.id}", "/")
    counts = []
    for number in range(3):
        for one in range(3):
            team = make_team(f"Team {number}{one}", bob, (carol,))
            objective = make_objective(alice, cycle, level=TEAM, team_id=team.id)
            key_result = make_key_result(objective, alice)
            for item in (objective, db.session.get_one(KeyResult, key_result.id)):
                item.measure.further_owners = [db.session.merge(bob), db.session.merge(carol)]
        db.session.commit()
        for path in paths:
            client.page(path)  # roll-ups are settled with the first page
        with count_statements() as statements:
            for path in paths:
                client.page(path)
        counts.append(len(statements))
    assert counts[0] == counts[1] == counts[2]
