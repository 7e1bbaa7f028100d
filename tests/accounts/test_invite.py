"""Inviting someone: an account without a password, and a link to choose one."""

import dataclasses

import pytest
from sqlalchemy import func, select

from app.accounts.models import PasswordLink, Person, hash_token
from app.audit.models import AuditEntry
from app.db import db

EVE = {"name": "Eve Ernst", "email": "Eve@Example.com", "role": "member"}


def invite(client, **changes):
    return client.submit(client.page("/admin/people"), "Invite", EVE | changes)


def address_on(page):
    return page.field("Link to choose a password")["value"]


def test_an_admin_invites_a_person_and_sees_the_link_once(client, alice):
    client.sign_in(alice)
    answer = invite(client)
    page = client.see(answer)
    address = address_on(page)
    assert address.startswith("http://localhost/welcome/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers

    eve = db.session.scalars(select(Person).where(Person.email == "eve@example.com")).one()
    assert (eve.name, eve.role, eve.password_hash) == ("Eve Ernst", "member", None)
    link = db.session.scalars(select(PasswordLink)).one()
    token = address.rpartition("/")[2]
    assert link.token_hash == hash_token(token) != token
    assert token not in client.page("/admin/people").html


@pytest.mark.parametrize("role", ["admin", "member", "observer"])
def test_the_invited_come_in_with_the_chosen_role(client, alice, role):
    client.sign_in(alice)
    address = address_on(client.see(invite(client, role=role)))
    client.sign_out()
    page = client.page(address.removeprefix("http://localhost"))
    answer = client.submit(page, "Set password", {"password": "a whole new password"})
    client.follow(answer)
    assert f"eve@example.com, {role}" in client.page("/profile").text


def test_the_log_tells_who_was_invited_but_not_the_link(client, alice):
    client.sign_in(alice)
    address = address_on(client.see(invite(client, role="observer")))
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor_name, entry.thing_name) == (
        "person.invited",
        "Alice Adams",
        "Eve Ernst",
    )
    assert entry.detail == {"email": "eve@example.com", "role": "observer"}
    assert address.rpartition("/")[2] not in str(entry.detail)


def test_the_link_bears_the_public_address_where_there_is_one(app, client, config, alice):
    config = dataclasses.replace(config, public_url="https://tally.example.com")
    app.extensions["tally_config"] = config
    client.sign_in(alice)
    page = client.see(client.post("/admin/people", EVE))
    assert address_on(page).startswith("https://tally.example.com/welcome/")


@pytest.mark.both_databases
def test_inviting_someone_twice_says_so_at_the_email(client, alice):
    client.sign_in(alice)
    invite(client)
    page = client.see(invite(client, name="Eva", email="EVE@example.com", role="observer"), 422)
    assert page.error("Email") == "There is an account with this email already."
    assert (page.field("Name").value, page.field("Role").value) == ("Eva", "observer")
    for kind in (PasswordLink, AuditEntry):
        assert db.session.scalar(select(func.count(kind.id))) == 1
    assert db.session.scalar(select(func.count(Person.id))) == 2


@pytest.mark.parametrize(
    ("label", "changes", "sentence"),
    [
        ("Name", {"name": " "}, "Enter a name."),
        ("Name", {"name": "\0\x07"}, "Enter a name."),
        ("Email", {"email": "eve"}, "Enter an email such as anna@example.com."),
        ("Email", {"email": None}, "Enter an email."),
        ("Role", {"role": "owner"}, "Choose a role from the list."),
        ("Role", {"role": ""}, "Choose a role from the list."),
    ],
)
def test_bad_input_is_answered_at_the_field(client, alice, label, changes, sentence):
    client.sign_in(alice)
    page = client.see(invite(client, **changes), 422)
    assert page.error(label) == sentence
    assert page.text.count(sentence) == 1
    assert db.session.scalar(select(func.count(Person.id))) == 1


def test_members_and_strangers_invite_nobody(client, bob):
    assert client.post("/admin/people", EVE).headers["Location"] == "/login"
    client.sign_in(bob)
    client.see(client.post("/admin/people", EVE), 403)
    assert db.session.scalar(select(func.count(Person.id))) == 1


def test_inviting_demands_a_csrf_token(client, alice):
    client.sign_in(alice)
    client.see(client.send("POST", "/admin/people", data=EVE), 400)
    assert db.session.scalar(select(func.count(Person.id))) == 1
