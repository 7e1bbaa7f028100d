"""Closing an account: nobody gets in with it, and what it owned has another owner at once."""

import pytest
from sqlalchemy import select

from app.accounts.belongings import KEEPERS, Belonging, Keeper
from app.accounts.models import ADMIN, OBSERVER, PasswordLink, Person
from app.audit.models import AuditEntry
from app.db import db
from tests.accounts.at_once import each_at_once
from tests.support.client import Client
from tests.support.people import PASSWORD, make_person

LAST = "Nobody else can sign in as an admin. Make someone else an admin first."


class Shelf:
    """A keeper of books, for what `accounts` itself must see to."""

    def __init__(self):
        self.books = {}
        self.moves = []

    def what(self, person):
        note = "Whoever takes over a book may write in it."
        return [Belonging("book", self.books.get(person.id, []), note), Belonging("pen", [])]

    def hand_over(self, giver, heir, by):
        self.books.setdefault(heir.id, []).extend(self.books.pop(giver.id, []))
        self.moves.append((giver.name, heir.name, by.name))


@pytest.fixture(autouse=True)
def shelf(app, monkeypatch):
    shelf = Shelf()
    monkeypatch.setitem(app.extensions, KEEPERS, {"shelf": Keeper(shelf.what, shelf.hand_over)})
    return shelf


@pytest.fixture
def anna(workspace):
    """A second admin."""
    return make_person("Anna Arndt", ADMIN)


def path_of(person):
    return f"/admin/people/{person.id}/deactivate"


def is_active(person):
    db.session.remove()
    return db.session.get(Person, person.id).is_active


def test_a_closed_account_lets_nobody_in(client, alice, bob):
    bobs = Client(client.app)
    bobs.sign_in(bob)
    bobs.page("/profile")
    link, token = PasswordLink.make(db.session.get(Person, bob.id))
    db.session.add(link)
    db.session.commit()

    client.sign_in(alice)
    page = client.page(path_of(bob))
    assert page.h1 == "Deactivate Bob Brown?"
    assert "Nothing that is still open belongs to Bob Brown." in page.text
    page = client.follow(client.submit(page, "Deactivate"))
    assert page.flashes == ["Bob Brown is deactivated."]
    assert "Deactivated" in page.one(f"#person-{bob.id}").text

    assert bobs.get("/profile").status_code == 302
    bobs.page(f"/welcome/{token}", 404)
    typed = {"email": "bob@example.com", "password": PASSWORD}
    bobs.see(bobs.post("/login", typed), 422)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.actor_id == alice.id)).all()
    assert [(one.action, one.thing_id) for one in entries] == [("person.deactivated", bob.id)]


def test_looking_at_the_page_changes_nothing(client, alice, bob):
    client.sign_in(alice)
    for _ in range(2):
        client.page(path_of(bob))
    assert is_active(bob)


def test_what_the_person_owns_is_told(client, alice, bob, shelf):
    shelf.books[bob.id] = [f"Volume {number}" for number in range(1, 24)]
    client.sign_in(alice)
    page = client.page(path_of(bob))
    assert page.one("section h2").text == "23 books"
    assert "Whoever takes over a book may write in it." in page.text
    told = [one.text for one in page.all("section li")]
    assert (told[0], told[19:]) == ("Volume 1", ["Volume 20", "and 3 more"])
    assert "pen" not in page.text


def test_someone_takes_over_in_the_same_step(client, alice, bob, carol, shelf):
    shelf.books[bob.id] = ["Atlas"]
    client.sign_in(alice)
    page = client.page(path_of(bob))
    client.follow(client.submit(page, "Deactivate", {"heir": carol.id}))
    assert not is_active(bob)
    assert shelf.moves == [("Bob Brown", "Carol Clark", "Alice Adams")]
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "belongings.handed_over")
    ).one()
    assert (entry.thing_id, entry.detail) == (bob.id, {"to": "Carol Clark"})


def test_only_active_people_who_may_own_can_take_over(client, alice, bob, carol, dave, shelf):
    make_person("Olga Orth", OBSERVER)
    shelf.books[bob.id] = ["Atlas"]
    client.sign_in(alice)
    offered = client.page(path_of(bob)).field("Hand over to").options
    assert list(offered) == ["Choose a person", "Alice Adams", "Carol Clark"]


@pytest.mark.parametrize("heir", ["", "bob", "dave", "olga", "0", "x", "99999999999999999999"])
def test_nobody_else_is_accepted(client, alice, bob, dave, shelf, heir):
    people = {"bob": bob, "dave": dave, "olga": make_person("Olga Orth", OBSERVER)}
    shelf.books[bob.id] = ["Atlas"]
    client.sign_in(alice)
    typed = {"heir": people[heir].id if heir in people else heir}
    page = client.see(client.post(path_of(bob), typed), 422)
    assert page.error("Hand over to") == "Choose who takes it over."
    assert is_active(bob)
    assert shelf.moves == []


def test_a_failure_on_the_way_leaves_all_as_it_was(client, alice, bob, carol, shelf, monkeypatch):
    shelf.books[bob.id] = ["Atlas"]

    def fail(giver, heir, by):
        raise RuntimeError("the shelf fell down")

    keepers = {"shelf": Keeper(shelf.what, fail)}
    monkeypatch.setitem(client.app.extensions, KEEPERS, keepers)
    client.app.testing = False
    client.sign_in(alice)
    client.see(client.post(path_of(bob), {"heir": carol.id}), 500)
    assert is_active(bob)
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_a_second_press_is_harmless(client, alice, bob, carol, shelf):
    shelf.books[bob.id] = ["Atlas"]
    client.sign_in(alice)
    client.post(path_of(bob), {"heir": carol.id})
    page = client.follow(client.post(path_of(bob), {"heir": alice.id}))
    assert page.flashes[-1] == "Bob Brown is deactivated already."
    assert len(shelf.moves) == 1


def test_the_last_admin_can_not_leave(client, alice, bob):
    client.sign_in(alice)
    page = client.page(path_of(alice))
    assert page.one(".note").text == LAST
    assert page.named("Deactivate") == []
    page = client.see(client.post(path_of(alice), {"is_sure": "y"}), 422)
    assert page.one(".note").text == LAST
    assert is_active(alice)


def test_ones_own_account_is_closed_only_by_saying_so(client, alice, anna):
    client.sign_in(alice)
    page = client.see(client.submit(client.page(path_of(alice)), "Deactivate"), 422)
    sentence = "This is your own account. Tick this if you mean it."
    assert page.error("Yes, I mean my own account") == sentence
    assert is_active(alice)

    page = client.follow(client.submit(page, "Deactivate", {"is_sure": "y"}))
    assert (page.path, page.flashes) == ("/login", ["Alice Adams is deactivated."])
    assert not is_active(alice)
    assert client.get("/profile").status_code == 302


@pytest.mark.both_databases
def test_of_two_admins_who_close_each_others_account_one_stays(
    app, alice, anna, monkeypatch, database_url
):
    statuses = each_at_once(app, monkeypatch, (alice, anna), "deactivate", {})
    # On SQLite the slower one begins after the other has ended, and is told to sign in.
    assert statuses == ([302, 303] if database_url.startswith("sqlite") else [303, 403])
    assert sorted([is_active(alice), is_active(anna)]) == [False, True]


def test_an_account_that_is_not_there_is_not_found(client, alice):
    client.sign_in(alice)
    client.page("/admin/people/999/deactivate", 404)
    client.see(client.post("/admin/people/999/deactivate"), 404)
