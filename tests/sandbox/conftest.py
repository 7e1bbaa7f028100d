"""A sandbox served on a free port, with one small board, and those who ask it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth1Auth

from sandbox import RunningSandbox, running_sandbox
from sandbox.board import Board
from sandbox.credentials import AccessToken

CALLBACK = "http://127.0.0.1:9/connected"
BOARD_ID = "66f000000000000000000001"


def small_board() -> dict[str, Any]:
    """A board as Trello exports it: two lists, two labels, three cards, one of them done."""
    ids = {
        name: f"66f0000{place}" + "0" * 16
        for place, name in enumerate(("doing", "done", "bug", "unnamed", "ada", "x", "y", "z"))
    }
    cards = [
        {
            "id": ids[key],
            "idShort": number,
            "name": name,
            "closed": False,
            "idList": ids["done" if is_done else "doing"],
            "idMembers": [ids["ada"]] if number == 1 else [],
            "idLabels": [ids["bug"]],
            "due": None,
            "dueComplete": is_done,
            "pos": number,
            "shortLink": f"card000{number}",
            "url": "https://trello.com/c/somewhere-else",
            "labels": [{"id": ids["bug"], "name": "bug", "color": "red"}],
        }
        for number, (key, name, is_done) in enumerate(
            (("x", "Write it", False), ("y", "Read it", False), ("z", "Print it", True)), 1
        )
    ]
    return {
        "id": BOARD_ID,
        "name": "Small board",
        "closed": False,
        "shortLink": "smallone",
        "lists": [
            {"id": ids["doing"], "name": "Doing", "closed": False, "pos": 1},
            {"id": ids["done"], "name": "Done", "closed": False, "pos": 2},
        ],
        "labels": [
            {"id": ids["bug"], "name": "bug", "color": "red"},
            {"id": ids["unnamed"], "name": "", "color": "green"},
        ],
        "members": [{"id": ids["ada"], "username": "ada", "fullName": "Ada", "initials": "A"}],
        "memberships": [{"id": "7" * 24, "idMember": ids["ada"], "memberType": "admin"}],
        "cards": cards,
        "actions": [
            {
                "id": "66f000080000000000000001",
                "idMemberCreator": ids["ada"],
                "type": "createBoard",
                "date": "2024-09-22T11:33:28.000Z",
                "data": {"board": {"id": BOARD_ID, "name": "Small board"}},
            }
        ],
    }


class Caller:
    """Asks the API with a token of one member, signing each request."""

    def __init__(self, sandbox: RunningSandbox, username: str) -> None:
        self.sandbox = sandbox
        self.token: AccessToken = sandbox.store.add_token(sandbox.store.person(username)["id"])
        self.auth = OAuth1Auth(
            sandbox.api_key,
            sandbox.api_secret,
            token=self.token.token,
            token_secret=self.token.secret,
        )

    def ask(self, path: str, method: str = "GET", **parameters: Any) -> requests.Response:
        return requests.request(
            method, self.sandbox.api_url + path, params=parameters, auth=self.auth, timeout=5
        )

    def read(self, path: str, **parameters: Any) -> Any:
        answer = self.ask(path, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(boards=[small_board()], retry_scale=0.001) as running:
        yield running


@pytest.fixture(scope="module")
def samples() -> Iterator[RunningSandbox]:
    """The sample boards, for tests that only read."""
    with running_sandbox() as running:
        running.limits.enabled = False
        yield running


@pytest.fixture
def board(sandbox: RunningSandbox) -> Board:
    return sandbox.store.board("Small board")


@pytest.fixture
def mina(sandbox: RunningSandbox) -> Caller:
    return Caller(sandbox, "mina")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "sandbox"
