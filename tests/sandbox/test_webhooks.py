"""Webhooks arrive, signed, at a real listener."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox import RunningSandbox, changes
from sandbox.board import Board
from tests.sandbox.conftest import BOARD_ID, Caller


@dataclass
class Listener:
    """What a listener received, and with which statuses it answers."""

    url: str = ""
    head_status: int = 200
    post_statuses: list[int] = field(default_factory=list)
    received: list[tuple[bytes, str]] = field(default_factory=list)

    def types(self) -> list[str]:
        return [json.loads(body)["action"]["type"] for body, _ in self.received]


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(heard.head_status)
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.received.append((body, self.headers["X-Trello-Webhook"]))
            self.send_response(heard.post_statuses.pop(0) if heard.post_statuses else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}/hook?board=1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield heard
    server.shutdown()
    thread.join()
    server.server_close()


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def create(mina: Caller, listener: Listener) -> dict[str, Any]:
    answer = mina.ask("/webhooks/", "POST", callbackURL=listener.url, idModel=BOARD_ID)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_change_arrives_with_a_signature_that_holds(
    sandbox: RunningSandbox, board: Board, mina: Caller, listener: Listener
) -> None:
    assert create(mina, listener)["active"] is True
    changes.move_card(board, board.card("Write it"), board.list_("Done"))
    wait_until(lambda: len(listener.received) == 1)
    body, signature = listener.received[0]
    expected = hmac.new(
        sandbox.api_secret.encode(), body + listener.url.encode(), hashlib.sha1
    ).digest()
    assert base64.b64decode(signature) == expected
    payload = json.loads(body)
    assert payload["model"]["id"] == BOARD_ID
    assert payload["action"]["data"]["listAfter"]["name"] == "Done"


def test_a_label_sends_two_webhooks(board: Board, mina: Caller, listener: Listener) -> None:
    create(mina, listener)
    changes.add_label(board, board.card("Write it"), board.label(""))
    wait_until(lambda: len(listener.received) == 2)
    assert listener.types() == ["addLabelToCard", "updateCard"]
    assert board.actions[-1]["type"] == "updateCard"
    assert "addLabelToCard" not in {action["type"] for action in board.actions}


def test_an_address_that_does_not_answer_head_gets_no_webhook(
    mina: Caller, listener: Listener
) -> None:
    listener.head_status = 404
    answer = mina.ask("/webhooks", "POST", callbackURL=listener.url, idModel=BOARD_ID)
    assert answer.status_code == 400
    assert "did not return 200 status code, got 404" in answer.text
    assert mina.read(f"/tokens/{mina.token.token}/webhooks") == []


def test_nothing_is_sent_beyond_this_machine(mina: Caller) -> None:
    answer = mina.ask("/webhooks", "POST", callbackURL="http://example.com/", idModel=BOARD_ID)
    assert (answer.status_code, answer.text) == (400, "invalid value for callbackURL")


def test_a_failed_delivery_is_tried_again(board: Board, mina: Caller, listener: Listener) -> None:
    made = create(mina, listener)
    listener.post_statuses = [500, 503, 200]
    changes.complete_card(board, board.card("Write it"))
    wait_until(lambda: len(listener.received) == 3)
    assert len(set(listener.received)) == 1
    wait_until(lambda: mina.read(f"/webhooks/{made['id']}")["consecutiveFailures"] == 0)


def test_after_three_retries_only_the_count_of_failures_is_left(
    board: Board, mina: Caller, listener: Listener
) -> None:
    made = create(mina, listener)
    listener.post_statuses = [500] * 10
    changes.complete_card(board, board.card("Write it"))
    wait_until(lambda: mina.read(f"/webhooks/{made['id']}")["consecutiveFailures"] == 4)
    assert len(listener.received) == 4


def test_gone_deletes_the_webhook(board: Board, mina: Caller, listener: Listener) -> None:
    made = create(mina, listener)
    listener.post_statuses = [410]
    changes.complete_card(board, board.card("Write it"))
    wait_until(lambda: mina.ask(f"/webhooks/{made['id']}").status_code == 404)


def test_a_revoked_token_takes_its_webhooks_along(
    sandbox: RunningSandbox, mina: Caller, listener: Listener
) -> None:
    create(mina, listener)
    sandbox.store.revoke(mina.token)
    assert not sandbox.store.webhooks


def test_a_webhook_is_listed_changed_and_deleted_by_its_token_alone(
    sandbox: RunningSandbox, board: Board, mina: Caller, listener: Listener
) -> None:
    made = create(mina, listener)
    assert mina.read(f"/tokens/{mina.token.token}/webhooks") == [made]
    same_person = Caller(sandbox, "mina")
    assert same_person.read(f"/tokens/{same_person.token.token}/webhooks") == []
    assert same_person.ask(f"/webhooks/{made['id']}", "DELETE").status_code == 401
    changed = mina.ask(f"/webhooks/{made['id']}", "PUT", active="false").json()
    assert changed == made | {"active": False}
    changes.complete_card(board, board.card("Write it"))
    assert mina.ask(f"/webhooks/{made['id']}", "DELETE").status_code == 200
    assert mina.ask(f"/webhooks/{made['id']}", "DELETE").status_code == 404
    assert mina.read(f"/tokens/{mina.token.token}/webhooks") == []
    assert listener.received == []


def test_the_same_webhook_twice_is_refused(mina: Caller, listener: Listener) -> None:
    create(mina, listener)
    answer = mina.ask("/webhooks/", "POST", callbackURL=listener.url, idModel=BOARD_ID)
    assert answer.status_code == 400
    assert "already exists" in answer.text
