"""Giving someone another role, without ever being without an admin."""

import pytest
from sqlalchemy import func, select

from app.accounts.models import ADMIN, Person
from app.audit.models import AuditEntry
from app.db import db
from app.okrs.models import Objective
from tests.accounts.at_once import each_at_once
from tests.okrs.items import cycle_of_today, make_objective
from tests.support.client import Client
from tests.support.people import make_person

LAST = "Nobody else can sign in as an admin. Make someone else an admin first."


@pytest.fixture
def anna(workspace):
    """A second admin."""
    return make_person("Anna Arndt", ADMIN)


def change(client, person, **typed):
    return client.submit(client.page(f"/admin/people/{person.id}"), "Change role", typed)


def role_of(person):
    db.session.remove()
    return db.session.get(Person, person.id).role


@pytest.mark.parametrize(("role", "words"), [("admin", "an admin"), ("observer", "an observer")])
def test_an_admin_gives_someone_another_role(client, alice, bob, role, words):
    client.sign_in(alice)
    page = client.follow(change(client, bob, role=role))
    assert page.flashes == [f"Bob Brown is {words} now."]
    assert page.field("Role").value == role == role_of(bob)
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.thing_id) == ("person.role_changed", bob.id)
    assert entry.detail == {"before": "member", "after": role}


def test_the_new_right_holds_in_sessions_that_are_open(client, alice, bob):
    bobs = Client(client.app)
    bobs.sign_in(bob)
    bobs.page("/admin/people", 403)
    client.sign_in(alice)
    change(client, bob, role="admin")
    bobs.page("/admin/people")
    change(client, bob, role="member")
    bobs.page("/admin/people", 403)


def test_saving_twice_is_harmless(client, alice, bob):
    client.sign_in(alice)
    for _ in range(2):
        client.post(f"/admin/people/{bob.id}/role", {"role": "observer"})
    assert role_of(bob) == "observer"
    assert db.session.scalar(select(func.count(AuditEntry.id))) == 1


@pytest.mark.parametrize("role", ["owner", "", None])
def test_a_role_that_is_none_is_refused(client, alice, anna, role):
    client.sign_in(alice)
    typed = {} if role is None else {"role": role}
    page = client.see(client.post(f"/admin/people/{anna.id}/role", typed), 422)
    assert page.error("Role") == "Choose a role from the list."
    assert role_of(anna) == "admin"


@pytest.mark.both_databases
def test_the_last_admin_stays_one(client, alice, bob):
    make_person("Ida Ihle", ADMIN, password_hash=None)
    make_person("Axel Alt", ADMIN, is_active=False)
    client.sign_in(alice)
    page = client.see(change(client, alice, role="member", is_sure="y"), 422)
    assert page.error("Role") == LAST
    assert page.field("Role").value == "member"
    assert role_of(alice) == "admin"


def test_an_admin_leaves_the_role_only_by_saying_so(client, alice, anna):
    client.sign_in(alice)
    page = client.see(change(client, alice, role="member"), 422)
    sentence = "This is your own account. Tick this if you mean it."
    assert page.error("Yes, I mean my own account") == sentence
    assert role_of(alice) == "admin"

    page = client.follow(client.submit(page, "Change role", {"is_sure": "y"}))
    assert page.path == "/"
    assert role_of(alice) == "member"
    client.page("/admin/people", 403)


def test_others_are_not_asked_for_that(client, alice, anna):
    client.sign_in(alice)
    assert client.page(f"/admin/people/{anna.id}").named("Yes, I mean my own account") == []
    client.follow(change(client, anna, role="member"))
    assert role_of(anna) == "member"


@pytest.mark.both_databases
def test_of_two_admins_who_take_each_others_role_one_stays(app, alice, anna, monkeypatch):
    statuses = each_at_once(app, monkeypatch, (alice, anna), "role", {"role": "member"})
    assert statuses == [303, 403]
    assert sorted([role_of(alice), role_of(anna)]) == ["admin", "member"]


def test_an_observer_owns_nothing_so_it_is_handed_over_first(client, alice, bob, carol):
    objective = make_objective(bob, cycle_of_today())
    client.sign_in(alice)
    page = client.see(change(client, bob, role="observer"), 422)
    assert page.h1 == "Make Bob Brown an observer?"
    assert "People find us" in page.text
    assert "Choose who takes it over." not in page.text  # nobody was asked yet
    assert role_of(bob) == "member"
    page = client.see(client.submit(page, "Make an observer"), 422)
    assert page.error("Hand over to") == "Choose who takes it over."
    assert role_of(bob) == "member"

    page = client.follow(client.submit(page, "Make an observer", {"heir": carol.id}))
    assert page.flashes == ["Bob Brown is an observer now."]
    assert role_of(bob) == "observer"
    assert db.session.get(Objective, objective.id).owner_id == carol.id


def test_an_admin_who_becomes_an_observer_says_so_once(client, alice, anna, carol):
    objective = make_objective(alice, cycle_of_today())
    client.sign_in(alice)
    page = client.see(change(client, alice, role="observer", is_sure="y"), 422)
    page = client.follow(client.submit(page, "Make an observer", {"heir": carol.id}))
    assert page.path == "/"
    assert role_of(alice) == "observer"
    assert db.session.get(Objective, objective.id).owner_id == carol.id


def test_becoming_an_admin_takes_nothing_from_anyone(client, alice, bob):
    objective = make_objective(bob, cycle_of_today())
    client.sign_in(alice)
    client.follow(change(client, bob, role="admin"))
    assert db.session.get(Objective, objective.id).owner_id == bob.id


def test_a_closed_account_keeps_its_role(client, alice, dave):
    client.sign_in(alice)
    page = client.follow(client.post(f"/admin/people/{dave.id}/role", {"role": "admin"}))
    assert page.flashes == ["Dave Dunn is deactivated already."]
    assert role_of(dave) == "member"
