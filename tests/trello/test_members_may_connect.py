"""The switch for whether members connect accounts of their own, held at every step."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs.integrations import let_members_connect, members_may_connect
from app.trello.models import Connection
from sandbox import RunningSandbox
from tests.support.client import Client
from tests.trello.accounts import connect_account, reloaded
from tests.trello.linked import make_objective
from tests.trello.test_connect_account import NEW, answer, leave

KEEP = "/admin/integrations/trello/keep-members-from-connecting"
LET = "/admin/integrations/trello/let-members-connect"


@pytest.fixture
def closed(sandbox: RunningSandbox, alice: Person) -> None:
    let_members_connect("trello", False, alice)
    db.session.commit()


def test_the_switch(sandbox: RunningSandbox, client: Client, alice: Person) -> None:
    client.sign_in(alice)
    page = client.page("/admin/integrations/trello")
    page = client.follow(client.submit(page, "Let only admins connect"))
    assert page.flashes == ["Only admins connect accounts now. What is connected already stays."]
    db.session.remove()
    assert not members_may_connect("trello")
    page = client.follow(client.submit(page, "Let members connect theirs"))
    db.session.remove()
    assert members_may_connect("trello") and page.named("Let only admins connect")
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["integration.members_may_not_connect", "integration.members_may_connect"]


def test_only_admins_switch(sandbox: RunningSandbox, client: Client, bob: Person) -> None:
    client.sign_in(bob)
    for path in (KEEP, LET):
        assert client.post(path).status_code == 403
        assert client.get(path).status_code == 405
    assert members_may_connect("trello")


def test_members_find_no_way_to_connect(closed: None, client: Client, bob: Person) -> None:
    client.sign_in(bob)
    page = client.page("/connections")
    assert not page.named("New connection") and "Admins connect accounts here" in page.text
    page = client.page(NEW, 403)
    assert page.h1 == "Admins connect accounts here" and "Ask Alice Adams" in page.text


def test_the_picker_says_to_ask_an_admin(
    closed: None, app: Flask, client: Client, bob: Person, sandbox: RunningSandbox, carol: Person
) -> None:
    with app.app_context():
        path = f"/objectives/{make_objective(bob).id}/key-results/new"
    client.sign_in(bob)
    page = client.page(path)
    page = client.see(client.submit(page, "Connect data source to auto-update progress"))
    page = client.see(client.submit(page, "Trello"))
    assert "Ask one to share a connection with you" in page.text
    assert not page.named("Connect an account")
    connect_account(app, sandbox, carol, "mina", sharing="everyone")
    page = client.see(client.submit(page, "Reload connections"))
    assert page.field("Connection") and not page.named("Connect another account")


def test_admins_still_connect(
    closed: None, client: Client, alice: Person, sandbox: RunningSandbox
) -> None:
    client.sign_in(alice)
    assert client.page("/connections").named("New connection")
    assert client.get(answer(leave(client), sandbox)).status_code == 303


def test_turned_off_while_someone_is_at_trello(
    client: Client, alice: Person, bob: Person, sandbox: RunningSandbox
) -> None:
    client.sign_in(bob)
    back = answer(leave(client), sandbox)
    let_members_connect("trello", False, alice)
    db.session.commit()
    known = set(sandbox.store.tokens)
    page = client.page(back, 403)
    assert "taken back" in page.text
    assert db.session.scalar(select(Connection)) is None
    assert set(sandbox.store.tokens) == known


def test_a_new_one_is_not_set_up_any_more(
    closed: None, app: Flask, client: Client, bob: Person, alice: Person, sandbox: RunningSandbox
) -> None:
    account = connect_account(app, sandbox, bob, "mina", is_configured=False)
    client.sign_in(bob)
    path = f"/connections/{account.id}/configure"
    fields = {"name": "Mine", "sharing": "private", "shown": "all"}
    assert client.page(path, 403).h1 == "Admins connect accounts here"
    assert client.post(path, fields).status_code == 403
    assert not reloaded(account.id).is_configured
    client.sign_in(alice)
    assert client.post(path, fields).status_code == 303


def test_what_is_connected_can_be_edited_and_signed_in_again(
    closed: None, app: Flask, client: Client, bob: Person, sandbox: RunningSandbox
) -> None:
    account = connect_account(app, sandbox, bob, "mina", reconnect_reason="It was revoked.")
    client.sign_in(bob)
    fields = {"name": "Mine", "sharing": "private", "shown": "all"}
    assert client.post(f"/connections/{account.id}/configure", fields).status_code == 303
    page = client.page("/connections")
    back = answer(leave(client, page.link("Reconnect")), sandbox)
    assert client.get(back).status_code == 303
    assert reloaded(account.id).reconnect_reason is None


def test_what_was_disconnected_is_connected_by_admins_alone(
    closed: None, app: Flask, client: Client, bob: Person, alice: Person, sandbox: RunningSandbox
) -> None:
    values = {"reconnect_reason": "It was disconnected.", "disconnected_at": utcnow()}
    account = connect_account(app, sandbox, bob, "mina", **values)
    client.sign_in(bob)
    assert not client.page("/connections").named("Reconnect")
    assert client.get(f"{NEW}?reconnect={account.id}").status_code == 403
    client.sign_in(alice)
    back = answer(leave(client, f"{NEW}?reconnect={account.id}"), sandbox)
    assert client.get(back).status_code == 303
    assert reloaded(account.id).disconnected_at is None


def test_who_became_an_observer_at_trello_brings_nothing_back(
    client: Client, bob: Person, sandbox: RunningSandbox
) -> None:
    client.sign_in(bob)
    back = answer(leave(client), sandbox)
    db.session.get_one(Person, bob.id).role = OBSERVER
    db.session.commit()
    assert client.get(back).status_code == 403
    assert db.session.scalar(select(Connection)) is None


def test_whoever_lost_the_right_to_manage_it_meanwhile_reconnects_nothing(
    app: Flask, client: Client, bob: Person, carol: Person, sandbox: RunningSandbox
) -> None:
    account = connect_account(app, sandbox, bob, "mina")
    client.sign_in(bob)
    back = answer(leave(client, f"{NEW}?reconnect={account.id}"), sandbox)
    connection = reloaded(account.id)
    connection.owner_id, before = carol.id, connection.token_encrypted
    db.session.commit()
    client.page(back, 403)
    assert reloaded(account.id).token_encrypted == before
