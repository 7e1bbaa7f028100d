"""Admin, People: who has an account, and how each stands."""

from datetime import timedelta

import pytest

from app.accounts.models import OBSERVER, PasswordLink, Person, PersonSession
from app.db import db, utcnow
from tests.support.moments import relative
from tests.support.people import make_person
from tests.support.sql import count_statements


@pytest.fixture
def eve(workspace):
    """Invited, with an open link."""
    eve = make_person("Eve Ernst", password_hash=None)
    link, _token = PasswordLink.make(eve)
    link.expires_at = utcnow().replace(2030, 5, 4, 12, 30)
    db.session.add(link)
    db.session.commit()
    return eve


@pytest.fixture
def olga(workspace):
    return make_person("Olga Orth", OBSERVER)


def test_the_list_tells_how_everyone_stands(client, alice, bob, dave, eve, olga):
    make_person("Finn Falk", password_hash=None)
    client.sign_in(alice)
    page = client.page("/admin/people")
    rows = [
        [cell.text for cell in row.children if not isinstance(cell, str)]
        for row in page.all("tbody tr")
    ]
    rows[0][-1] = relative(rows[0][-1])
    assert rows == [
        ["Alice Adams", "alice@example.com", "Admin", "Active", "just now"],
        ["Bob Brown", "bob@example.com", "Member", "Active", "Never"],
        ["Dave Dunn", "dave@example.com", "Member", "Deactivated", "Never"],
        [
            "Eve Ernst",
            "eve@example.com",
            "Member",
            "Invited, link open until 4 May 2030, 12:30",
            "Never",
        ],
        ["Finn Falk", "finn@example.com", "Member", "Invited, no open link", "Never"],
        ["Olga Orth", "olga@example.com", "Observer", "Active", "Never"],
    ]


def test_the_last_of_several_sessions_tells_when_someone_was_here(client, alice, bob):
    for days in (9, 3, 5):
        seen = utcnow() - timedelta(days=days, minutes=1)
        db.session.add(PersonSession(person_id=bob.id, token_hash=f"{days}", seen_at=seen))
    db.session.commit()
    client.sign_in(alice)
    seen = client.page("/admin/people").one(f"#person-{bob.id} time").text
    assert relative(seen) == "3 days ago"
    assert client.page(f"/admin/people/{bob.id}").one("dl time").text == seen


def test_the_list_costs_the_same_at_any_length(client, alice):
    client.sign_in(alice)
    client.page("/admin/people")
    with count_statements() as few:
        client.page("/admin/people")
    for number in range(20):
        person = make_person(f"Person{number} Many")
        db.session.add(PasswordLink.make(person)[0])
    db.session.commit()
    with count_statements() as many:
        client.page("/admin/people")
    assert len(few) == len(many) <= 6


def test_each_person_has_a_page_with_what_can_be_done(client, alice, bob, dave, eve):
    client.sign_in(alice)
    page = client.page(client.page("/admin/people").link("Bob Brown"))
    assert page.h1 == "Bob Brown"
    assert [one.text for one in page.all("main button")] == ["New link", "Change role"]
    assert page.link("Deactivate") == f"/admin/people/{bob.id}/deactivate"
    page = client.page(f"/admin/people/{eve.id}")
    buttons = [one.text for one in page.all("main button")]
    assert buttons == ["New link", "Change role", "Withdraw invitation"]
    page = client.page(f"/admin/people/{dave.id}")
    assert [one.text for one in page.all("main button")] == ["Reactivate"]


def test_names_are_text_and_never_markup(client, alice):
    made = make_person("<b>Eve</b> & Co", email="eve@example.com")
    client.sign_in(alice)
    assert "<b>Eve</b> & Co" in client.page("/admin/people").text
    assert client.page(f"/admin/people/{made.id}").h1 == "<b>Eve</b> & Co"


def test_a_person_who_is_not_there_is_not_found(client, alice):
    client.sign_in(alice)
    for number in (0, 999, 2**31, 2**70):
        client.page(f"/admin/people/{number}", 404)


def test_only_admins_have_business_here(client, bob, carol, olga):
    for person in (bob, olga):
        client.sign_in(person)
        for path in ("", f"/{carol.id}", "/999", f"/{carol.id}/deactivate"):
            client.page(f"/admin/people{path}", 403)
        for path in ("link", "role", "withdraw-invitation", "deactivate", "reactivate"):
            for number in (carol.id, 999):
                answer = client.post(f"/admin/people/{number}/{path}", {"role": "observer"})
                client.see(answer, 403)
    assert db.session.get(Person, carol.id).role == "member"


def test_strangers_are_sent_to_sign_in(client, bob):
    assert client.get("/admin/people").headers["Location"] == "/login?next=/admin/people"
    for path in ("link", "role", "withdraw-invitation", "deactivate", "reactivate"):
        assert client.post(f"/admin/people/{bob.id}/{path}").headers["Location"] == "/login"


def test_every_change_takes_a_post_with_a_token(client, alice, bob):
    client.sign_in(alice)
    for path in ("link", "role", "withdraw-invitation", "reactivate"):
        assert client.get(f"/admin/people/{bob.id}/{path}").status_code == 405
    for path in ("link", "role", "withdraw-invitation", "reactivate", "deactivate"):
        answer = client.send("POST", f"/admin/people/{bob.id}/{path}", data={"role": "admin"})
        client.see(answer, 400)
    kept = db.session.get(Person, bob.id)
    assert (kept.role, kept.is_active) == ("member", True)


def test_many_are_found_by_name_and_email(client, alice, bob):
    client.sign_in(alice)
    assert not client.page("/admin/people").all("[role=search]")
    for number in range(12):
        make_person(f"Erika Muster {number}", email=f"e{number}@north.example.com")
    make_person("Örjan Lund", password_hash=None)
    page = client.see(client.submit(client.page("/admin/people"), "Show", {"find": "lund örj"}))
    assert [row.one("th").text for row in page.all("tbody tr")] == ["Örjan Lund"]
    assert page.field("Find").value == "lund örj" and "1 of 15" in page.text
    page = client.page("/admin/people?find=ORJAN")
    assert [row.one("th").text for row in page.all("tbody tr")] == ["Örjan Lund"]
    page = client.page("/admin/people?find=NORTH+muster")
    assert len(page.all("tbody tr")) == 12
    page = client.page("/admin/people?find=nobody")
    assert "Nobody has that in their name or email." in page.text
    assert page.link("Show everyone") == "/admin/people"
