"""The API key and secret: entered by an admin or from the environment, never shown again."""

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import text

from app.accounts.models import Person
from app.config import Config
from app.db import db
from app.okrs.integrations import switch
from app.trello.app_keys import (
    KEY_CHANGED,
    AppKeys,
    current_app_keys,
    key_has_changed,
    store_app_keys,
)
from app.trello.models import Connection, TrelloApp
from tests.support.client import Client
from tests.trello.connections import KEY, SECRET, make_connection, make_ready

MANAGE = "/admin/integrations/trello"


@pytest.fixture
def here(client: Client, alice: Person) -> Client:
    """Alice's browser."""
    client.sign_in(alice)
    return client


def fingerprint(key: str) -> str:
    return AppKeys(key, "", from_environment=False).fingerprint


def test_enter_key_and_secret(app: Flask, here: Client) -> None:
    page = here.page(MANAGE)
    page_after = here.follow(
        here.submit(page, "Save", {"api_key": f" {KEY} ", "api_secret": SECRET})
    )
    assert page_after.flashes == ["The API key and secret are saved."]
    assert "A key and a secret are stored" in page_after.text
    assert KEY not in page_after.html and SECRET not in page_after.html
    stored = db.session.execute(text("SELECT * FROM trello_app")).mappings().one()
    assert KEY not in str(dict(stored)) and SECRET not in str(dict(stored))
    with app.app_context():
        keys = current_app_keys()
    assert keys == AppKeys(KEY, SECRET, from_environment=False)
    assert KEY not in repr(keys) and SECRET not in repr(keys)


def test_both_are_replaced(app: Flask, here: Client, alice: Person) -> None:
    make_ready(app, alice)
    here.submit(here.page(MANAGE), "Save", {"api_key": "new-key", "api_secret": "new-secret"})
    with app.app_context():
        assert current_app_keys() == AppKeys("new-key", "new-secret", from_environment=False)


@pytest.mark.parametrize(
    ("key", "secret", "label"),
    [
        ("", SECRET, "API key"),
        (KEY, "", "API secret"),
        ("   ", SECRET, "API key"),
        ("two words", SECRET, "API key"),
        ("schlüssel", SECRET, "API key"),
        (KEY, "x" * 256, "API secret"),
        (KEY, "line\nbreak", "API secret"),
    ],
)
def test_wrong_input_is_told(here: Client, key: str, secret: str, label: str) -> None:
    response = here.submit(here.page(MANAGE), "Save", {"api_key": key, "api_secret": secret})
    page = here.see(response, 422)
    assert page.error(label)
    assert page.field("API secret").value == ""
    assert db.session.get(TrelloApp, 1) is None


def test_another_key_asks_every_connection_to_reconnect(
    app: Flask, here: Client, alice: Person, bob: Person
) -> None:
    make_ready(app, alice)
    sound = make_connection(app, bob)
    revoked = make_connection(app, bob, reconnect_reason="It was revoked.")

    def reason(connection: Connection) -> str | None:
        db.session.remove()
        return db.session.get_one(Connection, connection.id).reconnect_reason

    def enter(key: str, secret: str = SECRET) -> None:
        fields = {"api_key": key, "api_secret": secret}
        assert here.post(MANAGE, fields).status_code == 303

    enter(KEY, "another-secret")
    assert reason(sound) is None
    enter("another-key")
    assert reason(sound) == KEY_CHANGED
    assert reason(revoked) == "It was revoked."
    # The old key again: its tokens are good again.
    enter(KEY)
    assert reason(sound) is None
    assert reason(revoked) == "It was revoked."


def test_how_to_get_a_key(here: Client) -> None:
    page = here.page(MANAGE)
    assert page.link("trello.com/power-ups/admin") == "https://trello.com/power-ups/admin"
    codes = [node.text for node in page.all("code")]
    assert "http://localhost" in codes
    assert "http://localhost/connections/trello/callback" in codes
    assert "Integrations" in page.text


def test_new_connection_is_offered_once_it_can_work(
    app: Flask, here: Client, alice: Person
) -> None:
    page = here.page(MANAGE)
    assert "disabled" in page.text
    assert not page.named("New connection")
    make_ready(app, alice)
    page = here.page(MANAGE)
    assert page.link("New connection") == "/connections/trello/new"
    assert page.named("New connection")[0]["target"] == "tally-connect"
    switch("trello", False, alice)
    db.session.commit()
    assert not here.page(MANAGE).named("New connection")


@pytest.fixture
def config(config: Config, request: pytest.FixtureRequest) -> Config:
    """The test's settings, with what the test asks for instead."""
    return replace(config, **getattr(request, "param", {}))


FROM_ENVIRONMENT = {"trello_api_key": "env-key", "trello_api_secret": "env-secret"}


@pytest.mark.parametrize("config", [FROM_ENVIRONMENT], indirect=True)
def test_environment_wins(app: Flask, here: Client, alice: Person, bob: Person) -> None:
    make_ready(app, alice)
    made_before = make_connection(app, bob)
    made_since = make_connection(app, bob, key_fingerprint=fingerprint("env-key"))
    with app.app_context():
        keys = current_app_keys()
        assert keys == AppKeys("env-key", "env-secret", from_environment=True)
        assert key_has_changed(made_before, keys)
        assert not key_has_changed(made_since, keys)
    page = here.page(MANAGE)
    assert "come from the environment" in page.text
    assert "disabled" in page.field("API key") and "disabled" in page.field("API secret")
    assert not page.named("Save")
    assert "env-key" not in page.html and "env-secret" not in page.html
    page = here.follow(here.post(MANAGE, {"api_key": "x", "api_secret": "y"}))
    assert "nothing was saved" in page.flashes[0]


def test_no_key_says_nothing_of_change(app: Flask, bob: Person) -> None:
    connection = make_connection(app, bob)
    with app.app_context():
        assert current_app_keys() is None
        assert not key_has_changed(connection, None)


def test_key_that_the_vault_does_not_open(app: Flask, here: Client, alice: Person) -> None:
    make_ready(app, alice)
    app.extensions["tally_config"] = replace(
        app.extensions["tally_config"], encryption_keys=(Fernet.generate_key().decode(),)
    )
    with app.app_context():
        assert current_app_keys() is None
    page = here.page(MANAGE)
    assert "can't be read with the present ENCRYPTION_KEY" in page.text
    here.submit(page, "Save", {"api_key": KEY, "api_secret": SECRET})
    with app.app_context():
        assert current_app_keys() == AppKeys(KEY, SECRET, from_environment=False)


def test_storing_commits_nothing(app: Flask, alice: Person) -> None:
    with app.app_context():
        store_app_keys(KEY, SECRET, by=alice)
        db.session.rollback()
        assert current_app_keys() is None
