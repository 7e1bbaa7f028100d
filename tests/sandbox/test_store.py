"""Boards from Trello's export, and a state that outlives the process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import RunningSandbox, changes, create_sandbox, running_sandbox
from sandbox.board import Board
from sandbox.clock import Clock
from sandbox.export_format import ExportError, board_from_export, board_to_export, read_export
from tests.sandbox.conftest import BOARD_ID, Caller, small_board


def test_an_imported_board_is_within_reach_of_who_can_sign_in(sandbox: RunningSandbox) -> None:
    for username in ("mina", "tom"):
        boards = Caller(sandbox, username).read("/members/me/boards", fields="name")
        assert [board["name"] for board in boards] == ["Small board"]


def test_an_imported_board_is_served_from_here(sandbox: RunningSandbox, mina: Caller) -> None:
    board = mina.read(f"/boards/{BOARD_ID}", fields="url,shortUrl", cards="all", lists="all")
    assert board["shortUrl"] == f"{sandbox.url}/b/smallone"
    assert [entry["name"] for entry in board["lists"]] == ["Doing", "Done"]
    for card, original in zip(board["cards"], small_board()["cards"], strict=True):
        assert card["url"].startswith(f"{sandbox.url}/c/{original['shortLink']}/")
        for field in ("id", "name", "idList", "idMembers", "idLabels", "dueComplete"):
            assert card[field] == original[field]


def test_fields_that_an_old_export_lacks_stay_absent(mina: Caller, board: Board) -> None:
    del board.card("Write it")["dueComplete"]
    cards = mina.read(f"/boards/{BOARD_ID}/cards", fields="name,dueComplete")
    assert "dueComplete" not in cards[0]
    assert "dueComplete" in cards[1]


def test_an_export_can_be_loaded_again(board: Board) -> None:
    changes.archive_card(board, board.card("Write it"))
    exported = json.loads(json.dumps(board_to_export(board)))
    assert board_to_export(board_from_export(exported, Clock())) == exported


@pytest.mark.parametrize("document", [{}, {"id": "1", "name": "x", "lists": {}, "cards": []}])
def test_what_is_not_an_export_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ExportError, match="not a board's export"):
        board_from_export(document, Clock())


def test_a_file_that_is_not_json_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "board.json"
    path.write_text("<html>")
    with pytest.raises(ExportError, match="board.json"):
        read_export(path)


def test_a_restart_keeps_boards_and_tokens(data_dir: Path) -> None:
    keys: dict[str, Any] = {"api_key": "key", "api_secret": "secret", "data_dir": data_dir}
    with running_sandbox(boards=[small_board()], **keys) as sandbox:
        token = Caller(sandbox, "mina").token
        board = sandbox.store.board("Small board")
        changes.move_card(board, board.card("Write it"), board.list_("Done"))
    # The same file is given again at every start; what was changed since must not be lost.
    with running_sandbox(boards=[small_board()], **keys) as sandbox:
        board = sandbox.store.board("Small board")
        assert board.card("Write it")["idList"] == board.list_("Done")["id"]
        answer = requests.get(
            f"{sandbox.api_url}/members/me",
            params={"key": "key", "token": token.token},
            timeout=5,
        )
        assert answer.json()["username"] == "mina"
    assert [path.name for path in data_dir.iterdir()] == ["sandbox.json"]


def test_ids_begin_with_the_time_of_creation(sandbox: RunningSandbox, board: Board) -> None:
    made = [changes.add_card(board, board.list_("Doing"), f"Card {n}")["id"] for n in range(3)]
    assert made == sorted(made)
    assert abs(int(made[0][:8], 16) - sandbox.store.clock.now().timestamp()) < 5


def test_samples_are_the_same_every_time() -> None:
    first, second = (create_sandbox().store.board("Content calendar") for _ in range(2))
    assert [card["name"] for card in first.ordered_cards()] == [
        card["name"] for card in second.ordered_cards()
    ]
    assert first.short_link == second.short_link


def test_the_record_of_the_samples_leads_to_their_present() -> None:
    """Replaying every move from the start ends where the cards are."""
    board = create_sandbox().store.board("Onboarding")
    place: dict[str, str] = {}
    for action in board.actions:
        data = action["data"]
        if action["type"] == "createCard":
            place[data["card"]["id"]] = data["list"]["id"]
        elif "listAfter" in data:
            assert place[data["card"]["id"]] == data["listBefore"]["id"]
            place[data["card"]["id"]] = data["listAfter"]["id"]
    assert place == {card["id"]: card["idList"] for card in board.cards.values()}
    dates = [action["date"] for action in board.actions]
    assert dates == sorted(dates)


def test_the_command_serves_and_stops_at_once(tmp_path: Path) -> None:
    export = tmp_path / "board.json"
    export.write_text(json.dumps(small_board()))
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--board", str(export)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [*command, "--data-dir", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "SANDBOX_API_KEY": "key", "SANDBOX_API_SECRET": "secret"},
    ) as process:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        assert requests.get(f"{url}/healthz", timeout=5).status_code == 200
        assert "Small board" in requests.get(url, timeout=5).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
