"""What happens while Trello is asked who has just signed in there, and to the tokens of it all."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import OBSERVER, Person
from app.accounts.people import deactivate
from app.db import db
from app.okrs.integrations import let_members_connect
from app.trello import connecting
from app.trello.answers import Member
from app.trello.client import Trello
from app.trello.connecting import NOT_GIVEN_BACK
from app.trello.models import Connection
from app.vault import decrypt
from sandbox import RunningSandbox
from sandbox.faults import Fault
from tests.support.client import Client
from tests.trello.accounts import Account, connect_account, reloaded
from tests.trello.test_connect_account import NEW, answer, leave
from tests.trello.test_meanwhile import elsewhere

pytestmark = pytest.mark.both_databases
Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Lets something happen, once and committed, while Trello is asked whose token it is."""
    me, happenings = Trello.me, list[Callable[[], object]]()

    def answered(trello: Trello) -> Member:
        member = me(trello)
        while happenings:
            elsewhere(app, happenings.pop())
        return member

    monkeypatch.setattr(Trello, "me", answered)

    def plan(happens: Callable[[], object]) -> None:
        def save() -> None:
            happens()
            db.session.commit()

        happenings.append(save)

    return plan


@pytest.fixture
def account(app: Flask, sandbox: RunningSandbox, bob: Person) -> Account:
    return connect_account(app, sandbox, bob, "mina")


def back_to_reconnect(client: Client, sandbox: RunningSandbox, account: Account) -> str:
    return answer(leave(client, f"{NEW}?reconnect={account.id}"), sandbox)


def token_of(app: Flask, account: Account) -> str:
    with app.app_context():
        return decrypt(reloaded(account.id).token_encrypted)


def now_an_observer(person: Person) -> None:
    db.session.get_one(Person, person.id).role = OBSERVER


def test_members_may_not_connect_any_more(
    client: Client, alice: Person, bob: Person, sandbox: RunningSandbox, meanwhile: Meanwhile
) -> None:
    client.sign_in(bob)
    back, known = answer(leave(client), sandbox), set(sandbox.store.tokens)
    meanwhile(lambda: let_members_connect("trello", False, alice))
    page = client.page(back, 403)
    assert page.h1 == "Trello was not connected" and "taken back" in page.text
    assert db.session.scalar(select(Connection)) is None
    assert set(sandbox.store.tokens) == known and page.flashes == []


def test_who_became_an_observer_connects_nothing(
    client: Client, bob: Person, sandbox: RunningSandbox, meanwhile: Meanwhile
) -> None:
    client.sign_in(bob)
    back, known = answer(leave(client), sandbox), set(sandbox.store.tokens)
    meanwhile(lambda: now_an_observer(bob))
    assert "taken back" in client.page(back, 403).text
    assert db.session.scalar(select(Connection)) is None
    assert set(sandbox.store.tokens) == known


def test_who_was_deactivated_is_signed_out_and_connects_nothing(
    client: Client, alice: Person, bob: Person, sandbox: RunningSandbox, meanwhile: Meanwhile
) -> None:
    client.sign_in(bob)
    back, known = answer(leave(client), sandbox), set(sandbox.store.tokens)

    def close() -> None:
        deactivate(db.session.get_one(Person, bob.id), None, alice)

    meanwhile(close)
    page = client.follow(client.get(back))
    assert page.named("Password")
    db.session.remove()
    assert db.session.scalar(select(Connection)) is None
    assert set(sandbox.store.tokens) == known


def test_a_token_that_cannot_be_given_back_is_told_of(
    client: Client, bob: Person, sandbox: RunningSandbox, meanwhile: Meanwhile
) -> None:
    client.sign_in(bob)
    back, known = answer(leave(client), sandbox), set(sandbox.store.tokens)
    sandbox.faults.set(Fault(path="/1/tokens/*", method="DELETE", kind="drop", times=None))
    meanwhile(lambda: now_an_observer(bob))
    page = client.page(back, 403)
    assert page.flashes == [NOT_GIVEN_BACK]
    [left] = set(sandbox.store.tokens) - known
    assert left not in page.html


def test_a_connection_that_went_to_someone_else_is_not_reconnected(
    app: Flask,
    client: Client,
    bob: Person,
    carol: Person,
    sandbox: RunningSandbox,
    account: Account,
    meanwhile: Meanwhile,
) -> None:
    client.sign_in(bob)
    back, known = back_to_reconnect(client, sandbox, account), set(sandbox.store.tokens)

    def give_away() -> None:
        db.session.get_one(Connection, account.id).owner_id = carol.id

    meanwhile(give_away)
    assert "taken back" in client.page(back, 403).text
    assert token_of(app, account) == account.token
    assert set(sandbox.store.tokens) == known


def test_an_admin_who_is_just_closing_the_account_is_waited_for(
    request: pytest.FixtureRequest,
    client: Client,
    bob: Person,
    sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever comes first, there is no connection of a closed account with a token that works."""
    client.sign_in(bob)
    back, known = answer(leave(client), sandbox), set(sandbox.store.tokens)
    me = Trello.me

    def answered(trello: Trello) -> Member:
        is_sqlite = "sqlite" in request.node.callspec.id
        admins = Session(db.engine, execution_options={"sqlite_write": True} if is_sqlite else {})
        person = admins.get_one(Person, bob.id, with_for_update={"key_share": True})
        person.is_active = False
        admins.flush()
        threading.Timer(0.5, lambda: (admins.commit(), admins.close())).start()
        return me(trello)

    monkeypatch.setattr(Trello, "me", answered)
    assert client.get(back).status_code == 302
    db.session.remove()
    assert db.session.scalar(select(Connection)) is None
    assert set(sandbox.store.tokens) == known


def test_reconnecting_revokes_the_token_that_it_replaces(
    app: Flask, client: Client, bob: Person, sandbox: RunningSandbox, account: Account
) -> None:
    client.sign_in(bob)
    known = len(sandbox.store.tokens)
    page = client.follow(client.get(back_to_reconnect(client, sandbox, account)))
    assert page.h1 == "Connected" and page.flashes == []
    fresh = token_of(app, account)
    assert fresh != account.token and fresh in sandbox.store.tokens
    assert account.token not in sandbox.store.tokens and len(sandbox.store.tokens) == known


def test_an_old_token_that_cannot_be_revoked_is_told_of(
    app: Flask,
    client: Client,
    bob: Person,
    sandbox: RunningSandbox,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.sign_in(bob)
    sandbox.faults.set(Fault(path="/1/tokens/*", method="DELETE", kind="drop", times=None))
    page = client.follow(client.get(back_to_reconnect(client, sandbox, account)))
    assert page.h1 == "Connected"
    assert page.flashes == [connecting.OLD_NOT_REVOKED.format(account="mina")]
    assert token_of(app, account) in sandbox.store.tokens
    assert "A token that was replaced could not be revoked" in caplog.text
    assert account.token not in caplog.text + page.html


def test_a_token_that_was_revoked_at_trello_is_no_trouble(
    client: Client, bob: Person, sandbox: RunningSandbox, account: Account
) -> None:
    del sandbox.store.tokens[account.token]
    client.sign_in(bob)
    page = client.follow(client.get(back_to_reconnect(client, sandbox, account)))
    assert page.h1 == "Connected" and page.flashes == []


def test_the_same_token_again_is_kept(
    app: Flask,
    client: Client,
    bob: Person,
    sandbox: RunningSandbox,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.sign_in(bob)
    back = back_to_reconnect(client, sandbox, account)
    secret = sandbox.store.tokens[account.token].secret
    granted = connecting.oauth.Grant(account.token, secret)
    monkeypatch.setattr(connecting.oauth, "finish", lambda *_: granted)
    page = client.follow(client.get(back))
    assert page.h1 == "Connected" and page.flashes == []
    assert token_of(app, account) == account.token and account.token in sandbox.store.tokens
