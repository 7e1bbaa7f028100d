"""What Trello tells of: signed, it is noted on the board, and nothing else comes of it."""

import base64
import dataclasses
import hashlib
import hmac
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.trello.models import Board, SyncRun, Webhook
from tests.support.client import Client
from tests.support.sql import count_statements
from tests.trello.linked import (
    SECRET,
    make_connection,
    make_key_result,
    make_objective,
    make_source,
    readings_of,
)

BODY = '{"action": {"type": "updateCard", "text": "Grüße"}}'.encode()
KEY = "a-key-that-nobody-guesses"
ADDRESS = f"https://tally.example.com/webhooks/trello/{KEY}"
PATH = f"/webhooks/trello/{KEY}"


@pytest.fixture
def board(app: Flask, alice: Person) -> Board:
    """A board with a source and a webhook, on a site that Trello reaches."""
    config = app.extensions["tally_config"]
    app.extensions["tally_config"] = dataclasses.replace(
        config, public_url="https://tally.example.com"
    )
    with app.app_context():
        measure = make_key_result(make_objective(alice)).measure
        board = make_source(measure, make_connection(alice)).board
        db.session.add(Webhook(board=board, key=KEY, callback_url=ADDRESS, trello_id="w1"))
        db.session.commit()
    return board


def signature(body: bytes = BODY, secret: str = SECRET, address: str = ADDRESS) -> str:
    digest = hmac.new(secret.encode(), body + address.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def deliver(client: Client, body: bytes = BODY, sign: str | None = None) -> TestResponse:
    headers = {"X-Trello-Webhook": signature(body) if sign is None else sign}
    return client.send("POST", PATH, data=body, headers=headers, content_type="application/json")


def changed_at(board: Board) -> object:
    db.session.remove()
    return db.session.scalar(select(Board.changed_at).where(Board.id == board.id))


@pytest.mark.both_databases
def test_a_signed_delivery_is_noted(client: Client, board: Board) -> None:
    answer = deliver(client)
    assert (answer.status_code, answer.text) == (204, "")
    assert changed_at(board) is not None


def test_the_signature_is_of_the_very_bytes(client: Client, board: Board) -> None:
    sign = signature(BODY)
    assert deliver(client, BODY + b" ", sign).status_code == 403
    assert deliver(client, BODY, sign).status_code == 204


@pytest.mark.parametrize(
    "sign",
    [
        "",
        "no signature",
        "ÿ",
        signature(secret="another secret"),
        signature(address=f"{ADDRESS}/"),
        signature(body=b""),
    ],
)
def test_a_forged_delivery_changes_nothing(client: Client, board: Board, sign: str) -> None:
    answer = deliver(client, sign=sign)
    assert (answer.status_code, answer.mimetype) == (403, "text/plain")
    assert changed_at(board) is None


def test_without_any_signature_it_is_refused(client: Client, board: Board) -> None:
    assert client.send("POST", PATH, data=BODY).status_code == 403
    assert changed_at(board) is None


def test_forged_deliveries_wait_for_no_lock_and_take_none(client: Client, board: Board) -> None:
    """While something else writes to SQLite, which one alone may do at a time."""
    with db.engine.connect().execution_options(sqlite_write=True) as other:
        other.execute(text("UPDATE workspace SET name = name"))
        began = utcnow()
        for _ in range(20):
            assert deliver(client, sign="forged").status_code == 403
        assert utcnow() - began < timedelta(seconds=5)


def test_an_unknown_address_is_gone(client: Client, board: Board) -> None:
    """Upon 410, Trello deletes the webhook."""
    answer = client.send("POST", "/webhooks/trello/unknown", data=BODY)
    assert (answer.status_code, answer.mimetype) == (410, "text/plain")


@pytest.mark.both_databases
def test_an_address_that_no_database_could_hold_is_gone(client: Client, board: Board) -> None:
    assert client.send("HEAD", "/webhooks/trello/%00").status_code == 404


def test_where_the_site_cannot_be_reached_any_more_all_are_gone(
    app: Flask, client: Client, board: Board
) -> None:
    config = app.extensions["tally_config"]
    app.extensions["tally_config"] = dataclasses.replace(config, public_url=None)
    assert deliver(client).status_code == 410


def test_too_much_is_not_read(client: Client, board: Board) -> None:
    assert deliver(client, b"x" * 1024 * 1024).status_code == 204
    answer = deliver(client, b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.mimetype) == (413, "text/plain")


def test_trello_finds_the_address_when_it_looks(client: Client, board: Board) -> None:
    assert client.send("HEAD", PATH).status_code == 200
    assert client.send("HEAD", "/webhooks/trello/unknown").status_code == 404


def test_nobody_reads_there(client: Client, board: Board) -> None:
    assert client.get(PATH).status_code == 405
    assert client.send("PUT", PATH).status_code == 405
    assert client.send("DELETE", PATH).status_code == 405


@pytest.mark.both_databases
def test_what_is_noted_already_costs_no_writing(client: Client, board: Board) -> None:
    with count_statements() as first:
        deliver(client)
    noted = changed_at(board)
    with count_statements() as again:
        assert deliver(client).status_code == 204
    assert changed_at(board) == noted
    assert len(first) <= 3
    assert len(again) <= 2
    assert not any(one.startswith(("UPDATE", "INSERT")) for one in again)


def test_an_old_delivery_sent_again_asks_for_one_look_at_most(client: Client, board: Board) -> None:
    """It is signed as well as ever; but nothing of what it says is taken for true."""
    for _ in range(5):
        assert deliver(client).status_code == 204
    db.session.remove()
    assert db.session.scalar(select(func.count(SyncRun.id))) == 0
    source = db.session.get_one(Board, board.id).sources[0]
    assert readings_of(source.measure) == []


def test_while_disabled_it_is_taken_and_left(
    app: Flask, client: Client, board: Board, alice: Person
) -> None:
    """Trello would count refusals, and give the webhook up in the end."""
    with app.app_context():
        switch("trello", False, alice)
        db.session.commit()
    assert deliver(client).status_code == 204
