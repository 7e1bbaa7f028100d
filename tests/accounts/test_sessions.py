"""Sessions on several devices: each is a row, seen on the profile and ended from there."""

import time
from datetime import timedelta

import pytest
from itsdangerous import TimestampSigner
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.accounts import sessions
from app.accounts.models import Person, PersonSession
from app.accounts.sessions import browser_words, end_sessions
from app.audit.models import AuditEntry
from app.db import db, utcnow
from tests.support.client import Client
from tests.support.people import PASSWORD
from tests.support.sql import count_statements

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1"
)


def sign_in(app, agent, address="192.0.2.7"):
    """A browser of Bob's, signed in by the form."""
    client = Client(app)
    client.flask.environ_base |= {"HTTP_USER_AGENT": agent, "REMOTE_ADDR": address}
    answer = client.post("/login", {"email": "bob@example.com", "password": PASSWORD})
    assert answer.status_code == 303
    return client


def is_in(client):
    return client.get("/profile").status_code == 200


def cookie_of(client):
    return client.flask.get_cookie("tally_session").value


def copy_of(client):
    """Another browser that holds the same cookie."""
    other = Client(client.app)
    other.flask.set_cookie("tally_session", cookie_of(client))
    return other


def test_a_web_whose_clock_is_behind_signs_nobody_out(app, bob, monkeypatch):
    client = sign_in(app, FIREFOX)
    behind = int(time.time()) - 300
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda signer: behind)
    assert is_in(client)


def rows():
    return db.session.scalars(select(PersonSession).order_by(PersonSession.id)).all()


def lines(page):
    return [row.text for row in page.all("#sessions tbody tr")]


def entries(action):
    return db.session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()


def test_the_profile_lists_where_one_is_signed_in(app, bob, carol):
    phone = sign_in(app, PHONE, "2001:db8::9")
    desk = sign_in(app, FIREFOX)
    Client(app).sign_in(carol)
    this, other = lines(desk.page("/profile"))
    assert this.startswith("Firefox on Windows 192.0.2.7") and "Now, this browser" in this
    assert other.startswith("Safari on iPhone 2001:db8::9") and "Sign out there" in other
    assert lines(phone.page("/profile"))[0].startswith("Safari on iPhone")


def test_a_copied_cookie_dies_with_the_session(app, bob):
    client = sign_in(app, FIREFOX)
    copied = copy_of(client)
    assert is_in(copied)
    client.post("/logout")
    assert not is_in(copied)
    assert [row.ended_at is not None for row in rows()] == [True]
    assert len(entries("person.signed_in")) == len(entries("person.signed_out")) == 1


def test_the_database_holds_nothing_that_signs_in(app, bob):
    client = sign_in(app, FIREFOX)
    with client.flask.session_transaction() as session:
        token = session["token"]
    assert token not in str(vars(rows()[0]))


def test_every_sign_in_has_a_token_of_its_own(app, bob):
    client = sign_in(app, FIREFOX)
    copied = copy_of(client)
    client.post("/logout")
    client.post("/login", {"email": "bob@example.com", "password": PASSWORD})
    assert is_in(client) and not is_in(copied)


def test_one_other_session_is_ended(app, bob):
    phone, desk = sign_in(app, PHONE), sign_in(app, FIREFOX)
    page = desk.page("/profile")
    row = page.all("#sessions tbody tr")[1]
    answer = desk.submit(page, row.one("button")["aria-label"])
    assert desk.follow(answer).flashes == ["Safari on iPhone is signed out."]
    assert is_in(desk) and not is_in(phone)
    assert [entry.thing_name for entry in entries("session.ended")] == ["Safari on iPhone"]


def test_ending_the_session_at_hand_signs_out(app, bob):
    client = sign_in(app, FIREFOX)
    answer = client.post(f"/profile/sessions/{rows()[0].id}/end")
    assert answer.headers["Location"] == "/login"
    assert not is_in(client)


def test_all_other_sessions_are_ended(app, bob, carol):
    others = [sign_in(app, PHONE), sign_in(app, PHONE)]
    desk, hers = sign_in(app, FIREFOX), Client(app)
    hers.sign_in(carol)
    answer = desk.submit(desk.page("/profile"), "Sign out everywhere else")
    page = desk.follow(answer)
    assert page.flashes == ["You are signed out everywhere else."]
    assert len(lines(page)) == 1 and not page.named("Sign out everywhere else")
    assert is_in(desk) and is_in(hers) and not any(map(is_in, others))
    assert [entry.detail for entry in entries("sessions.ended")] == [{"count": 2}]


@pytest.mark.parametrize("whose", ["other", "none", "ended", "beyond"])
def test_only_ones_own_open_sessions_can_be_ended(app, bob, carol, whose):
    Client(app).sign_in(carol)
    hers = rows()[0].id
    ended, desk = sign_in(app, PHONE), sign_in(app, FIREFOX)
    ended.post("/logout")
    number = {"other": hers, "none": 999, "ended": rows()[1].id, "beyond": 10**30}[whose]
    assert desk.post(f"/profile/sessions/{number}/end").status_code == 404
    assert rows()[0].ended_at is None
    assert not entries("session.ended")


def test_changing_the_password_ends_all_other_sessions_and_renews_this_one(app, bob):
    phone, desk = sign_in(app, PHONE), sign_in(app, FIREFOX)
    copied = copy_of(desk)
    desk.post(
        "/profile/password",
        {"current_password": PASSWORD, "new_password": "a different long one"},
    )
    assert is_in(desk) and not is_in(phone) and not is_in(copied)
    assert len(lines(desk.page("/profile"))) == 1


def test_another_session_key_is_the_end_even_of_open_rows(app, bob):
    client = sign_in(app, FIREFOX)
    db.session.get(Person, bob.id).choose_password("a different long one")
    db.session.commit()
    assert not is_in(client)


def test_a_closed_account_has_no_sessions_and_gets_none_back(app, bob):
    client = sign_in(app, FIREFOX)
    person = db.session.get(Person, bob.id)
    assert end_sessions(person) == 1
    person.is_active = False
    db.session.commit()
    assert not is_in(client)
    db.session.get(Person, bob.id).is_active = True
    db.session.commit()
    assert not is_in(client)


@pytest.mark.parametrize("forged", ["1", "x.y", "1.", "²." + "0" * 32, "99.abc", "", None, 7])
def test_a_token_fits_one_person_alone(app, bob, forged):
    client = sign_in(app, FIREFOX)
    with client.flask.session_transaction() as session:
        session["_user_id"] = forged
    assert not is_in(client)


@pytest.mark.parametrize("forged", ["", "x", None, 7, ["x"]])
def test_a_person_without_a_token_is_no_one(app, bob, forged):
    client = sign_in(app, FIREFOX)
    with client.flask.session_transaction() as session:
        session["token"] = forged
    assert not is_in(client)


def set_seen(ago):
    db.session.execute(update(PersonSession).values(seen_at=utcnow() - ago))
    db.session.commit()


@pytest.mark.both_databases
def test_a_session_unseen_for_a_month_is_over(app, bob):
    client = sign_in(app, FIREFOX)
    set_seen(timedelta(days=29, hours=23))
    assert is_in(client)
    set_seen(timedelta(days=30, seconds=1))
    assert not is_in(client)


def test_signing_in_drops_the_rows_of_what_is_long_over(app, bob, carol):
    Client(app).sign_in(carol)
    sign_in(app, PHONE)
    set_seen(timedelta(days=31))
    sign_in(app, FIREFOX)
    assert [row.person_id for row in rows()] == [carol.id, bob.id]


@pytest.mark.both_databases
def test_being_seen_is_noted_once_an_hour(app, bob):
    client = sign_in(app, FIREFOX)
    set_seen(timedelta(minutes=59))
    before = rows()[0].seen_at
    client.page("/profile")
    assert rows()[0].seen_at == before
    db.session.commit()
    set_seen(timedelta(hours=1))
    with count_statements() as first:
        client.page("/profile")
    with count_statements() as second:
        client.page("/profile")
    assert utcnow() - rows()[0].seen_at < timedelta(minutes=1)
    assert len(first) == len(second) + 1


@pytest.mark.both_databases
def test_it_is_noted_also_by_a_request_that_writes(app, bob):
    client = sign_in(app, FIREFOX)
    set_seen(timedelta(hours=2))
    assert client.post("/profile", {"name": "Bobby Brown"}).status_code == 303
    assert utcnow() - rows()[0].seen_at < timedelta(minutes=1)


def test_a_request_goes_well_although_it_could_not_be_noted(app, bob, monkeypatch):
    client = sign_in(app, FIREFOX)
    set_seen(timedelta(hours=2))

    def fail():
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(sessions.db, "writing", fail)
    assert is_in(client)
    monkeypatch.undo()
    assert is_in(client)


def test_one_statement_finds_session_and_person(app, bob):
    client = sign_in(app, FIREFOX)
    with count_statements() as statements:
        client.get("/profile")
    assert sum("person_session" in one and "JOIN person" in one for one in statements) == 1
    assert not [one for one in statements if "FROM person \n" in one]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (PHONE, "Safari on iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 "
            "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0",
            "Edge on macOS",
        ),
        (
            "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/156.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.14", "curl/8.14"),
        ("", "Unknown browser"),
        ("x" * 200, "x" * 60),
    ],
)
def test_browsers_are_named_in_few_words(agent, words):
    assert browser_words(agent) == words


def test_a_hostile_browser_name_is_only_text(app, bob):
    client = sign_in(app, '"><script>alert(1)</script>\u00ad' + "A" * 5000)
    page = client.page("/profile")
    assert lines(page)[0].startswith('"><script>alert(1)</script>A')
    assert len(rows()[0].agent) == 200
