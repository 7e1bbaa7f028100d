"""Disconnecting: the token is worthless, values stay, signing in again brings it back."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs.integrations import let_members_connect, states_of
from app.okrs.models import KPI
from app.trello import clock, disconnect_views
from app.trello.client import Trello
from app.trello.connections import usable_connections
from app.trello.counting import Criteria
from app.trello.disconnecting import revoke
from app.trello.models import Board, BoardList, Connection, SyncRun, TrelloSource, Webhook
from app.trello.sync import sync_board
from app.trello.webhooks import job as webhook_job
from app.vault import decrypt, encrypt, encrypt_anew
from sandbox import RunningSandbox
from sandbox.faults import Fault
from tests.support.client import Client
from tests.support.sql import count_statements
from tests.trello.accounts import Account, board_named, connect_account, reloaded
from tests.trello.linked import (
    make_key_result,
    make_objective,
    make_source,
    queued_run,
    readings_of,
    run_of,
)
from tests.trello.test_connect_account import answer, leave


@pytest.fixture
def account(app: Flask, sandbox: RunningSandbox, bob: Person) -> Account:
    return connect_account(app, sandbox, bob, "mina", name="Marketing")


@pytest.fixture
def calendar(sandbox: RunningSandbox) -> str:
    return board_named(sandbox, "Content calendar")


def link(
    app: Flask, account: Account, owner: Person, board: str, title: str = "Publish posts"
) -> int:
    """A key result that has counted on the content calendar; the id of its source."""
    with app.app_context():
        key_result = make_key_result(make_objective(owner))
        key_result.title = title
        source = make_source(
            key_result.measure,
            db.session.get_one(Connection, account.id),
            Criteria(),
            board=board,
        )
        run_id = queued_run(source.board)
        sync_board(run_id)
        assert run_of(run_id).status == "done", run_of(run_id).failure
        return source.id


def source_now(source_id: int) -> TrelloSource:
    db.session.remove()
    return db.session.get_one(TrelloSource, source_id)


def path_of(account: Account) -> str:
    return f"/connections/{account.id}/disconnect"


@pytest.mark.both_databases
def test_disconnect(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    calendar: str,
    bob: Person,
) -> None:
    source_id = link(app, account, bob, calendar)
    board = source_now(source_id).board
    db.session.add(Webhook(board=board, key="k", callback_url="https://t.example/k", trello_id="1"))
    db.session.add(BoardList(connection_id=account.id, fetched_at=utcnow(), boards=[]))
    db.session.commit()
    before = source_now(source_id).measure.value
    assert before
    client.sign_in(bob)
    page = client.page(f"/connections/{account.id}")
    page = client.page(page.link("Disconnect"))
    assert "1 item stands still until then." in page.text
    assert page.link("Publish posts").startswith("/key-results/")
    done = client.follow(client.submit(page, "Disconnect"))
    assert done.flashes == ["Marketing is disconnected, and its access at Trello is revoked."]
    assert "Disconnected It was disconnected by Bob Brown on" in done.text

    assert account.token not in sandbox.store.tokens
    connection = reloaded(account.id)
    assert connection.token_encrypted == connection.token_secret_encrypted == ""
    assert connection.disconnected_at and connection.disconnected_by_id == bob.id
    assert db.session.scalar(select(Webhook)) is None
    assert db.session.scalar(select(BoardList)) is None
    source = source_now(source_id)
    assert source.measure.value == before and len(readings_of(source.measure)) == 1
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "connection.disconnected")
    ).one()
    assert (entry.thing_name, entry.actor_name) == ("Marketing", "Bob Brown")


def test_items_say_so_and_nothing_is_asked(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    calendar: str,
    bob: Person,
    carol: Person,
) -> None:
    source_id = link(app, account, carol, calendar)
    client.sign_in(bob)
    client.post(path_of(account))
    sandbox.forget_requests()
    source = source_now(source_id)
    with app.app_context():
        state = states_of([source])[source_id]
    assert state.is_troubled
    assert state.sentence.startswith(
        "The connection “Marketing” no longer works. It was disconnected by Bob Brown on "
    )
    client.sign_in(carol)
    page = client.page(f"/key-results/{source_now(source_id).measure.key_result.id}")
    assert "It was disconnected by Bob Brown on" in page.text
    assert not page.named("Reconnect")
    page = client.follow(client.post(f"/trello/sources/{source_id}/refresh"))
    assert page.flashes[0].startswith("Nothing was refreshed. It was disconnected by Bob Brown")

    with app.app_context():
        db.session.get_one(Board, source.board_id).next_sync_at = utcnow() - timedelta(hours=2)
        db.session.commit()
        assert clock.tick() == 0
        webhook_job.keep_webhooks(account.id)
        run_id = queued_run(db.session.get_one(Board, source.board_id))
        sync_board(run_id)
        assert run_of(run_id).failure_kind == "token"
    client.sign_in(bob)
    page = client.follow(client.post(f"/connections/{account.id}/test"))
    assert "It was disconnected by Bob Brown" in page.flashes[0]
    assert sandbox.requests == []


def test_a_sync_under_way_writes_nothing(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    calendar: str,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source_id = link(app, account, bob, calendar)
    client.sign_in(bob)
    from app.trello import sync

    fetch = sync.fetch_board

    def fetch_then_disconnect(*arguments: object) -> object:
        snapshot = fetch(*arguments)  # type: ignore[arg-type]
        assert client.post(path_of(account)).status_code == 303
        return snapshot

    monkeypatch.setattr(sync, "fetch_board", fetch_then_disconnect)
    with app.app_context():
        counted_at = db.session.get_one(TrelloSource, source_id).counted_at
        run_id = queued_run(db.session.get_one(TrelloSource, source_id).board)
        sync_board(run_id)
        assert run_of(run_id).status == "failed"
    assert source_now(source_id).counted_at == counted_at


def test_where_members_may_not_connect_an_admin_is_asked(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    calendar: str,
    bob: Person,
    carol: Person,
    alice: Person,
) -> None:
    own = link(app, account, bob, calendar)
    link(app, account, carol, calendar, "Readers")
    client.sign_in(bob)
    client.post(path_of(account))
    sentence = "The value stands still until {} signs in to Trello again, or another"
    for may, who in ((True, "Bob Brown or an admin"), (False, "an admin")):
        let_members_connect("trello", may, alice)
        db.session.commit()
        with app.app_context():
            state = states_of([db.session.get_one(TrelloSource, own)])[own]
        assert sentence.format(who) in state.sentence

    page = client.page("/")
    assert "An admin has to reconnect “Marketing”" in page.text
    assert "2 items stand still until then. Only admins may connect accounts here." in page.text
    assert not page.named("Reconnect")
    assert client.page(page.link("Open the connection")).h1 == "Marketing"
    client.sign_in(carol)
    assert "An admin has to reconnect a Trello account" in client.page("/").text


def test_signing_in_again_brings_it_back(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    calendar: str,
    bob: Person,
    alice: Person,
) -> None:
    source_id = link(app, account, bob, calendar)
    client.sign_in(bob)
    client.post(path_of(account))
    client.sign_in(alice)  # an admin may, as the same Trello account
    page = client.page(f"/connections/{account.id}")
    back = answer(leave(client, page.link("Reconnect")), sandbox)
    assert client.follow(client.get(back)).h1 == "Connected"
    connection = reloaded(account.id)
    assert connection.disconnected_at is None and connection.disconnected_by_id is None
    assert connection.reconnect_reason is None and connection.owner_id == bob.id
    source = source_now(source_id)
    assert source.board.next_sync_at <= utcnow()
    with app.app_context():
        run_id = queued_run(db.session.get_one(Board, source.board_id))
        sync_board(run_id)
        assert run_of(run_id).status == "done"
        assert states_of([source_now(source_id)])[source_id].sentence.startswith("Counted")


def test_trello_cannot_be_asked(
    client: Client, sandbox: RunningSandbox, account: Account, bob: Person
) -> None:
    sandbox.faults.set(Fault(path="/1/tokens/*", method="*", kind="drop"))
    client.sign_in(bob)
    page = client.follow(client.post(path_of(account)))
    assert page.flashes == [
        "Marketing is disconnected here. Its access could not be revoked at Trello: sign in there "
        "as @mina and revoke it under your account's settings."
    ]
    assert account.token not in page.html
    assert reloaded(account.id).token_encrypted == ""


@pytest.mark.both_databases
def test_a_reconnection_meanwhile_keeps_its_sign_in(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fresh = sandbox.store.add_token(sandbox.store.person("mina")["id"])

    def revoke_then_reconnect(trello: Trello | None) -> bool:
        is_revoked = revoke(trello)
        with db.writing() as session:
            connection = session.get_one(Connection, account.id)
            connection.token_encrypted = encrypt(fresh.token)
            connection.token_secret_encrypted = encrypt(fresh.secret)
        return is_revoked

    monkeypatch.setattr(disconnect_views, "revoke", revoke_then_reconnect)
    client.sign_in(bob)
    page = client.follow(client.post(path_of(account)))
    assert page.flashes == ["Marketing was reconnected just now, so it stays connected."]
    assert page.named("Disconnect")
    connection = reloaded(account.id)
    assert connection.disconnected_at is None
    with app.app_context():
        assert decrypt(connection.token_encrypted) == fresh.token
    assert fresh.token in sandbox.store.tokens and account.token not in sandbox.store.tokens
    assert db.session.scalar(select(AuditEntry)) is None


def test_a_token_under_another_key_is_the_same_token(
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def revoke_then_rekey(trello: Trello | None) -> bool:
        is_revoked = revoke(trello)
        with db.writing() as session:
            connection = session.get_one(Connection, account.id)
            connection.token_encrypted = encrypt_anew(connection.token_encrypted)
        return is_revoked

    monkeypatch.setattr(disconnect_views, "revoke", revoke_then_rekey)
    client.sign_in(bob)
    client.post(path_of(account))
    assert reloaded(account.id).disconnected_at


def test_twice_is_harmless(
    client: Client, sandbox: RunningSandbox, account: Account, bob: Person, alice: Person
) -> None:
    client.sign_in(bob)
    client.post(path_of(account))
    first = reloaded(account.id).disconnected_at
    client.sign_in(alice)
    page = client.follow(client.post(path_of(account)))
    assert page.flashes == ["Marketing is disconnected already."]
    connection = reloaded(account.id)
    assert (connection.disconnected_at, connection.disconnected_by_id) == (first, bob.id)
    assert not page.named("Disconnect") and not page.named("Test now")


def test_the_picker_leaves_it_out_unless_the_item_hangs_on_it(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    calendar: str,
    bob: Person,
) -> None:
    source_id = link(app, account, bob, calendar)
    client.sign_in(bob)
    client.post(path_of(account))
    db.session.remove()
    assert usable_connections(bob) == []
    assert [one.id for one in usable_connections(bob, reloaded(account.id))] == [account.id]
    page = client.page(f"/key-results/{source_now(source_id).measure.key_result.id}/edit")
    assert "It was disconnected by Bob Brown" in page.text
    response = client.submit(page, "Save", {"title": "Renamed"})
    assert response.status_code == 303
    assert source_now(source_id).measure.key_result.title == "Renamed"


def test_home_asks_for_it_only_where_something_hangs_on_it(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    calendar: str,
    bob: Person,
) -> None:
    client.sign_in(bob)
    client.post(path_of(account))
    assert "has to be reconnected" not in client.page("/").text
    with app.app_context():
        key_result = make_key_result(make_objective(bob))
        make_source(key_result.measure, db.session.get_one(Connection, account.id), board=calendar)
    assert "The connection “Marketing” has to be reconnected" in client.page("/").text


def test_one_that_was_disconnected_can_be_removed(
    client: Client, sandbox: RunningSandbox, account: Account, bob: Person
) -> None:
    client.sign_in(bob)
    client.post(path_of(account))
    sandbox.forget_requests()
    page = client.follow(client.post(f"/connections/{account.id}/remove"))
    assert page.flashes[-1] == "Marketing is removed."
    assert sandbox.requests == [] and db.session.scalar(select(Connection)) is None
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["connection.disconnected", "connection.removed"]


def test_items_that_are_not_seen_are_neither_named_nor_counted(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    calendar: str,
    bob: Person,
    carol: Person,
    alice: Person,
) -> None:
    source_id = link(app, account, carol, calendar, "A secret plan")
    source_now(source_id).measure.key_result.objective.is_private = True
    hidden = make_objective(carol, title="A secret aim", kind=KPI, is_private=True)
    make_source(hidden.measure, reloaded(account.id), board=calendar)
    client.sign_in(bob)
    for path in (
        path_of(account),
        f"/connections/{account.id}",
        f"/connections/{account.id}/transfer",
    ):
        page = client.page(path)
        assert "A secret" not in page.text and "2 items" not in page.text
    assert "Nothing that you can see counts through it now." in client.page(path_of(account)).text
    cells = client.page("/connections").one(f"#connection-{account.id}").all("td")
    assert cells[3].text == "0"
    client.sign_in(alice)
    seen = client.page(path_of(account)).text
    assert "A secret plan" in seen and "A secret aim" in seen and "2 items stand still" in seen
    cells = client.page("/admin/connections").one(f"#connection-{account.id}").all("td")
    assert cells[3].text == "2"


def test_others_may_not(
    client: Client, sandbox: RunningSandbox, account: Account, carol: Person
) -> None:
    client.sign_in(carol)
    assert client.get(path_of(account)).status_code == 404
    assert client.post(path_of(account)).status_code == 404
    reloaded(account.id).sharing = "everyone"
    db.session.commit()
    assert client.get(path_of(account)).status_code == 403
    assert client.post(path_of(account)).status_code == 403
    assert account.token in sandbox.store.tokens
    assert db.session.scalar(select(SyncRun)) is None


def test_needs_a_token_against_forgery(
    client: Client, sandbox: RunningSandbox, account: Account, bob: Person
) -> None:
    client.sign_in(bob)
    assert client.send("POST", path_of(account)).status_code == 400
    assert client.get("/connections/999/disconnect").status_code == 404
    assert reloaded(account.id).disconnected_at is None


def test_statements_do_not_grow_with_what_was_disconnected(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    account: Account,
    bob: Person,
    alice: Person,
) -> None:
    let_members_connect("trello", False, alice)
    db.session.commit()
    client.sign_in(bob)
    client.page("/")
    counts = []
    for number in range(2):
        for one in range(3):
            board = f"{10 * number + one:024x}"
            more = connect_account(
                app, sandbox, bob, "mina", name=f"{board}", disconnected_at=utcnow()
            )
            with app.app_context():
                connection = db.session.get_one(Connection, more.id)
                connection.reconnect_reason = "It was disconnected."
                make_source(make_key_result(make_objective(bob)).measure, connection, board=board)
        with count_statements() as statements:
            client.page("/")
        counts.append(len(statements))
    assert counts[0] == counts[1]
