"""One's own name, time zone and password."""

import pytest
from sqlalchemy import select

from app.accounts.models import PasswordLink, Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from tests.support.client import Client
from tests.support.people import PASSWORD, make_person

NEW = "a whole new password"


def test_changing_ones_name(client, bob):
    client.sign_in(bob)
    page = client.page("/profile")
    page = client.follow(client.submit(page, "Save", {"name": "  Bob   Braun "}))
    assert page.flashes == ["Your profile is saved."]
    assert page.field("Name").value == "Bob Braun"
    assert db.session.get(Person, bob.id).role == "member"


def test_moments_are_told_in_ones_own_time_zone(client, alice, bob):
    kept = PasswordLink.make(db.session.get(Person, bob.id))[0]
    kept.expires_at = utcnow().replace(2030, 5, 4, 22, 30)
    db.session.add(kept)
    db.session.commit()
    client.sign_in(alice)
    assert "4 May 2030, 22:30" in client.page("/admin/people").text

    page = client.page("/profile")
    assert page.field("Time zone").value == ""
    assert "As the workspace (UTC)" in page.field("Time zone").options
    page = client.follow(client.submit(page, "Save", {"time_zone": "Asia/Tokyo"}))
    assert page.field("Time zone").value == "Asia/Tokyo"
    assert "5 May 2030, 07:30" in client.page("/admin/people").text
    client.sign_in(make_person("Anna Arndt", "admin"))
    assert "4 May 2030, 22:30" in client.page("/admin/people").text


def test_one_can_go_back_to_the_zone_of_the_workspace(client, bob):
    client.sign_in(bob)
    for zone in ("Asia/Tokyo", ""):
        client.follow(client.submit(client.page("/profile"), "Save", {"time_zone": zone}))
    assert db.session.get(Person, bob.id).time_zone is None


def test_a_zone_that_is_none_is_refused(client, bob):
    client.sign_in(bob)
    typed = {"name": "Bobby", "time_zone": "Mars/Olympus"}
    page = client.see(client.post("/profile", typed), 422)
    assert page.error("Time zone") == "Choose a time zone from the list."
    assert page.field("Name").value == "Bobby"
    kept = db.session.get(Person, bob.id)
    assert (kept.name, kept.time_zone) == ("Bob Brown", None)


def test_the_log_tells_what_changed_and_nothing_where_nothing_did(client, bob):
    client.sign_in(bob)
    client.post("/profile", {"name": "Bob Brown", "time_zone": ""})
    assert db.session.scalars(select(AuditEntry)).all() == []
    client.post("/profile", {"name": "Bob Braun", "time_zone": "Asia/Tokyo"})
    told = [(one.action, one.detail) for one in db.session.scalars(select(AuditEntry))]
    assert told == [
        ("person.renamed", {"before": "Bob Brown", "after": "Bob Braun"}),
        ("person.zone_changed", {"before": "as the workspace", "after": "Asia/Tokyo"}),
    ]


def test_a_new_password_withdraws_links_for_another(client, bob):
    link, token = PasswordLink.make(db.session.get(Person, bob.id))
    db.session.add(link)
    db.session.commit()
    client.sign_in(bob)
    client.post("/profile/password", {"current_password": PASSWORD, "new_password": NEW})
    client.sign_out()
    client.page(f"/welcome/{token}", 404)


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
    assert page.flashes == ["Your password is changed. You are signed out everywhere else."]
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
