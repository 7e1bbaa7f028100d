"""Objectives private to teams: whoever is in one or leads it sees them, as long as they are."""

from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs import saving
from app.okrs.loading import is_visible
from app.okrs.models import PERCENT, TEAM, Change, CheckIn, Cycle, KeyResult, Measure, Objective
from app.okrs.rollup.settling import settle
from app.okrs.sight import sees
from app.teams.membership import forget_membership
from app.teams.models import Team
from tests.okrs.items import (
    changes_of,
    count_of,
    make_key_result,
    make_measure,
    make_objective,
    only,
)
from tests.okrs.private import PART_TITLE, TITLE, Private
from tests.okrs.test_private_objectives import CHANGES, EDIT, EDITED, PAGES, PART_EDITED, SEEN
from tests.support.client import Client
from tests.support.meanwhile import one_after_the_other, pause
from tests.support.people import make_person
from tests.support.sql import count_statements
from tests.teams.making import make_team

READERS = ("member", "lead", "observer", "part's further owner")
OWNERS = ("owner", "further owner", "admin")
ROLES = ("outsider", "left", *READERS, *OWNERS)
SEERS = (*READERS, *OWNERS)


@pytest.fixture
def private(alice: Person, bob: Person, carol: Person, cycle: Cycle) -> Private:
    """Seen by one team: Kim owns a key result with others, and sees its objective by the team."""
    cast = {
        "outsider": carol,
        "left": make_person("Levi Lang"),
        "member": make_person("Mia Moe"),
        "lead": make_person("Lena Lind"),
        "observer": make_person("Otto Orr", OBSERVER),
        "part's further owner": make_person("Kim Kay"),
        "further owner": make_person("Finn Falk"),
        "owner": bob,
        "admin": alice,
    }
    in_it = tuple(cast[one] for one in ("member", "observer", "part's further owner"))
    team = make_team("Marketing", cast["lead"], in_it)
    make_team("Sales", cast["outsider"], (cast["left"],))
    objective = make_objective(bob, cycle, TITLE, is_private=True, viewer_teams=[team])
    key_result = make_key_result(objective, bob, PART_TITLE)
    for item, role in ((objective, "further owner"), (key_result, "part's further owner")):
        item.measure.further_owners = [db.session.merge(cast[role])]
    db.session.commit()
    return Private(objective, key_result, cast)


def status_for(role: str, answers: dict[str, int]) -> int:
    if role in ("outsider", "left") or answers is SEEN:
        return 200 if role in SEERS else 404
    may = role in OWNERS or (answers is PART_EDITED and role == "part's further owner")
    return 200 if may else 403


@pytest.mark.parametrize("role", ROLES)
def test_every_page_answers_each_as_written(client: Client, private: Private, role: str) -> None:
    client.sign_in(private.cast[role])
    assert {id(one) for one in PAGES.values()} == {id(SEEN), id(EDITED), id(PART_EDITED)}
    for path, answers in PAGES.items():
        answer = client.get(private.path(path))
        assert answer.status_code == status_for(role, answers), path
        assert role in SEERS or TITLE not in answer.text and PART_TITLE not in answer.text
    list_page = client.page(f"/okrs?cycle={private.objective.cycle_id}")
    assert (TITLE in list_page.html) == (PART_TITLE in list_page.html) == (role in SEERS)
    measures = f"{private.objective.measure_id},{private.key_result.measure_id}"
    found = client.get(f"/live?measures={measures}").json
    assert sorted(found) == (sorted(measures.split(",")) if role in SEERS else [])


@pytest.mark.parametrize("role", ["outsider", "left", "member", "lead", "observer"])
def test_nobody_changes_it_without_the_right(client: Client, private: Private, role: str) -> None:
    client.sign_in(private.cast[role])
    for path in CHANGES:
        typed = {"title": "Mine", "note": "Mine", "step": "save", "visibility": "everyone"}
        answer = client.post(private.path(path), typed)
        assert answer.status_code == status_for(role, PAGES[path]), path
    assert (count_of(CheckIn), count_of(Change), count_of(AuditEntry)) == (0, 0, 0)
    assert only(Objective).is_private


@pytest.mark.both_databases
def test_the_filter_and_the_rule_of_the_forms_agree(private: Private) -> None:
    for person in private.cast.values():
        query = select(Objective.id).where(is_visible(person))
        found = db.session.scalars(query).all()
        assert bool(found) == sees(person, private.objective)
        assert len(found) <= 1, "a team must not multiply rows"


@pytest.mark.parametrize("role", SEERS)
def test_it_says_who_sees_it(client: Client, private: Private, role: str) -> None:
    client.sign_in(private.cast[role])
    said = "Private: only its {}owner, Finn Falk, the team Marketing and admins see it."
    page = client.page(private.path("/objectives/{o}"))
    assert page.one("p.private").text == said.format("")
    page = client.page(private.path("/key-results/{k}"))
    assert page.one("p.private").text == said.format("objective's ")
    with count_statements() as statements:
        client.page(private.path("/objectives/{o}"))
    assert len(statements) <= 15


def test_the_lead_of_the_team_that_it_belongs_to_edits_it_and_its_members_check_in(
    client: Client, private: Private
) -> None:
    objective = only(Objective)
    objective.level, objective.team = TEAM, objective.viewer_teams[0]
    db.session.commit()
    client.sign_in(private.cast["lead"])
    client.page(private.path("/objectives/{o}/edit"))
    client.sign_in(private.cast["member"])
    client.page(private.path("/objectives/{o}/check-in"))
    assert client.get(private.path("/objectives/{o}/edit")).status_code == 403
    objective = only(Objective)
    objective.viewer_teams = []
    db.session.commit()
    assert client.get(private.path("/objectives/{o}")).status_code == 404, "belonging is no sight"


def test_teams_are_chosen_in_the_form(
    client: Client, bob: Person, carol: Person, cycle: Cycle
) -> None:
    team, _ = make_team("Marketing", members=(carol,)), make_team("Sales")
    client.sign_in(bob)
    page = client.page("/objectives/new")
    typed = {"title": TITLE, "visibility": "people", "viewer_teams": str(team.id)}
    page = client.follow(client.submit(page, "Save", typed))
    said = "Private: only its owner, the team Marketing and admins see it."
    assert page.one("p.private").text == said
    client.sign_in(carol)
    assert client.page(page.path).h1 == TITLE
    client.sign_in(bob)
    form = client.page(f"{page.path}/edit")
    assert "checked" in form.field("Marketing") and "checked" not in form.field("Sales")
    client.follow(client.submit(form, "Save", {"visibility": None, "viewer_teams": None}))
    assert only(Objective).viewer_teams, "what is not sent stays"
    form = client.page(f"{page.path}/edit")
    client.follow(client.submit(form, "Save", {"visibility": "everyone"}))
    stored = only(Objective)
    assert (stored.is_private, stored.viewer_teams) == (False, [])
    assert changes_of(stored.measure_id)[1:] == [
        ("viewers", "its owner, the team Marketing and admins", "everyone")
    ]


@pytest.mark.parametrize("sent", ["4711", "x", "archived"])
def test_what_no_form_offers_is_refused(client: Client, bob: Person, sent: str) -> None:
    team = make_team()
    team.archived_at = utcnow()
    db.session.commit()
    client.sign_in(bob)
    make_team("Sales")
    typed = {"title": TITLE, "visibility": "people"}
    typed["viewer_teams"] = str(team.id) if sent == "archived" else sent
    page = client.see(client.submit(client.page("/objectives/new"), "Save", typed), 422)
    assert page.one("#viewer_teams-errors").text == "Choose from the list."
    assert count_of(Objective) == 0


def test_a_key_result_goes_to_someone_who_sees_its_objective(
    client: Client, private: Private
) -> None:
    client.sign_in(private.cast["owner"])
    form = client.page(private.path("/key-results/{k}/edit"))
    for role in ("outsider", "left"):
        typed = {"owner": str(private.cast[role].id)}
        page = client.see(client.submit(form, "Save", typed), 422)
        assert "can't see this private objective" in (page.error("Owner") or "")
    for role in ("member", "lead", "further owner", "admin"):
        form = client.page(private.path("/key-results/{k}/edit"))
        client.follow(client.submit(form, "Save", {"owner": str(private.cast[role].id)}))
    assert only(KeyResult).owner_id == private.cast["admin"].id


def test_whoever_owns_a_key_result_has_to_see_its_objective(
    client: Client, private: Private
) -> None:
    client.sign_in(private.cast["owner"])
    form = client.page(private.path(EDIT))
    page = client.see(client.submit(form, "Save", {"viewer_teams": None}), 422)
    said = "Kim Kay owns a key result of it, and so has to see it."
    assert page.one("#viewers-errors").text == said
    kim = str(private.cast["part's further owner"].id)
    client.follow(client.submit(form, "Save", {"viewer_teams": None, "viewers": kim}))


def test_the_form_costs_the_same_for_any_number_of_people(client: Client, private: Private) -> None:
    client.sign_in(private.cast["owner"])
    counts = []
    for number in range(2):
        for one in range(5):
            make_person(f"Person{number}{one} Lang")
        client.page(private.path("/key-results/{k}/edit"))
        with count_statements() as statements:
            client.page(private.path("/key-results/{k}/edit"))
        counts.append(len(statements))
    assert counts[0] == counts[1]


@pytest.mark.both_databases
def test_who_leaves_the_team_is_let_in_by_name_where_something_of_theirs_would_be_hidden(
    client: Client, private: Private
) -> None:
    team = only_team()
    client.sign_in(private.cast["lead"])
    for role in ("member", "part's further owner"):
        path = f"/teams/{team.id}/members/{private.cast[role].id}/remove"
        client.follow(client.post(path))
    before = "its owner, Finn Falk, the team Marketing and admins"
    after = "its owner, Finn Falk, Kim Kay, the team Marketing and admins"
    assert changes_of(private.objective.measure_id) == [("viewers", before, after)]
    shared = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "objective.shared")
    ).one()
    assert (shared.actor_name, shared.detail) == ("Lena Lind", {"before": before, "after": after})
    for role, status in (("member", 404), ("part's further owner", 200)):
        client.sign_in(private.cast[role])
        assert client.get(private.path("/objectives/{o}")).status_code == status


def test_who_led_the_team_is_let_in_likewise(
    client: Client, alice: Person, private: Private
) -> None:
    part = only(KeyResult)
    part.owner_id = private.cast["lead"].id
    team = only_team()
    db.session.commit()
    client.sign_in(alice)
    form = client.page(f"/teams/{team.id}/edit")
    client.follow(client.submit(form, "Save", {"lead": ""}))
    assert [one.name for one in only(Objective).viewers] == ["Lena Lind"]


def progress(client: Client, objective: Objective) -> str:
    return client.page(f"/objectives/{objective.id}").one("#standing")["data-progress"]


@pytest.mark.both_databases
def test_a_roll_up_counts_what_all_who_see_it_see_by_then(
    client: Client, alice: Person, bob: Person, carol: Person, cycle: Cycle
) -> None:
    team = make_team("Marketing", alice, (carol,))
    parent = make_objective(bob, cycle, "Above", is_private=True, viewer_teams=[team])
    measure = make_measure(PERCENT, value="40")
    make_objective(
        bob,
        cycle,
        "Below",
        measure=measure,
        is_private=True,
        viewers=[carol, alice],
        parent_measure_id=parent.measure_id,
    )
    client.sign_in(alice)
    assert progress(client, parent) == "40.000000"
    eve = make_person("Eve Early")
    page = client.page(f"/teams/{team.id}")
    client.follow(client.submit(page, "Add", {"people": str(eve.id)}))
    assert progress(client, parent) == "0.000000", "Eve sees the parent and not the child"
    client.follow(client.post(f"/teams/{team.id}/members/{eve.id}/remove"))
    assert progress(client, parent) == "40.000000"
    form = client.page(f"/teams/{team.id}/edit")
    client.follow(client.submit(form, "Save", {"lead": str(bob.id)}))
    settle()
    db.session.remove()
    assert db.session.get_one(Measure, parent.measure_id).value == Fraction(40)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_key_result_never_goes_to_someone_who_is_just_leaving_the_team(
    app: Flask, private: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower of the two sees what the quicker did: the owner is let in by name."""
    member, team = private.cast["member"], only_team()
    saver, remover = Client(app), Client(app)
    saver.sign_in(private.cast["owner"])
    remover.sign_in(private.cast["admin"])
    form = saver.page(private.path("/key-results/{k}/edit"))
    typed: dict[str, Any] = {"csrf_token": remover.token()}
    path = f"/teams/{team.id}/members/{member.id}/remove"
    holds = pause(monkeypatch, saving, "hold_item")
    saved, removed = one_after_the_other(
        lambda: saver.submit(form, "Save", {"owner": str(member.id)}),
        holds,
        lambda: remover.send("POST", path, data=typed),
    )
    assert (saved.status_code, removed.status_code) == (303, 303)
    db.session.remove()
    forget_membership()
    assert only(KeyResult).owner_id == member.id
    assert sees(member, only(Objective))


def only_team() -> Team:
    return db.session.scalars(select(Team).where(Team.name == "Marketing")).one()
