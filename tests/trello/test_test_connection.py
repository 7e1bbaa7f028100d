"""Test now: one question to Trello, and a sentence about the answer."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.trello.app_keys import KEY_CHANGED
from app.trello.models import Connection, ConnectionFailure
from sandbox import RunningSandbox
from sandbox.faults import Fault
from tests.support.client import Client
from tests.trello.accounts import Account, connect_account, reloaded

ME = "/1/members/me"


@pytest.fixture
def account(app: Flask, sandbox: RunningSandbox, bob: Person, client: Client) -> Account:
    """Bob's, who is signed in."""
    made = connect_account(app, sandbox, bob, "mina", name="Marketing")
    client.sign_in(bob)
    sandbox.forget_requests()
    return made


def press(client: Client, account: Account) -> str:
    """The message after pressing the button."""
    page = client.page(f"/connections/{account.id}")
    [message] = client.follow(client.submit(page, "Test now")).flashes
    return message


def test_it_works(client: Client, sandbox: RunningSandbox, account: Account) -> None:
    db.session.add(
        ConnectionFailure(connection_id=account.id, kind="key", sentence="The key was refused.")
    )
    db.session.commit()
    reloaded(account.id).limited_until = utcnow() - timedelta(minutes=1)
    db.session.commit()
    assert press(client, account) == "Marketing works as @mina."
    assert [one["path"] for one in sandbox.requests] == [ME]
    failure = db.session.scalars(select(ConnectionFailure)).one()
    assert failure.over_at is not None
    assert reloaded(account.id).limited_until is None


def test_a_refused_token_marks_the_connection(
    client: Client, sandbox: RunningSandbox, account: Account
) -> None:
    sandbox.store.tokens.pop(account.token)
    said = press(client, account)
    assert said.startswith("Marketing does not work. Trello no longer accepts this connection")
    assert reloaded(account.id).reconnect_reason
    failure = db.session.scalars(select(ConnectionFailure)).one()
    assert (failure.kind, failure.board_id, failure.over_at) == ("token", None, None)
    # It is not asked again for what is known.
    sandbox.forget_requests()
    assert press(client, account) == said
    assert sandbox.requests == []
    assert len(db.session.scalars(select(ConnectionFailure)).all()) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(path=ME, kind="drop", times=2), "Trello could not be reached"),
        (Fault(path=ME, kind="html"), "Trello answered with something that makes no sense"),
        (Fault(path=ME, status=429), "Trello asked us to slow down"),
    ],
)
def test_trello_does_not_play_along(
    client: Client, sandbox: RunningSandbox, account: Account, fault: Fault, said: str
) -> None:
    sandbox.faults.set(fault)
    assert press(client, account).startswith(said)
    assert reloaded(account.id).reconnect_reason is None


def test_another_key(client: Client, account: Account) -> None:
    reloaded(account.id).key_fingerprint = "0" * 64
    db.session.commit()
    assert press(client, account) == f"Marketing does not work. {KEY_CHANGED}"


def test_not_while_trello_is_disabled(
    client: Client, sandbox: RunningSandbox, account: Account, alice: Person
) -> None:
    switch("trello", False, alice)
    db.session.commit()
    assert "disabled by an admin" in press(client, account)
    assert sandbox.requests == []


def test_an_account_that_became_someone_else(client: Client, account: Account) -> None:
    reloaded(account.id).member_id = "another"
    db.session.commit()
    assert "reads Trello as someone else" in press(client, account)


def test_who_may(
    client: Client, sandbox: RunningSandbox, account: Account, alice: Person, carol: Person
) -> None:
    path = f"/connections/{account.id}/test"
    assert client.send("POST", path).status_code == 400
    assert client.get(path).status_code == 405
    client.sign_in(carol)
    assert client.post(path).status_code == 404
    assert client.get(f"/connections/{account.id}").status_code == 404
    reloaded(account.id).sharing = "everyone"
    db.session.commit()
    assert client.post(path).status_code == 403
    assert client.get(f"/connections/{account.id}").status_code == 403
    assert sandbox.requests == []
    client.sign_in(alice)
    assert client.post(path).status_code == 303
    assert db.session.get_one(Connection, account.id).owner_id != alice.id
