"""One's own name and password."""

import pytest

from app.accounts.models import Person
from app.db import db
from tests.support.client import Client
from tests.support.people import PASSWORD

NEW = "a whole new password"


def test_changing_ones_name(client, bob):
    client.sign_in(bob)
    page = client.page("/profile")
    page = client.follow(client.submit(page, "Save", {"name": "  Bob   Braun "}))
    assert page.flashes == ["Your name is saved."]
    assert page.field("Name").value == "Bob Braun"
    assert db.session.get(Person, bob.id).role == "member"


def test_nobody_makes_an_admin_of_himself(client, bob):
    client.sign_in(bob)
    client.post("/profile", {"name": "Bob", "role": "admin", "email": "alice@example.com"})
    person = db.session.get(Person, bob.id)
    assert (person.role, person.email) == ("member", "bob@example.com")


def test_a_name_is_needed(client, bob):
    client.sign_in(bob)
    page = client.see(client.post("/profile", {"name": " "}), 422)
    assert page.error("Name") == "Enter your name."
    assert db.session.get(Person, bob.id).name == "Bob Brown"


def test_changing_ones_password_ends_the_other_sessions_only(client, bob):
    elsewhere = Client(client.app)
    elsewhere.sign_in(bob)
    client.sign_in(bob)
    typed = {"current_password": PASSWORD, "new_password": NEW}
    answer = client.submit(client.page("/profile"), "Change password", typed)
    page = client.follow(answer)
    assert page.flashes == ["Your password is changed. Sessions on other devices have ended."]
    assert elsewhere.get("/profile").status_code == 302
    assert elsewhere.post("/login", {"email": bob.email, "password": NEW}).status_code == 303


@pytest.mark.parametrize(
    ("label", "changes", "sentence"),
    [
        ("Current password", {"current_password": "wrong"}, "That is not your current password."),
        ("Current password", {"current_password": ""}, "Enter your current password."),
        ("New password", {"new_password": ""}, "Choose a password."),
        ("New password", {"new_password": "short"}, "Use at least 10 characters."),
        (
            "New password",
            {"new_password": "bob@example.com"},
            "Choose something other than your name or your email.",
        ),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(client, bob, label, changes, sentence):
    client.sign_in(bob)
    typed = {"current_password": PASSWORD, "new_password": NEW} | changes
    page = client.see(client.post("/profile/password", typed), 422)
    assert page.error(label) == sentence
    assert NEW not in page.html
    assert db.session.get(Person, bob.id).has_password(PASSWORD)


def test_the_profile_is_ones_own(client, bob):
    assert client.get("/profile").status_code == 302
    assert client.post("/profile", {"name": "x"}).headers["Location"] == "/login"
    assert client.post("/profile/password").headers["Location"] == "/login"
    client.sign_in(bob)
    assert client.get("/profile/password").status_code == 405
    assert client.send("POST", "/profile", data={"name": "x"}).status_code == 400
    assert client.send("POST", "/profile/password").status_code == 400
