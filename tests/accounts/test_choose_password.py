"""The one-time link by which someone chooses a password."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import PasswordLink, Person
from app.db import db, utcnow
from tests.support.client import Client
from tests.support.people import PASSWORD, make_person

NEW = "a whole new password"
CLOSED = "This link no longer works"


@pytest.fixture
def eve(workspace):
    return make_person("Eve Ernst", password_hash=None)


def path_for(person, **values):
    link, token = PasswordLink.make(db.session.get(Person, person.id))
    for name, value in values.items():
        setattr(link, name, value)
    db.session.add(link)
    db.session.commit()
    return f"/welcome/{token}"


def password_of(person):
    db.session.remove()
    return db.session.get(Person, person.id).password_hash


def test_choosing_a_password_signs_in(client, eve):
    page = client.page(path_for(eve))
    assert "Eve Ernst, eve@example.com" in page.text
    answer = client.submit(page, "Set password", {"password": NEW})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.page("/profile").field("Name").value == "Eve Ernst"

    other = Client(client.app)
    other.post("/login", {"email": "eve@example.com", "password": NEW})
    other.page("/profile")


def test_a_link_works_once(client, eve):
    path = path_for(eve)
    client.post(path, {"password": NEW})
    chosen = password_of(eve)
    client.sign_out()
    assert client.page(path, 404).h1 == CLOSED
    page = client.see(client.post(path, {"password": "another password"}), 404)
    assert page.h1 == CLOSED
    assert password_of(eve) == chosen


def test_looking_at_a_link_does_not_use_it(client, eve):
    path = path_for(eve)
    for _ in range(3):
        client.page(path)
    assert client.send("HEAD", path).status_code == 200
    assert client.post(path, {"password": NEW}).status_code == 303


@pytest.mark.both_databases
def test_of_two_at_once_one_wins(app, eve):
    path = path_for(eve)

    def choose(number):
        return Client(app).post(path, {"password": f"{NEW} {number}"}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(choose, range(2))) == [303, 404]


@pytest.mark.parametrize(
    "values",
    [
        {"expires_at": utcnow() - timedelta(seconds=1)},
        {"used_at": utcnow()},
        {"is_withdrawn": True},
    ],
)
def test_a_link_that_is_over_says_what_to_do(client, eve, values):
    path = path_for(eve, **values)
    page = client.page(path, 404)
    assert page.h1 == CLOSED
    assert "Ask an admin for a new one." in page.text
    client.see(client.post(path, {"password": NEW}), 404)
    assert password_of(eve) is None


@pytest.mark.parametrize("token", ["x", "ö", "a" * 500, "..", "%00"])
def test_an_unknown_link_reads_like_one_that_is_over(client, workspace, token):
    assert client.page(f"/welcome/{token}", 404).h1 in (CLOSED, "There is nothing here")
    assert client.post(f"/welcome/{token}", {"password": NEW}).status_code == 404


def test_a_closed_account_stays_closed(client, dave):
    path = path_for(dave)
    assert client.page(path, 404).h1 == CLOSED
    client.see(client.post(path, {"password": NEW}), 404)


def test_the_link_lasts_seven_days(eve):
    link, _token = PasswordLink.make(eve)
    assert timedelta(days=6, hours=23) < link.expires_at - utcnow() <= timedelta(days=7)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Choose a password."),
        ("too short", "Use at least 10 characters."),
        ("x" * 201, "Use at most 200 characters."),
        ("EVE@example.com", "Choose something other than your name or your email."),
    ],
)
def test_a_poor_password_is_refused_and_the_link_stays(client, eve, typed, sentence):
    path = path_for(eve)
    page = client.see(client.post(path, {"password": typed}), 422)
    assert page.error("Password") == sentence
    assert password_of(eve) is None
    client.page(path)


def test_using_one_link_withdraws_the_others(client, eve):
    first, second = path_for(eve), path_for(eve)
    client.post(second, {"password": NEW})
    client.sign_out()
    client.page(first, 404)


def test_a_new_password_ends_sessions_begun_with_the_old_one(client, bob):
    elsewhere = Client(client.app)
    elsewhere.sign_in(bob)
    elsewhere.page("/profile")
    client.post(path_for(bob), {"password": NEW})
    assert elsewhere.get("/profile").status_code == 302
    elsewhere.see(elsewhere.post("/login", {"email": "bob@example.com", "password": PASSWORD}), 422)


def test_whoever_opens_the_link_becomes_its_person(client, alice, eve):
    client.sign_in(alice)
    client.post(path_for(eve), {"password": NEW})
    assert client.page("/profile").field("Name").value == "Eve Ernst"


def test_choosing_demands_a_csrf_token(client, eve):
    path = path_for(eve)
    client.see(client.send("POST", path, data={"password": NEW}), 400)
    assert db.session.scalars(select(PasswordLink)).one().used_at is None
