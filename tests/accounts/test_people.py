"""Admin, People: adding someone and handing out links."""

import dataclasses

import pytest
from sqlalchemy import func, select

from app.accounts.models import PasswordLink, Person, hash_token
from app.db import db
from tests.support.people import make_person
from tests.support.sql import count_statements

EVE = {"name": "Eve Ernst", "email": "Eve@Example.com", "role": "member"}


def add(client, **changes):
    return client.submit(client.page("/admin/people"), "Add person", EVE | changes)


def address_on(page):
    return page.field("Link to choose a password")["value"]


@pytest.mark.both_databases
def test_an_admin_adds_a_person_and_sees_the_link_once(client, alice):
    client.sign_in(alice)
    answer = add(client)
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


def test_the_link_bears_the_public_address_where_there_is_one(app, client, config, alice):
    config = dataclasses.replace(config, public_url="https://tally.example.com")
    app.extensions["tally_config"] = config
    client.sign_in(alice)
    page = client.see(client.post("/admin/people", EVE))
    assert address_on(page).startswith("https://tally.example.com/welcome/")


@pytest.mark.both_databases
def test_adding_someone_twice_says_so_at_the_email(client, alice):
    client.sign_in(alice)
    add(client)
    page = client.see(add(client, name="Eva", email="EVE@example.com"), 422)
    assert page.error("Email") == "There is an account with this email already."
    assert page.field("Name").value == "Eva"
    assert db.session.scalar(select(func.count(Person.id))) == 2
    assert db.session.scalar(select(func.count(PasswordLink.id))) == 1


@pytest.mark.parametrize(
    ("label", "changes", "sentence"),
    [
        ("Name", {"name": " "}, "Enter a name."),
        ("Name", {"name": "\0\x07"}, "Enter a name."),
        ("Email", {"email": "eve"}, "Enter an email such as anna@example.com."),
        ("Email", {"email": None}, "Enter an email."),
        ("Role", {"role": "owner"}, "Choose a role from the list."),
    ],
)
def test_bad_input_is_answered_at_the_field(client, alice, label, changes, sentence):
    client.sign_in(alice)
    page = client.see(add(client, **changes), 422)
    assert page.error(label) == sentence
    assert page.text.count(sentence) == 1
    assert db.session.scalar(select(func.count(Person.id))) == 1


def test_names_are_text_and_never_markup(client, alice):
    client.sign_in(alice)
    client.see(add(client, name="<b>Eve</b> & Co"))
    assert "<b>Eve</b> & Co" in client.page("/admin/people").text


def test_the_list_tells_how_everyone_stands(client, alice, bob, dave):
    client.sign_in(alice)
    client.see(add(client))
    page = client.page("/admin/people")
    rows = [
        [cell.text for cell in row.children if not isinstance(cell, str)][:4]
        for row in page.all("tbody tr")
    ]
    assert rows == [
        ["Alice Adams", "alice@example.com", "Admin", "In use"],
        ["Bob Brown", "bob@example.com", "Member", "In use"],
        ["Dave Dunn", "dave@example.com", "Member", "Closed"],
        ["Eve Ernst", "eve@example.com", "Member", "No password yet"],
    ]
    assert len(page.named("New link for Bob Brown")) == 1
    assert page.named("New link for Dave Dunn") == []


def test_the_list_costs_the_same_at_any_length(client, alice):
    client.sign_in(alice)
    client.page("/admin/people")
    with count_statements() as few:
        client.page("/admin/people")
    for number in range(20):
        make_person(f"Person{number} Many")
    with count_statements() as many:
        client.page("/admin/people")
    assert len(few) == len(many) <= 5


@pytest.mark.both_databases
def test_a_new_link_takes_the_place_of_earlier_ones(client, alice, bob):
    client.sign_in(alice)
    first = address_on(client.see(client.post(f"/admin/people/{bob.id}/link")))
    page = client.page("/admin/people")
    second = address_on(client.see(client.submit(page, "New link for Bob Brown")))
    assert first != second
    client.sign_out()
    client.page(first.removeprefix("http://localhost"), 404)
    client.page(second.removeprefix("http://localhost"), 200)


def test_a_closed_account_gets_no_link(client, alice, dave):
    client.sign_in(alice)
    page = client.follow(client.post(f"/admin/people/{dave.id}/link"))
    assert page.flashes == ["Dave Dunn's account is closed, so a link would not let them in."]
    assert db.session.scalar(select(func.count(PasswordLink.id))) == 0


def test_a_link_for_no_one_is_not_found(client, alice):
    client.sign_in(alice)
    client.see(client.post("/admin/people/999/link"), 404)
    client.see(client.post("/admin/people/x/link"), 404)


def test_a_link_takes_a_post_with_a_token(client, alice, bob):
    client.sign_in(alice)
    assert client.get(f"/admin/people/{bob.id}/link").status_code == 405
    assert client.send("POST", f"/admin/people/{bob.id}/link").status_code == 400
    assert client.send("POST", "/admin/people", data=EVE).status_code == 400
    assert db.session.scalar(select(func.count(PasswordLink.id))) == 0


def test_members_have_no_business_here(client, bob, carol):
    client.sign_in(bob)
    client.page("/admin/people", 403)
    client.see(client.post("/admin/people", EVE), 403)
    client.see(client.post(f"/admin/people/{carol.id}/link"), 403)
    assert db.session.scalar(select(func.count(Person.id))) == 2
    assert db.session.scalar(select(func.count(PasswordLink.id))) == 0


def test_strangers_are_sent_to_sign_in(client, bob):
    answers = [
        client.get("/admin/people"),
        client.post("/admin/people", EVE),
        client.post(f"/admin/people/{bob.id}/link"),
    ]
    assert [one.headers["Location"] for one in answers] == [
        "/login?next=/admin/people",
        "/login",
        "/login",
    ]
    assert db.session.scalar(select(func.count(Person.id))) == 1
