"""The first admin and the workspace are made once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.accounts import views
from app.accounts.models import Person, Workspace
from app.accounts.setup import after_setup
from app.db import db
from tests.support.client import Client

TYPED = {
    "name": "Anna Berg",
    "email": " Anna@Example.com ",
    "password": "nine lives and one",
    "workspace_name": "Berg & Co",
    "time_zone": "Europe/Berlin",
}


def test_every_address_leads_to_setup_while_there_is_no_workspace(client):
    for path in ("/profile", "/admin/people", "/login"):
        assert client.get(path).headers["Location"] == "/setup"


def test_setup_makes_the_admin_and_the_workspace_and_signs_in(client):
    page = client.page("/setup")
    assert [page.field(label)["name"] for label in ("Your name", "Email", "Password")]
    assert page.field("Time zone").value == "UTC"
    answer = client.submit(page, "Set up", TYPED)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")

    assert client.page("/profile").field("Name").value == "Anna Berg"
    anna = db.session.scalars(select(Person)).one()
    assert (anna.email, anna.is_admin) == ("anna@example.com", True)
    workspace = db.session.get(Workspace, 1)
    assert (workspace.name, workspace.time_zone) == ("Berg & Co", "Europe/Berlin")


def test_packages_above_are_told_in_the_same_transaction(client):
    told = []

    def receive(workspace: Workspace) -> None:
        told.append((workspace.name, db.session().in_transaction()))

    with after_setup.connected_to(receive):
        client.post("/setup", TYPED)
    assert told == [("Berg & Co", True)]


def test_a_failure_of_those_above_leaves_nothing_half_made(app, client):
    def fail(workspace: Workspace) -> None:
        raise RuntimeError("no quarter today")

    app.testing = False
    with after_setup.connected_to(fail):
        client.see(client.post("/setup", TYPED), 500)
    assert db.session.get(Workspace, 1) is None
    assert db.session.scalar(select(func.count(Person.id))) == 0


@pytest.mark.parametrize(
    ("label", "name", "typed", "sentence"),
    [
        ("Your name", "name", "  ", "Enter your name."),
        ("Your name", "name", "n" * 121, "Use at most 120 characters."),
        ("Email", "email", "", "Enter an email."),
        ("Email", "email", "anna at home", "Enter an email such as anna@example.com."),
        ("Password", "password", "", "Choose a password."),
        ("Password", "password", "too short", "Use at least 10 characters."),
        ("Password", "password", "x" * 201, "Use at most 200 characters."),
        ("Workspace name", "workspace_name", "\t", "Enter a name, such as your team's."),
        ("Time zone", "time_zone", "Mars/Olympus", "Choose a time zone from the list."),
    ],
)
def test_bad_input_keeps_what_was_typed_and_says_what_to_mend(client, label, name, typed, sentence):
    page = client.see(client.post("/setup", TYPED | {name: typed}), 422)
    assert page.error(label) == sentence
    assert page.field(label)["aria-invalid"] == "true"
    if name != "workspace_name":
        assert page.field("Workspace name").value == "Berg & Co"
    assert page.field("Password").value == ""
    assert db.session.get(Workspace, 1) is None


def test_an_empty_post_is_answered_at_the_fields(client):
    page = client.see(client.post("/setup"), 422)
    assert page.error("Email") == "Enter an email."
    assert page.error("Password") == "Choose a password."
    assert page.field("Time zone").value == "UTC"


def test_afterwards_setup_leads_to_the_sign_in_page(client, alice):
    for method in (client.get, client.post):
        page = client.follow(method("/setup", data=TYPED))
        assert page.path == "/login"
        assert page.flashes == ["Tally is set up already. Sign in, or ask an admin for an account."]
    assert db.session.scalars(select(Person.name)).all() == ["Alice Adams"]


def test_afterwards_setup_leads_those_signed_in_to_the_start(client, bob):
    client.sign_in(bob)
    assert client.get("/setup").headers["Location"] == "/"


def test_setup_demands_a_csrf_token(client):
    client.see(client.send("POST", "/setup", data=TYPED), 400)
    assert db.session.get(Workspace, 1) is None


@pytest.mark.both_databases
def test_the_one_who_was_slower_is_told(client, workspace, monkeypatch):
    monkeypatch.setattr(views, "is_set_up", lambda: False)
    answer = client.post("/setup", TYPED)
    assert answer.headers["Location"] == "/login"
    assert db.session.scalar(select(func.count(Person.id))) == 0


@pytest.mark.both_databases
def test_of_many_at_once_one_wins(app):
    def set_up(number: int) -> str:
        typed = TYPED | {"email": f"anna{number}@example.com"}
        return Client(app).post("/setup", typed).headers["Location"]

    with ThreadPoolExecutor(4) as pool:
        places = sorted(pool.map(set_up, range(4)))
    assert places == ["/", "/login", "/login", "/login"]
    assert db.session.scalar(select(func.count(Person.id))) == 1
