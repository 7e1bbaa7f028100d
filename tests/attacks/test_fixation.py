"""Fixation: the attacker leaves a cookie in the victim's browser, and waits until they sign in."""

from flask import Flask

from app.accounts.models import Person
from tests.support.client import Client
from tests.support.people import PASSWORD

COOKIE = "tally_session"


def planted(app: Flask, cookie: str) -> Client:
    """A browser that holds this cookie."""
    client = Client(app)
    client.flask.set_cookie(COOKIE, cookie)
    return client


def cookie_of(client: Client) -> str:
    cookie = client.flask.get_cookie(COOKIE)
    assert cookie is not None
    return cookie.value


def sign_in(client: Client, person: Person) -> None:
    page = client.page("/login")
    answer = client.submit(page, "Sign in", {"email": person.email, "password": PASSWORD})
    assert answer.status_code == 303


def test_a_cookie_from_before_is_worth_nothing_after(
    app: Flask, client: Client, bob: Person
) -> None:
    client.page("/login")
    left = cookie_of(client)
    victim = planted(app, left)
    sign_in(victim, bob)
    assert victim.get("/profile").status_code == 200
    assert client.get("/profile").status_code == 302
    assert planted(app, left).get("/profile").status_code == 302


def test_a_form_token_from_before_is_worth_nothing_after(
    app: Flask, client: Client, bob: Person
) -> None:
    token = client.page("/login").one("input[name=csrf_token]")["value"]
    victim = planted(app, cookie_of(client))
    sign_in(victim, bob)
    answer = victim.send("POST", "/profile", data={"csrf_token": token, "name": "Hacked"})
    assert answer.status_code == 400


def test_what_the_attackers_own_session_held_is_gone(
    app: Flask, client: Client, bob: Person, carol: Person
) -> None:
    """Also the link between a browser and a sign-in at Trello that is under way."""
    with client.flask.session_transaction() as session:
        session["trello_sign_in"] = "known to the attacker"
    victim = planted(app, cookie_of(client))
    sign_in(victim, bob)
    with victim.flask.session_transaction() as session:
        assert "trello_sign_in" not in session


def test_a_cookie_that_nobody_signed_is_nobodys(app: Flask, client: Client, bob: Person) -> None:
    client.sign_in(bob)
    good = cookie_of(client)
    other = "A" if good[10] != "A" else "B"
    forged = [good[:10] + other + good[11:], good[:-2], good + "x", good[::-1], "x" * 4000]
    for cookie in forged:
        assert planted(app, cookie).get("/profile").status_code == 302, cookie
