"""Transfer: all items of a connection go on through another one, after a check at Trello."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import responses
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.audit.models import AuditEntry
from app.db import db, utcnow
from app.okrs.integrations import states_of, switch
from app.okrs.models import Evidence, SourceVersion
from app.trello import sync
from app.trello.answers import Snapshot
from app.trello.client import Trello
from app.trello.connections import usable_connections
from app.trello.counting import Criteria
from app.trello.models import AllowedBoard, Board, Connection, Past, TrelloSource
from app.trello.past import claims
from app.trello.sources import NOT_ALLOWED
from app.trello.sync import sync_board
from app.trello.webhooks.job import _unlinked_boards
from sandbox import RunningSandbox, changes, running_sandbox
from sandbox.faults import Fault
from tests.okrs.items import given_readings
from tests.support.client import Client
from tests.support.sql import count_statements
from tests.trello.accounts import Account, board_named, connect_account, point_to, reloaded
from tests.trello.linked import (
    make_key_result,
    make_objective,
    make_source,
    queued_run,
    readings_of,
    run_of,
)


@pytest.fixture
def sandbox(app: Flask, alice: Person) -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        running.limits.enabled = False
        point_to(app, running, alice)
        yield running


@pytest.fixture
def old(app: Flask, sandbox: RunningSandbox, bob: Person) -> Account:
    return connect_account(app, sandbox, bob, "mina", name="Old")


@pytest.fixture
def new(app: Flask, sandbox: RunningSandbox, bob: Person) -> Account:
    return connect_account(app, sandbox, bob, "tom", name="New")


@pytest.fixture
def calendar(sandbox: RunningSandbox) -> str:
    """Both accounts read it."""
    return board_named(sandbox, "Content calendar")


@pytest.fixture
def launch(sandbox: RunningSandbox) -> str:
    """Mina alone reads it."""
    return board_named(sandbox, "Launch checklist")


def link(app: Flask, account: Account, owner: Person, board: str, is_counted: bool = True) -> int:
    """A key result that counts on the board; the id of its source."""
    with app.app_context():
        key_result = make_key_result(make_objective(owner))
        connection = db.session.get_one(Connection, account.id)
        source = make_source(key_result.measure, connection, Criteria(), board=board)
        if is_counted:
            assert count(source.board_id) == "done"
        return source.id


def count(board_id: int) -> str:
    run_id = queued_run(db.session.get_one(Board, board_id))
    sync_board(run_id)
    return run_of(run_id).status


def source_now(source_id: int) -> TrelloSource:
    db.session.remove()
    return db.session.get_one(TrelloSource, source_id)


def path_of(account: Account) -> str:
    return f"/connections/{account.id}/transfer"


def move(client: Client, old: Account, new: Account, *allow: str) -> list[str]:
    """The messages after an attempt that is let through."""
    response = client.post(path_of(old), {"to": new.id, "allow": list(allow)})
    return client.follow(response).flashes


def refused(client: Client, old: Account, new: Account, *allow: str) -> str:
    """What the page says when nothing is moved."""
    response = client.post(path_of(old), {"to": new.id, "allow": list(allow)})
    page = client.see(response, 422)
    connections = db.session.scalars(
        select(Board.connection_id).join(TrelloSource, TrelloSource.board_id == Board.id)
    ).all()
    assert set(connections) <= {old.id}
    return page.one("[role=alert]").text


@pytest.mark.both_databases
def test_transfer(
    app: Flask, client: Client, old: Account, new: Account, calendar: str, bob: Person
) -> None:
    ids = [link(app, old, bob, calendar), link(app, old, bob, calendar)]
    before = source_now(ids[0])
    value, counted_at, left_id = before.measure.value, before.counted_at, before.board_id
    client.sign_in(bob)
    page = client.page(f"/connections/{old.id}")
    page = client.page(page.link("Transfer"))
    page = client.see(client.submit(page, "Next", {"to": str(new.id)}))
    assert "These 2 items move:" in page.text and "does not show" not in page.text
    done = client.follow(client.submit(page, "Transfer all items"))
    assert done.flashes == ["All items of Old now count through New. Their values stay."]

    for source_id in ids:
        source = source_now(source_id)
        assert source.board.connection_id == new.id and source.board.trello_id == calendar
        assert (source.measure.value, source.counted_at) == (value, counted_at)
        assert source.board.shape and source.board.next_sync_at <= utcnow()
    assert len(given_readings()) == 2
    for model in (SourceVersion, Evidence):
        assert len(db.session.scalars(select(model)).all()) == 2
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "connection.transferred")
    ).one()
    assert (entry.thing_name, entry.detail) == ("Old", {"to": "New", "items": 2})
    # Upkeep removes the webhooks of the board that was left.
    assert left_id in db.session.scalars(_unlinked_boards(old.id)).all()
    with app.app_context():
        # Counted by the other account, nothing is written anew.
        assert count(source_now(ids[0]).board_id) == "done"
        assert len(readings_of(source_now(ids[0]).measure)) == 1
    page = client.follow(client.post(f"/connections/{old.id}/remove"))
    assert page.flashes == ["Old is removed, and its access at Trello is revoked."]


@pytest.mark.both_databases
def test_a_sync_under_way_on_the_board_that_is_left_counts_nothing(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    old: Account,
    new: Account,
    calendar: str,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source_id = link(app, old, bob, calendar)
    client.sign_in(bob)
    fetch = sync.fetch_board
    moved: list[list[str]] = []

    def fetch_then_move(trello: Trello, board_id: str) -> Snapshot:
        snapshot = fetch(trello, board_id)
        if not moved:
            moved.append(move(client, old, new))
        return snapshot

    monkeypatch.setattr(sync, "fetch_board", fetch_then_move)
    before = source_now(source_id)
    value, counted_at = before.measure.value, before.counted_at
    board = sandbox.store.board(calendar)
    changes.add_card(board, board.ordered_lists()[0], "One more")
    with app.app_context():
        run_id = queued_run(before.board)
        sync_board(run_id)
        assert moved == [["All items of Old now count through New. Their values stay."]]
        run = run_of(run_id)
        assert (run.status, run.source_count, run.changed_count) == ("done", 0, 0)
        source = source_now(source_id)
        assert (source.measure.value, source.counted_at) == (value, counted_at)
        assert count(source.board_id) == "done"
    assert source_now(source_id).measure.value == (value or 0) + 1


def test_boards_that_the_other_account_cannot_read_are_named_and_nothing_moves(
    app: Flask,
    client: Client,
    old: Account,
    new: Account,
    calendar: str,
    launch: str,
    bob: Person,
) -> None:
    link(app, old, bob, calendar)
    link(app, old, bob, launch)
    client.sign_in(bob)
    said = refused(client, old, new)
    assert said.startswith("@tom can't read all of the boards. Nothing was moved.")
    assert "Launch checklist" in said and "Content calendar" not in said
    assert reloaded(new.id).boards == []


def test_a_closed_board_is_asked_for_by_itself(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    old: Account,
    new: Account,
    calendar: str,
    bob: Person,
) -> None:
    link(app, old, bob, calendar)
    link(app, old, bob, board_named(sandbox, "Website relaunch"), is_counted=False)
    client.sign_in(bob)
    sandbox.forget_requests()
    assert move(client, old, new)
    asked = [one["path"] for one in sandbox.requests]
    assert len(asked) == 2 and asked[0].endswith("/members/me/boards")


def test_boards_to_be_shown_are_named_first(
    app: Flask, client: Client, sandbox: RunningSandbox, old: Account, calendar: str, bob: Person
) -> None:
    onboarding = board_named(sandbox, "Onboarding")
    narrow = connect_account(app, sandbox, bob, "tom", name="Narrow", boards=[onboarding])
    source_id = link(app, old, bob, calendar)
    client.sign_in(bob)
    page = client.page(f"{path_of(old)}?to={narrow.id}")
    assert "Narrow does not show this board so far." in page.text
    assert "have changed" in refused(client, old, narrow)
    response = client.submit(page, "Transfer all items")
    assert client.follow(response).flashes[0].startswith("All items of Old")
    allowed = [one.trello_id for one in reloaded(narrow.id).allowed_boards]
    assert sorted(allowed) == sorted([onboarding, calendar])
    with app.app_context():
        assert count(source_now(source_id).board_id) == "done"


def test_someone_who_only_uses_a_connection_may_not_widen_it(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    old: Account,
    calendar: str,
    bob: Person,
    carol: Person,
) -> None:
    onboarding = board_named(sandbox, "Onboarding")
    lent = connect_account(
        app, sandbox, carol, "tom", name="Lent", boards=[onboarding], sharing="everyone"
    )
    link(app, old, bob, calendar)
    client.sign_in(bob)
    page = client.page(f"{path_of(old)}?to={lent.id}")
    assert "only Carol Clark or an admin can let it" in page.text
    assert not page.named("Transfer all items")
    assert "only its owner or an admin" in refused(client, old, lent, calendar)
    db.session.add(AllowedBoard(connection_id=lent.id, trello_id=calendar, name="C"))
    db.session.commit()
    assert move(client, old, lent)


def test_only_what_works_and_may_be_used_is_offered(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    old: Account,
    new: Account,
    calendar: str,
    bob: Person,
    carol: Person,
    alice: Person,
) -> None:
    link(app, old, bob, calendar)
    private = connect_account(app, sandbox, carol, "tom", name="Carol's own")
    for name, values in (
        ("Dead", {"reconnect_reason": "It was revoked."}),
        ("Gone", {"disconnected_at": utcnow(), "reconnect_reason": "It was disconnected."}),
        ("Half", {"is_configured": False}),
        ("Other key", {"key_fingerprint": "0" * 64}),
    ):
        connect_account(app, sandbox, bob, "tom", name=name, **values)
    client.sign_in(bob)
    labels = [one.text.partition(",")[0] for one in client.page(path_of(old)).all("li label")]
    assert labels == ["New"]
    for wanted in (private.id, old.id, 999, 2**40):
        assert client.post(path_of(old), {"to": wanted}).status_code == 422
        assert client.get(f"{path_of(old)}?to={wanted}").status_code == 200
    client.sign_in(alice)
    labels = [one.text.partition(",")[0] for one in client.page(path_of(old)).all("li label")]
    assert labels == ["Carol's own", "New"]
    assert move(client, old, private) == [
        "All items of Old now count through Carol's own. Their values stay."
    ]


def test_ended_sources_and_deleted_items_move_too(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    old: Account,
    new: Account,
    calendar: str,
    launch: str,
    bob: Person,
) -> None:
    ended, deleted = link(app, old, bob, launch), link(app, old, bob, calendar)
    with app.app_context():
        db.session.get_one(TrelloSource, ended).ended_at = utcnow()
        db.session.get_one(TrelloSource, deleted).measure.key_result.deleted_at = utcnow()
        db.session.commit()
    client.sign_in(bob)
    assert move(client, old, new)
    assert source_now(ended).board.connection_id == new.id
    assert source_now(deleted).board.connection_id == new.id


def test_what_stood_still_for_the_old_connections_boards_goes_on(
    app: Flask, client: Client, old: Account, new: Account, calendar: str, bob: Person
) -> None:
    source_id = link(app, old, bob, calendar)
    with app.app_context():
        connection = db.session.get_one(Connection, old.id)
        connection.shows_all_boards = False
        db.session.get_one(TrelloSource, source_id).frozen_reason = NOT_ALLOWED
        db.session.commit()
    client.sign_in(bob)
    assert move(client, old, new)
    assert source_now(source_id).frozen_reason is None


def test_a_disconnected_connections_items_can_be_moved(
    app: Flask, client: Client, old: Account, new: Account, calendar: str, bob: Person
) -> None:
    source_id = link(app, old, bob, calendar)
    client.sign_in(bob)
    client.post(f"/connections/{old.id}/disconnect")
    assert move(client, old, new)[-1].startswith("All items of Old")
    with app.app_context():
        assert count(source_now(source_id).board_id) == "done"
        state = states_of([source_now(source_id)])[source_id]
    assert state.sentence.startswith("Counted")


def test_onto_a_board_that_the_other_connection_reads_already(
    app: Flask, client: Client, old: Account, new: Account, calendar: str, bob: Person
) -> None:
    moved, there = link(app, old, bob, calendar), link(app, new, bob, calendar)
    client.sign_in(bob)
    assert move(client, old, new)
    assert source_now(moved).board_id == source_now(there).board_id
    assert [one.id for one in usable_connections(bob)] == [new.id, old.id]


def test_something_is_linked_while_trello_is_asked(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    old: Account,
    new: Account,
    calendar: str,
    bob: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.trello import transfer_views

    link(app, old, bob, calendar)
    check = transfer_views.unreadable_boards
    onboarding = board_named(sandbox, "Onboarding")

    def check_then_link(target: Connection, boards: list[Board]) -> list[Board]:
        found = check(target, boards)
        db.session.remove()
        link(app, old, bob, onboarding, is_counted=False)
        return found

    monkeypatch.setattr(transfer_views, "unreadable_boards", check_then_link)
    client.sign_in(bob)
    assert "changed meanwhile" in refused(client, old, new)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(path="/1/members/me/boards", kind="drop", times=2), "Trello could not be reached"),
        (Fault(path="/1/members/me/boards", kind="html"), "Trello's answer was not complete"),
    ],
)
def test_trello_does_not_answer(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    old: Account,
    new: Account,
    calendar: str,
    bob: Person,
    fault: Fault,
    said: str,
) -> None:
    link(app, old, bob, calendar)
    sandbox.faults.set(fault)
    client.sign_in(bob)
    assert refused(client, old, new).startswith(said)


def test_a_refused_token_marks_the_target(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    old: Account,
    new: Account,
    calendar: str,
    bob: Person,
) -> None:
    link(app, old, bob, calendar)
    sandbox.store.tokens.pop(new.token)
    client.sign_in(bob)
    assert "has to be reconnected" in refused(client, old, new)
    assert reloaded(new.id).reconnect_reason


@responses.activate
def test_too_many_boards_for_one_look(
    app: Flask,
    client: Client,
    old: Account,
    new: Account,
    calendar: str,
    bob: Person,
    sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link(app, old, bob, calendar, is_counted=False)
    monkeypatch.setattr("app.trello.connection_transfer.CHECK_FOR", timedelta(seconds=-1))
    responses.get(f"{sandbox.api_url}/members/me/boards", json=[])
    client.sign_in(bob)
    assert "not all boards could be checked in time" in refused(client, old, new)


def test_nothing_to_move_and_nowhere_to_go(
    app: Flask, client: Client, alice: Person, old: Account, calendar: str, bob: Person
) -> None:
    client.sign_in(bob)
    assert "nothing to move" in client.page(path_of(old)).text
    link(app, old, bob, calendar)
    assert "There is no other connection" in client.page(path_of(old)).text


def test_not_while_trello_is_disabled(
    app: Flask,
    client: Client,
    alice: Person,
    old: Account,
    new: Account,
    calendar: str,
    bob: Person,
) -> None:
    link(app, old, bob, calendar)
    switch("trello", False, alice)
    db.session.commit()
    client.sign_in(bob)
    assert "disabled" in refused(client, old, new)


@pytest.mark.both_databases
def test_a_past_that_waits_is_read_through_the_other_connection(
    app: Flask, client: Client, old: Account, new: Account, calendar: str, bob: Person
) -> None:
    link(app, old, bob, calendar)
    past = db.session.scalars(select(Past)).one()
    assert past.status == "waiting"
    client.sign_in(bob)
    assert move(client, old, new)
    with app.app_context():
        hold = claims.claim(past.source_version_id)
    assert hold is not None and (hold.connection_id, hold.board_id) == (new.id, calendar)


def test_old_evidence_keeps_its_names(
    app: Flask, client: Client, old: Account, new: Account, calendar: str, bob: Person
) -> None:
    source_id = link(app, old, bob, calendar)
    client.sign_in(bob)
    assert move(client, old, new)
    client.post(f"/connections/{old.id}/remove")
    page = client.page(f"/trello/sources/{source_id}/cards")
    assert "Content calendar" in page.text


@pytest.mark.parametrize(
    ("who", "sharing", "status"),
    [("carol", "private", 404), ("carol", "everyone", 403), ("alice", "private", 303)],
)
def test_who_may(
    app: Flask,
    client: Client,
    old: Account,
    new: Account,
    calendar: str,
    alice: Person,
    bob: Person,
    carol: Person,
    who: str,
    sharing: str,
    status: int,
) -> None:
    source_id = link(app, old, bob, calendar)
    reloaded(old.id).sharing = sharing
    db.session.commit()
    client.sign_in({"alice": alice, "carol": carol}[who])
    assert client.get(path_of(old)).status_code == (200 if status == 303 else status)
    assert client.post(path_of(old), {"to": new.id}).status_code == status
    assert (source_now(source_id).board.connection_id == new.id) is (status == 303)


def test_needs_a_token_against_forgery_and_a_target(
    app: Flask, client: Client, old: Account, new: Account, calendar: str, bob: Person
) -> None:
    link(app, old, bob, calendar)
    client.sign_in(bob)
    assert client.send("POST", path_of(old), data={"to": new.id}).status_code == 400
    for to in ("", "x", "-1"):
        page = client.see(client.post(path_of(old), {"to": to}), 422)
        assert "can't take the items any more" in page.one("[role=alert]").text


def test_the_page_costs_the_same_for_any_number_of_items(
    app: Flask, client: Client, old: Account, new: Account, calendar: str, bob: Person
) -> None:
    client.sign_in(bob)
    counts = []
    for _ in range(2):
        for _ in range(3):
            link(app, old, bob, calendar, is_counted=False)
        for path in (f"{path_of(old)}?to={new.id}", f"/connections/{old.id}"):
            with count_statements() as statements:
                client.page(path)
            counts.append(len(statements))
    assert counts[:2] == counts[2:]
