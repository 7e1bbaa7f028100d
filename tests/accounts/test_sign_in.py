"""Signing in and out."""

import pytest
from sqlalchemy import select

from app.accounts import models
from app.accounts.signing_in import local_path
from app.audit.models import AuditEntry
from app.db import db
from tests.support.people import PASSWORD, make_person

SENTENCE = "That email and password do not go together. Check both and try again."


def sign_in(client, email, password, path="/login"):
    return client.submit(client.page(path), "Sign in", {"email": email, "password": password})


def test_signing_in_leads_to_the_page_that_was_wanted(client, bob):
    answer = client.get("/profile?tab=name")
    assert answer.headers["Location"] == "/login?next=/profile?tab%3Dname"
    answer = sign_in(client, " BOB@example.com", PASSWORD, answer.headers["Location"])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/profile?tab=name")
    assert client.page("/profile").h1 == "Your profile"


def test_without_a_wish_signing_in_leads_to_the_start(client, bob):
    assert sign_in(client, "bob@example.com", PASSWORD).headers["Location"] == "/"


def test_every_refusal_reads_and_works_alike(client, bob, dave, monkeypatch):
    make_person("Eve Ernst", password_hash=None)
    checks = []
    matches = models._matches
    monkeypatch.setattr(
        models, "_matches", lambda stored, password: checks.append(1) or matches(stored, password)
    )
    tries = [
        ("bob@example.com", "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("not an email", PASSWORD),
        ("bob@example.com\0", "wrong password"),
        ("", ""),
        ("dave@example.com", PASSWORD),
        ("eve@example.com", PASSWORD),
        ("eve@example.com", ""),
    ]
    for email, password in tries:
        checks.clear()
        page = client.see(client.post("/login", {"email": email, "password": password}), 422)
        assert page.one(".error").text == SENTENCE
        assert page.field("Password").value == ""
        assert len(checks) == 1, f"{email} is told apart by the time it takes"
        assert "_user_id" not in session_of(client)


def test_a_refusal_is_put_down_under_the_account_and_never_with_what_was_typed(client, bob):
    """Also where there is no account: an entry more or less would show in the time it takes."""
    for email in ("bob@example.com", "nobody@example.com"):
        client.post("/login", {"email": email, "password": "wrong password"})
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.action, one.thing_id, one.thing_name) for one in entries] == [
        ("person.refused", bob.id, "Bob Brown"),
        ("person.refused", None, ""),
    ]
    assert {one.actor_id for one in entries} == {None}
    assert "nobody@" not in str([vars(one) for one in entries])


def test_what_was_typed_stays_but_not_the_password(client, bob):
    page = client.see(client.post("/login", {"email": "bob@example.com", "password": "wrong"}), 422)
    assert page.field("Email").value == "bob@example.com"
    assert "wrong" not in page.html


def test_signing_in_renews_the_session(client, bob):
    with client.flask.session_transaction() as session:
        session["left_by_someone"] = "before"
    page = client.page("/login")
    token = page.one("input[name=csrf_token]")["value"]
    client.submit(page, "Sign in", {"email": "bob@example.com", "password": PASSWORD})
    assert "left_by_someone" not in session_of(client)
    old = client.send("POST", "/logout", data={"csrf_token": token})
    assert old.status_code == 400


def test_no_lock_is_held_while_the_password_is_checked(client, bob, monkeypatch):
    open_meanwhile = []
    matches = models._matches

    def check(stored, password):
        open_meanwhile.append(db.session().in_transaction())
        return matches(stored, password)

    monkeypatch.setattr(models, "_matches", check)
    client.post("/login", {"email": "bob@example.com", "password": PASSWORD})
    assert open_meanwhile == [False]


def test_the_sign_in_page_sends_on_those_who_are_signed_in(client, bob):
    client.sign_in(bob)
    assert client.get("/login?next=/profile").headers["Location"] == "/profile"
    assert client.post("/login?next=//evil.example").headers["Location"] == "/"


def test_only_one_thing_on_the_page_is_called_sign_in(client, workspace):
    page = client.page("/login")
    assert [node.tag for node in page.named("Sign in")] == ["button"]
    assert page.field("Email")["type"] == "email"
    assert page.field("Password")["type"] == "password"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nLocation: https://evil.example",
        "/\0/evil.example",
        "/\u2028/evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "\t//evil.example",
        "evil.example",
        "?next=1",
        "",
    ],
)
def test_nothing_leads_off_the_site(client, bob, target):
    assert local_path(target) == "/"
    with client.flask.session_transaction() as session:
        session.clear()
    data = {"email": "bob@example.com", "password": PASSWORD}
    answer = client.post("/login", data, query_string={"next": target})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("target", ["/", "/okrs?cycle=3", "/objectives/7#chart", "/ö?q=a b"])
def test_paths_on_the_site_are_kept(target):
    assert local_path(target) == target


def test_the_cookie_is_not_sent_anew_with_every_answer(client, bob):
    answer = sign_in(client, "bob@example.com", PASSWORD)
    assert "tally_session" in answer.headers["Set-Cookie"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    client.page("/profile")  # brings the token into the session
    assert "Set-Cookie" not in client.get("/profile").headers


def test_signing_out_ends_the_session(client, bob):
    client.sign_in(bob)
    page = client.follow(client.submit(client.page("/profile"), "Sign out"))
    assert page.path == "/login"
    assert page.flashes == ["You are signed out."]
    assert client.get("/profile").headers["Location"] == "/login?next=/profile"


def test_signing_out_takes_a_post_with_a_token_and_may_be_repeated(client, bob):
    client.sign_in(bob)
    assert client.get("/logout").status_code == 405
    client.see(client.send("POST", "/logout"), 400)
    assert client.post("/logout").status_code == 303
    assert client.post("/logout").headers["Location"] == "/login"


def test_a_session_ends_when_the_account_is_closed(client, bob):
    client.sign_in(bob)
    client.page("/profile")
    person = db.session.get(models.Person, bob.id)
    person.is_active = False
    db.session.commit()
    assert client.get("/profile").status_code == 302


def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(client, workspace):
    answer = client.get("/profile", htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")
    assert answer.text == ""


def session_of(client):
    with client.flask.session_transaction() as session:
        return dict(session)
