"""What the API answers: Trello's defaults, limits of one answer, refusals."""

from typing import Any

import pytest
import requests

from sandbox import RunningSandbox, changes
from sandbox.board import Board
from tests.sandbox.conftest import BOARD_ID, Caller

TEXT = "text/plain; charset=utf-8"


@pytest.fixture
def reader(samples: RunningSandbox) -> Caller:
    return Caller(samples, "mina")


def board_id(samples: RunningSandbox, name: str) -> str:
    return samples.store.board(name).id


def test_paging_reaches_every_card_of_a_big_board(samples: RunningSandbox, reader: Caller) -> None:
    path = f"/boards/{board_id(samples, 'Warehouse')}/cards"
    seen: list[str] = []
    before: dict[str, Any] = {}
    while page := reader.read(path, filter="all", fields="id", limit=1000, **before):
        ids = [card["id"] for card in page]
        assert ids == sorted(ids, reverse=True)
        seen += ids
        before = {"before": min(ids)}
    assert len(seen) == len(set(seen)) == 1240


def test_without_paging_a_thousand_cards_come_in_board_order(
    samples: RunningSandbox, reader: Caller
) -> None:
    board = samples.store.board("Warehouse")
    first = [card["id"] for card in board.ordered_cards()[:1000]]
    alone = reader.read(f"/boards/{board.id}/cards", filter="all", fields="id")
    nested = reader.read(f"/boards/{board.short_link}", cards="all", card_fields="id")
    assert [card["id"] for card in alone] == first
    assert [card["id"] for card in nested["cards"]] == first


def test_labels_come_fifty_at_a_time_unless_more_are_asked_for(
    samples: RunningSandbox, reader: Caller
) -> None:
    path = f"/boards/{board_id(samples, 'Warehouse')}"
    assert len(reader.read(f"{path}/labels")) == 50
    assert len(reader.read(f"{path}/labels", limit=1000)) == 70
    assert len(reader.read(path, labels="all")["labels"]) == 50
    assert len(reader.read(path, labels="all", labels_limit=1000)["labels"]) == 70


def test_cards_of_an_archived_list_are_not_closed(samples: RunningSandbox, reader: Caller) -> None:
    path = f"/boards/{board_id(samples, 'Content calendar')}"
    lists = {entry["name"]: entry for entry in reader.read(f"{path}/lists", filter="all")}
    archived = lists["Finished Q3"]
    assert archived["closed"]
    assert "Finished Q3" not in {entry["name"] for entry in reader.read(f"{path}/lists")}

    def ids_there(filter_: str) -> set[str]:
        cards = reader.read(f"{path}/cards", filter=filter_)
        return {card["id"] for card in cards if card["idList"] == archived["id"]}

    assert len(ids_there("open")) == 7
    assert not ids_there("visible")
    assert not ids_there("closed")


def test_the_samples_hold_the_traps(samples: RunningSandbox, reader: Caller) -> None:
    board = reader.read(
        f"/boards/{board_id(samples, 'Content calendar')}", cards="all", labels="all"
    )
    names = [label["name"] for label in board["labels"]]
    assert "" in names
    assert names.count("newsletter") == 2
    assert any(label["color"] is None for label in board["labels"])
    cards = board["cards"]
    assert {card["cardRole"] for card in cards} == {None, "separator", "link", "board", "mirror"}
    assert any(card["isTemplate"] for card in cards)
    assert any(card["closed"] for card in cards)
    assert {(card["due"] is None, card["dueComplete"]) for card in cards} == {
        (has_none, is_done) for has_none in (True, False) for is_done in (True, False)
    }
    for card in cards:
        assert [label["id"] for label in card["labels"]] == card["idLabels"]


def test_closed_boards_are_listed_unless_filtered(reader: Caller) -> None:
    boards = reader.read("/members/me/boards", fields="name,closed")
    names = {entry["name"] for entry in boards}
    assert "Website relaunch" in names
    assert "Partner plans" not in names
    for entry in reader.read("/members/me/boards", filter="open"):
        assert not entry["closed"]


def test_actions_page_back_to_the_first(samples: RunningSandbox, reader: Caller) -> None:
    board = samples.store.board("Content calendar")
    path = f"/boards/{board.id}/actions"
    assert len(reader.read(path)) == 50
    seen: list[str] = []
    before: dict[str, Any] = {}
    while page := reader.read(path, limit=100, **before):
        seen += [action["id"] for action in page]
        before = {"before": page[-1]["id"]}
    assert seen == [action["id"] for action in board.actions[::-1]]
    moves = reader.read(path, filter="updateCard:idList", limit=1000)
    assert moves
    assert all("listBefore" in action["data"] for action in moves)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/boards/000000000000000000000000", 404, "The requested resource was not found."),
        ("/boards/nonsense!", 400, "invalid id"),
        ("/nowhere", 404, "Cannot GET /1/nowhere"),
        (f"/boards/{BOARD_ID}/labels?limit=1001", 400, "invalid value for limit"),
        (f"/boards/{BOARD_ID}/cards?filter=odd", 400, "invalid value for filter"),
        ("/cards/000000000000000000000000", 404, "The requested resource was not found."),
    ],
)
def test_refusals_are_plain_text(mina: Caller, path: str, status: int, body: str) -> None:
    answer = mina.ask(path)
    assert (answer.status_code, answer.text) == (status, body)
    assert answer.headers["Content-Type"] == TEXT


def test_a_board_of_others_is_not_to_be_read(samples: RunningSandbox, reader: Caller) -> None:
    answer = reader.ask(f"/boards/{board_id(samples, 'Partner plans')}")
    assert (answer.status_code, answer.text) == (401, "unauthorized permission requested")


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"key": "wrong"}, "invalid key"),
        ({}, "missing scopes"),
        ({"token": "wrong"}, "invalid token"),
    ],
)
def test_credentials_are_refused_in_trellos_words(
    sandbox: RunningSandbox, given: dict[str, str], body: str
) -> None:
    answer = requests.get(
        f"{sandbox.api_url}/members/me", params={"key": sandbox.api_key} | given, timeout=5
    )
    assert (answer.status_code, answer.text) == (401, body)


def test_a_batch_splits_at_commas_and_reports_failures(mina: Caller) -> None:
    path = f"/boards/{BOARD_ID}"
    urls = f"{path}/lists?fields=name%2Cclosed,/boards/00000000"
    lists, missing = mina.read("/batch", urls=urls)
    assert lists["200"][0]["closed"] is False
    assert missing == {"message": "The requested resource was not found."}


def test_leaving_a_board_loses_it_and_ones_cards(
    sandbox: RunningSandbox, board: Board, mina: Caller
) -> None:
    person = sandbox.store.person("mina")
    changes.add_member(board, board.card("Write it"), person)
    changes.remove_member_from_board(board, person)
    assert mina.ask(f"/boards/{board.id}").status_code == 401
    assert person["id"] not in board.card("Write it")["idMembers"]
