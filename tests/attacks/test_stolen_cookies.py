"""A cookie copied out of someone's browser: it dies with the session, however that ends."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.accounts.models import Person
from app.accounts.password_links import new_link
from app.accounts.sessions import end_sessions
from app.db import db
from tests.attacks.world import rules
from tests.support.client import Client
from tests.support.people import PASSWORD

NEW = "a different long one"


def sign_out(client: Client, bob: Person) -> None:
    assert client.post("/logout").status_code == 303


def change_password(client: Client, bob: Person) -> None:
    form = {"current_password": PASSWORD, "new_password": NEW}
    assert client.post("/profile/password", form).status_code == 303


def use_a_link(client: Client, bob: Person) -> None:
    with client.app.test_request_context():
        client.app.config["SERVER_NAME"] = None
        person = db.session.get_one(Person, bob.id)
        address = _link(client, person)
    assert Client(client.app).post(address, {"password": NEW}).status_code == 303


def _link(client: Client, person: Person) -> str:
    from flask_login import login_user

    login_user(person)  # without PUBLIC_URL a link is made for the browser of whoever asks
    _, address = new_link(person)
    db.session.commit()
    return address.removeprefix("http://localhost")


def end_everywhere_else(client: Client, bob: Person) -> None:
    other = Client(client.app)
    other.sign_in(bob)
    assert other.post("/profile/sessions/end-others").status_code == 303


def close_the_account(client: Client, bob: Person) -> None:
    person = db.session.get_one(Person, bob.id)
    end_sessions(person)
    person.is_active = False
    db.session.commit()


@pytest.mark.parametrize(
    "end", [sign_out, change_password, use_a_link, end_everywhere_else, close_the_account]
)
def test_a_copy_is_worth_nothing_after_the_end(
    app: Flask, client: Client, bob: Person, end: Callable[[Client, Person], None]
) -> None:
    client.sign_in(bob)
    thief = Client(app)
    cookie = client.flask.get_cookie("tally_session")
    assert cookie is not None
    thief.flask.set_cookie("tally_session", cookie.value)
    assert thief.get("/profile").status_code == 200
    end(client, bob)
    for rule, method in rules(app, changing=False):
        if not rule.arguments and rule.endpoint not in ("health.healthz", "health.readyz"):
            answer = thief.send(method, str(rule))
            assert bob.name not in answer.text, rule
    assert thief.get("/profile").status_code == 302
