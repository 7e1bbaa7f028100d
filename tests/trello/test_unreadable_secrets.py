"""After ENCRYPTION_KEY was changed without the old one: everything says so, and what to do."""

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from app.accounts.models import Person
from app.db import db
from app.trello.app_keys import SIGN_IN_UNREADABLE
from app.trello.boards import trello_for
from app.trello.failures import KeyRefused, SignInUnusable
from app.trello.models import Connection
from tests.support.client import Client
from tests.trello.linked import KEY, SECRET, make_connection


@pytest.fixture
def connection_id(app: Flask, alice: Person) -> int:
    with app.app_context():
        return make_connection(alice).id


def lose_keys(app: Flask, *, but_app_keys: bool = False) -> None:
    """`but_app_keys`: those come from the environment."""
    changed = {"trello_api_key": KEY, "trello_api_secret": SECRET} if but_app_keys else {}
    app.extensions["tally_config"] = replace(
        app.extensions["tally_config"],
        encryption_keys=(Fernet.generate_key().decode(),),
        **changed,
    )


def test_asking_trello_says_that_the_stored_keys_can_not_be_read(
    app: Flask, connection_id: int
) -> None:
    lose_keys(app)
    with app.app_context(), pytest.raises(KeyRefused) as error:
        trello_for(db.session.get_one(Connection, connection_id))
    assert error.value.sentence == (
        "Trello's API key and secret can't be read with the present ENCRYPTION_KEY. An admin has "
        "to put the old key back, or enter both anew under Admin, Integrations, Trello."
    )


def test_asking_trello_says_that_the_sign_in_can_not_be_read(
    app: Flask, connection_id: int
) -> None:
    lose_keys(app, but_app_keys=True)
    with app.app_context(), pytest.raises(SignInUnusable) as error:
        trello_for(db.session.get_one(Connection, connection_id))
    assert error.value.sentence == SIGN_IN_UNREADABLE


def test_the_list_says_that_a_connection_has_to_be_reconnected(
    app: Flask, client: Client, alice: Person, connection_id: int
) -> None:
    client.sign_in(alice)
    assert "Needs reconnecting" not in client.page("/connections").text
    lose_keys(app, but_app_keys=True)
    page = client.page("/connections")
    assert f"Needs reconnecting {SIGN_IN_UNREADABLE}" in page.text
    assert page.link("Reconnect")


def test_a_new_connection_is_not_possible_and_says_why(
    app: Flask, client: Client, alice: Person, connection_id: int
) -> None:
    client.sign_in(alice)
    lose_keys(app)
    page = client.page("/connections/trello/new", 409)
    assert "can't be read with the present ENCRYPTION_KEY" in page.text
    assert "Put the old ENCRYPTION_KEY back, or enter both anew" in page.text
    assert "missing" not in page.text
