"""Taking back an invitation that nobody has followed yet."""

import pytest
from sqlalchemy import select

from app.accounts.models import PasswordLink, Person
from app.audit.models import AuditEntry
from app.db import db
from tests.okrs.items import make_cycle, make_objective
from tests.support.people import make_person


@pytest.fixture
def eve(workspace):
    return make_person("Eve Ernst", password_hash=None)


def link_of(person):
    link, token = PasswordLink.make(db.session.get(Person, person.id))
    db.session.add(link)
    db.session.commit()
    return f"/welcome/{token}"


def withdraw(client, person):
    return client.submit(client.page(f"/admin/people/{person.id}"), "Withdraw invitation")


def test_the_invitation_is_gone_with_its_link(client, alice, eve):
    path = link_of(eve)
    client.sign_in(alice)
    page = client.follow(withdraw(client, eve))
    assert page.flashes == ["The invitation of Eve Ernst is withdrawn."]
    assert "eve@example.com" not in page.one("table").text
    client.sign_out()
    client.page(path, 404)
    assert db.session.get(Person, eve.id) is None
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.thing_name, entry.detail) == (
        "invitation.withdrawn",
        "Eve Ernst",
        {"email": "eve@example.com"},
    )


def test_the_email_can_be_invited_again(client, alice, eve):
    client.sign_in(alice)
    withdraw(client, eve)
    again = {"name": "Eve Erns", "email": "eve@example.com", "role": "member"}
    client.see(client.post("/admin/people", again))


@pytest.mark.both_databases
def test_whoever_owns_something_by_then_is_deactivated_instead(client, alice, eve):
    make_objective(eve, make_cycle())
    client.sign_in(alice)
    page = client.follow(withdraw(client, eve))
    assert page.path == f"/admin/people/{eve.id}/deactivate"
    assert page.flashes == [
        "The log or an item names Eve Ernst already, so deactivate them instead."
    ]
    assert db.session.get(Person, eve.id).is_active
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_someone_who_came_in_meanwhile_stays(client, alice, eve):
    client.sign_in(alice)
    page = client.page(f"/admin/people/{eve.id}")
    db.session.get(Person, eve.id).choose_password("a whole new password")
    db.session.commit()
    page = client.follow(client.submit(page, "Withdraw invitation"))
    assert page.flashes == [
        "Eve Ernst's account is no invitation any more, so nothing was withdrawn."
    ]
    assert db.session.get(Person, eve.id) is not None


def test_a_second_press_finds_nobody(client, alice, eve):
    client.sign_in(alice)
    client.post(f"/admin/people/{eve.id}/withdraw-invitation")
    client.see(client.post(f"/admin/people/{eve.id}/withdraw-invitation"), 404)
