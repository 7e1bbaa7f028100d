"""Webhooks are made and removed with the links, at a Trello that tries their address."""

import dataclasses
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.okrs.models import KeyResult
from app.queues import HOURLY
from app.trello.app_keys import current_app_keys
from app.trello.configuring import configure
from app.trello.counting import Criteria
from app.trello.models import AllowedBoard, Board, Connection, TrelloSource, Webhook
from app.trello.sources import relink
from app.trello.webhooks import job as webhook_job
from app.trello.webhooks.addresses import look_again
from app.trello.webhooks.job import keep_webhooks, tick
from app.vault import encrypt
from sandbox import RunningSandbox, changes, running_sandbox
from sandbox.credentials import AccessToken
from sandbox.serve import QuietHandler
from sandbox.store import Webhook as TrellosWebhook
from tests.sandbox.conftest import BOARD_ID, small_board
from tests.support.client import Client
from tests.support.installation import wait_until
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source

OTHER_BOARD = "66f000000000000000000009"


@pytest.fixture
def sandbox(app: Flask) -> Iterator[RunningSandbox]:
    other = small_board() | {"id": OTHER_BOARD, "shortLink": "othrone1", "cards": []}
    with running_sandbox(boards=[small_board(), other], retry_scale=0.001) as running:
        config = app.extensions["tally_config"]
        app.extensions["tally_config"] = dataclasses.replace(
            config,
            trello_api_url=running.api_url,
            trello_api_key=running.api_key,
            trello_api_secret=running.api_secret,
        )
        yield running


@pytest.fixture
def address(app: Flask, sandbox: RunningSandbox) -> Iterator[str]:
    """Where this site is reached: it really is."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    origin = f"http://127.0.0.1:{server.server_port}"
    set_address(app, origin)
    yield origin
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def token(sandbox: RunningSandbox) -> AccessToken:
    return sandbox.store.add_token(sandbox.store.person("mina")["id"])


@pytest.fixture
def connection(inside: None, alice: Person, token: AccessToken) -> Connection:
    keys = current_app_keys()
    assert keys is not None
    return make_connection(
        alice,
        token_encrypted=encrypt(token.token),
        token_secret_encrypted=encrypt(token.secret),
        key_fingerprint=keys.fingerprint,
    )


@pytest.fixture
def key_result(connection: Connection, alice: Person) -> KeyResult:
    return make_key_result(make_objective(alice))


@pytest.fixture
def source(key_result: KeyResult, connection: Connection) -> TrelloSource:
    return make_source(key_result.measure, connection, board=BOARD_ID)


def set_address(app: Flask, origin: str | None) -> None:
    config = app.extensions["tally_config"]
    app.extensions["tally_config"] = dataclasses.replace(config, public_url=origin)


def keep(connection: Connection) -> None:
    """An hour later, or after something was linked."""
    db.session.expire_all()
    look_again(connection)
    db.session.commit()
    keep_webhooks(connection.id)
    db.session.expire_all()


def at_trello(sandbox: RunningSandbox) -> list[tuple[str, str]]:
    """What is watched there, and the address that is told of it."""
    return sorted((one.id_model, one.callback_url) for one in sandbox.store.webhooks.values())


def ours() -> list[tuple[str, str]]:
    rows = db.session.scalars(select(Webhook).execution_options(populate_existing=True)).all()
    assert all(row.trello_id for row in rows)
    return sorted((row.board.trello_id, row.callback_url) for row in rows)


def add_webhook(sandbox: RunningSandbox, token: AccessToken, url: str) -> TrellosWebhook:
    made = TrellosWebhook(
        id=sandbox.store.new_id(), token=token.token, id_model=BOARD_ID, callback_url=url
    )
    sandbox.store.webhooks[made.id] = made
    return made


@pytest.mark.both_databases
def test_a_board_with_a_link_gets_one(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    keep(connection)
    keep(connection)
    assert at_trello(sandbox) == ours()
    [(board, callback)] = ours()
    assert board == BOARD_ID
    assert callback.startswith(f"{address}/webhooks/trello/")
    assert len(callback.rpartition("/")[2]) >= 32
    assert connection.webhook_problem is None
    assert timedelta(minutes=50) < connection.webhooks_due_at - utcnow() < timedelta(minutes=61)


def test_a_change_at_trello_is_noted_on_the_board(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    keep(connection)
    board = sandbox.store.board(BOARD_ID)
    changes.complete_card(board, board.card("Write it"))

    def is_noted() -> bool:
        db.session.rollback()
        return db.session.scalar(select(Board.changed_at)) is not None

    wait_until(is_noted, "the change is noted")


def test_two_items_on_a_board_share_it_and_the_last_one_takes_it_along(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    alice = connection.owner
    more = make_source(make_key_result(make_objective(alice)).measure, connection, board=BOARD_ID)
    keep(connection)
    assert len(at_trello(sandbox)) == 1
    more.ended_at = utcnow()
    db.session.commit()
    keep(connection)
    assert len(at_trello(sandbox)) == 1
    source.measure.item.deleted_at = utcnow()
    db.session.commit()
    keep(connection)
    assert at_trello(sandbox) == ours() == []


def test_a_board_the_connection_may_not_show_any_more_loses_it(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    keep(connection)
    connection.shows_all_boards = False
    connection.allowed_boards = [AllowedBoard(trello_id=OTHER_BOARD)]
    db.session.commit()
    keep(connection)
    assert at_trello(sandbox) == ours() == []


def test_at_a_new_address_they_are_made_anew(
    app: Flask,
    address: str,
    sandbox: RunningSandbox,
    source: TrelloSource,
    connection: Connection,
) -> None:
    keep(connection)
    before = ours()
    set_address(app, address.replace("127.0.0.1", "localhost"))
    keep(connection)
    assert at_trello(sandbox) == ours() != before
    assert len(ours()) == 1 and ours()[0][1].startswith("http://localhost:")


def test_one_that_trello_gave_up_is_made_anew(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    keep(connection)
    [given_up] = sandbox.store.webhooks.values()
    given_up.active = False
    keep(connection)
    [made] = sandbox.store.webhooks.values()
    assert made.active and made.id != given_up.id
    assert at_trello(sandbox) == ours()


def test_one_that_is_gone_at_trello_is_made_anew(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    keep(connection)
    sandbox.store.webhooks.clear()
    keep(connection)
    assert at_trello(sandbox) == ours() != []


def test_strangers_below_our_address_are_removed_and_no_others(
    address: str,
    sandbox: RunningSandbox,
    token: AccessToken,
    source: TrelloSource,
    connection: Connection,
) -> None:
    add_webhook(sandbox, token, f"{address}/webhooks/trello/of-an-old-database")
    theirs = add_webhook(sandbox, token, f"{address}/webhooks/other")
    elsewhere = add_webhook(sandbox, token, "https://example.com/webhooks/trello/x")
    keep(connection)
    kept = {(BOARD_ID, one.callback_url) for one in (theirs, elsewhere)}
    assert set(at_trello(sandbox)) == kept | set(ours())


def test_those_of_another_connection_are_none_of_its_business(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    """Two connections that share a token; Trello may hand out the same one twice."""
    second = make_connection(
        connection.owner,
        token_encrypted=connection.token_encrypted,
        token_secret_encrypted=connection.token_secret_encrypted,
        key_fingerprint=connection.key_fingerprint,
    )
    connection.reconnect_reason = None  # the factory stores keys, which those of here outdo
    measure = make_key_result(make_objective(connection.owner)).measure
    make_source(measure, second, board=BOARD_ID)
    keep(connection)
    keep(second)
    keep(connection)
    assert len(ours()) == 2
    assert at_trello(sandbox) == ours()


def test_a_worker_that_died_halfway_leaves_nothing_that_is_not_mended(
    address: str,
    sandbox: RunningSandbox,
    token: AccessToken,
    source: TrelloSource,
    connection: Connection,
) -> None:
    """Its row was written, Trello made the webhook, and the answer never came."""
    url = f"{address}/webhooks/trello/halfway"
    db.session.add(Webhook(board=source.board, key="halfway", callback_url=url))
    db.session.commit()
    made = add_webhook(sandbox, token, url)
    keep(connection)
    assert at_trello(sandbox) == ours() == [(BOARD_ID, url)]
    assert db.session.scalar(select(Webhook.trello_id)) == made.id


def test_one_that_another_worker_is_making_is_left_to_it(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    row = Webhook(board=source.board, key="now", callback_url=f"{address}/webhooks/trello/now")
    db.session.add(row)
    db.session.commit()
    keep(connection)
    assert at_trello(sandbox) == []
    row.made_at = utcnow() - timedelta(minutes=3)
    db.session.commit()
    keep(connection)
    assert at_trello(sandbox) == ours() != []


def test_an_address_that_trello_cannot_reach_is_said_and_tried_again(
    app: Flask,
    client: Client,
    sandbox: RunningSandbox,
    source: TrelloSource,
    connection: Connection,
    address: str,
) -> None:
    set_address(app, "http://127.0.0.1:9")
    keep(connection)
    assert at_trello(sandbox) == ours() == []
    problem = connection.webhook_problem or ""
    assert problem.startswith("Updates come every hour: Trello could not reach http://127.0.0.1:9.")
    assert utcnow() < connection.webhooks_due_at
    assert source.board.failure is None
    client.sign_in(connection.owner)
    assert problem in client.page("/connections").one(f"#connection-{connection.id}").text
    assert problem in client.page(f"/connections/{connection.id}/configure").one("main").text
    connection = db.session.get_one(Connection, connection.id)
    set_address(app, address)
    keep(connection)
    assert connection.webhook_problem is None
    assert at_trello(sandbox) == ours() != []


def test_a_board_that_trello_tells_nothing_of_does_not_stop_the_others(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    measure = make_key_result(make_objective(connection.owner)).measure
    make_source(measure, connection, board="66f00000000000000000dead")
    measure = make_key_result(make_objective(connection.owner)).measure
    make_source(measure, connection, board=OTHER_BOARD)
    keep(connection)
    assert {board for board, _ in ours()} == {BOARD_ID, OTHER_BOARD}
    assert (connection.webhook_problem or "").startswith("Updates of some boards come every hour")
    assert connection.reconnect_reason is None


def test_a_trello_that_is_down_is_asked_again_sooner_and_nothing_is_said(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    keep(connection)
    before = ours()
    connection.webhook_problem = "Said before."
    db.session.commit()
    sandbox.faults.add(path="/1/tokens/*", kind="status", status=503)
    keep(connection)
    assert ours() == before == at_trello(sandbox)
    assert connection.webhook_problem == "Said before."
    assert connection.webhooks_due_at - utcnow() < timedelta(minutes=11)


def test_a_dead_token_marks_the_connection_and_is_not_used_again(
    address: str,
    sandbox: RunningSandbox,
    token: AccessToken,
    source: TrelloSource,
    connection: Connection,
) -> None:
    sandbox.store.revoke(token)
    keep(connection)
    assert "has to be reconnected" in (connection.reconnect_reason or "")
    assert connection.webhook_problem is None
    asked = len(sandbox.requests)
    keep(connection)
    assert len(sandbox.requests) == asked


@pytest.mark.both_databases
def test_it_is_done_once_however_often_it_is_delivered(
    address: str, sandbox: RunningSandbox, source: TrelloSource, connection: Connection
) -> None:
    keep(connection)
    sandbox.forget_requests()
    keep_webhooks(connection.id)
    assert sandbox.requests == []


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The connections of which the queue was told."""
    told: list[int] = []

    def enqueue(job: object, row_id: int, *, lane: str) -> bool:
        assert (job, lane) == (keep_webhooks, HOURLY)
        told.append(row_id)
        return True

    monkeypatch.setattr(webhook_job, "enqueue", enqueue)
    return told


@pytest.mark.both_databases
def test_a_link_is_seen_to_at_once_and_its_end_too(
    address: str,
    source: TrelloSource,
    connection: Connection,
    told: list[int],
) -> None:
    tick()
    assert told == [connection.id]
    keep(connection)
    tick()
    assert told == [connection.id]
    source.ended_at = utcnow()
    db.session.commit()
    tick()
    assert told == [connection.id] * 2
    keep_webhooks(connection.id)
    assert ours() == []


def test_what_changes_the_boards_wanted_is_seen_to_at_once(
    address: str,
    source: TrelloSource,
    connection: Connection,
    told: list[int],
) -> None:
    keep(connection)
    alice, measure = connection.owner, make_key_result(make_objective(connection.owner)).measure
    more = make_source(measure, connection, board=BOARD_ID)
    tick()
    assert len(told) == 1
    keep(connection)
    other = Board(connection=connection, trello_id=OTHER_BOARD)
    db.session.add(other)
    assert relink(more, other, Criteria(), alice)
    db.session.commit()
    tick()
    assert len(told) == 2
    keep(connection)
    configure(connection, name="Marketing", sharing="private", all_boards=True, boards=[])
    db.session.commit()
    tick()
    assert len(told) == 3


@pytest.mark.both_databases
def test_another_address_is_seen_to_at_once_and_once(
    app: Flask,
    address: str,
    sandbox: RunningSandbox,
    source: TrelloSource,
    connection: Connection,
    told: list[int],
) -> None:
    tick()
    keep(connection)
    told.clear()
    tick()
    assert told == []
    set_address(app, address.replace("127.0.0.1", "localhost"))
    sandbox.faults.add(path="/1/tokens/*", kind="html")
    tick()
    assert told == [connection.id]
    keep_webhooks(connection.id)
    tick()
    assert told == [connection.id]  # the odd answer is met again in an hour
    sandbox.faults.clear()
    keep(connection)
    assert at_trello(sandbox) == ours()
    assert ours()[0][1].startswith("http://localhost:")


def test_an_address_that_was_mended_is_tried_at_once(
    app: Flask, address: str, source: TrelloSource, connection: Connection, told: list[int]
) -> None:
    set_address(app, "http://127.0.0.1:9")
    tick()
    keep(connection)
    told.clear()
    tick()
    assert told == [] and connection.webhook_problem
    set_address(app, address)
    tick()
    assert told == [connection.id]
    keep_webhooks(connection.id)
    db.session.expire_all()
    assert connection.webhook_problem is None and len(ours()) == 1


def test_without_an_address_nothing_is_said_of_it_any_more(
    app: Flask,
    client: Client,
    address: str,
    source: TrelloSource,
    connection: Connection,
    told: list[int],
) -> None:
    set_address(app, "http://127.0.0.1:9")
    tick()
    keep(connection)
    assert connection.webhook_problem
    told.clear()
    set_address(app, None)
    tick()
    client.sign_in(connection.owner)
    assert "could not reach" not in client.page("/connections").text
    assert told == []


def test_a_trello_that_is_down_is_not_asked_every_few_seconds_because_of_a_removed_link(
    address: str,
    sandbox: RunningSandbox,
    source: TrelloSource,
    connection: Connection,
    told: list[int],
) -> None:
    keep(connection)
    source.ended_at = utcnow()
    db.session.commit()
    sandbox.faults.add(path="/1/tokens/*", kind="status", status=503)
    tick()
    keep_webhooks(connection.id)
    tick()
    assert told == [connection.id]
    sandbox.faults.clear()
    keep(connection)
    assert at_trello(sandbox) == []


def test_nothing_is_done_where_it_can_be_of_no_use(
    app: Flask, address: str, connection: Connection, told: list[int]
) -> None:
    set_address(app, None)
    tick()
    set_address(app, address)
    switch("trello", False, connection.owner)
    db.session.commit()
    tick()
    switch("trello", True, connection.owner)
    connection.reconnect_reason = "Revoked."
    db.session.commit()
    tick()
    assert told == []
