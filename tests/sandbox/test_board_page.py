"""The pages that people click change the board and leave the actions that Trello would."""

import re

import pytest
import requests

from sandbox import RunningSandbox
from sandbox.board import Board, Record
from tests.sandbox.conftest import Caller


def press(sandbox: RunningSandbox, board: Board, path: str, **fields: str) -> requests.Response:
    page = requests.post(f"{sandbox.url}/b/{board.short_link}/{path}", data=fields, timeout=5)
    assert page.status_code == 200, page.text
    assert board.name in page.text
    return page


def last_action(board: Board) -> Record:
    return board.actions[-1]


def test_move_leaves_both_lists_in_the_record(sandbox: RunningSandbox, board: Board) -> None:
    done = board.list_("Done")["id"]
    press(sandbox, board, "cards/card0001/move", list=done)
    data = last_action(board)["data"]
    assert board.card("Write it")["idList"] == done
    assert data["old"] == {"idList": board.list_("Doing")["id"]}
    assert (data["listBefore"]["name"], data["listAfter"]["name"]) == ("Doing", "Done")


@pytest.mark.parametrize(
    ("path", "field", "old", "new"),
    [("complete", "dueComplete", False, True), ("archive", "closed", False, True)],
)
def test_switches_record_the_old_value(
    sandbox: RunningSandbox, board: Board, path: str, field: str, old: bool, new: bool
) -> None:
    press(sandbox, board, f"cards/card0001/{path}", on="true")
    assert board.card("Write it")[field] is new
    assert last_action(board)["type"] == "updateCard"
    assert last_action(board)["data"]["old"] == {field: old}
    press(sandbox, board, f"cards/card0001/{path}", on="false")
    assert board.card("Write it")[field] is old


def test_labels_members_names_and_new_cards(sandbox: RunningSandbox, board: Board) -> None:
    mina = sandbox.store.person("mina")
    press(sandbox, board, "cards/card0001/labels/add", label=board.label("")["id"])
    assert last_action(board)["data"]["old"] == {"idLabels": [board.label("bug")["id"]]}
    press(sandbox, board, "cards/card0001/labels/remove", label=board.label("bug")["id"])
    assert board.card("Write it")["idLabels"] == [board.label("")["id"]]
    press(sandbox, board, "cards/card0001/members/add", member=mina["id"])
    assert last_action(board)["type"] == "addMemberToCard"
    assert last_action(board)["data"]["idMember"] == mina["id"]
    press(sandbox, board, "cards/card0001/members/remove", member=mina["id"])
    assert last_action(board)["type"] == "removeMemberFromCard"
    press(sandbox, board, "cards/card0001/rename", name="Write it again")
    assert last_action(board)["data"]["old"] == {"name": "Write it"}
    press(sandbox, board, "cards", list=board.list_("Done")["id"], name="Bind it")
    assert last_action(board)["type"] == "createCard"
    assert board.card("Bind it")["idShort"] == 4


def test_an_archived_list_keeps_its_cards_open(
    sandbox: RunningSandbox, board: Board, mina: Caller
) -> None:
    page = press(sandbox, board, f"lists/{board.list_('Done')['id']}/archive", on="true")
    assert last_action(board)["type"] == "updateList"
    assert last_action(board)["data"]["old"] == {"closed": False}
    assert "Archived lists" in page.text
    assert mina.read(f"/cards/{board.card('Print it')['id']}")["closed"] is False


def test_the_author_is_whom_the_visitor_acts_as(sandbox: RunningSandbox, board: Board) -> None:
    tom = sandbox.store.person("tom")
    with requests.Session() as browser:
        browser.post(f"{sandbox.url}/acting-as", data={"member": tom["id"]}, timeout=5)
        assert set(browser.cookies.keys()) == {"sandbox_session"}
        browser.post(
            f"{sandbox.url}/b/smallone/cards/card0001/complete", data={"on": "true"}, timeout=5
        )
    assert last_action(board)["idMemberCreator"] == tom["id"]


def test_controls_are_named(sandbox: RunningSandbox) -> None:
    page = requests.get(f"{sandbox.url}/b/smallone/small-board?edit=card0001", timeout=5).text
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for control in re.findall(r"<(?:select|input(?! type=\"hidden\"))[^>]*>", page):
        name = re.search(r'id="([^"]+)"', control)
        assert name, control
        assert f'<label for="{name[1]}"' in page
    assert "Add label" in page
    for reference in re.findall(r'aria-labelledby="([^"]+)"', page):
        assert reference in ids


def test_a_cards_address_leads_to_it_on_its_board(
    samples: RunningSandbox,
) -> None:
    board = samples.store.board("Warehouse")
    card = board.cards_in(board.list_("Inbox"))[-1]
    page = requests.get(f"{samples.url}/c/{card['shortLink']}", timeout=5)
    assert page.url.endswith(f"#card-{card['shortLink']}")
    assert f'id="card-{card["shortLink"]}"' in page.text


def test_a_big_board_shows_fifty_cards_a_list(samples: RunningSandbox) -> None:
    board = samples.store.board("Warehouse")
    page = requests.get(f"{samples.url}/b/{board.short_link}", timeout=5).text
    inbox = board.list_("Inbox")
    shown = [card for card in board.cards_in(inbox) if f'id="card-{card["shortLink"]}"' in page]
    assert len(shown) == 50
    assert "Show all" in page


@pytest.mark.parametrize("path", ["/", "/faults", "/u/mina/account", "/u/tom/account"])
def test_pages_open(samples: RunningSandbox, path: str) -> None:
    page = requests.get(samples.url + path, timeout=5)
    assert page.status_code == 200
    assert page.text.count("<h1>") == 1


def test_a_token_is_revoked_from_the_account_page(sandbox: RunningSandbox, mina: Caller) -> None:
    requests.post(f"{sandbox.url}/u/mina/account/{mina.token.id}/revoke", timeout=5)
    assert mina.ask("/members/me").text == "invalid token"


def test_an_expired_token_says_so(sandbox: RunningSandbox, mina: Caller) -> None:
    requests.post(f"{sandbox.url}/u/mina/account/{mina.token.id}/expire", timeout=5)
    assert mina.ask("/members/me").text == "expired token"


def test_what_does_not_exist_is_not_found(sandbox: RunningSandbox) -> None:
    for path in ("/b/nowhere1", "/c/nowhere1", "/u/nobody/account", "/nowhere"):
        assert requests.get(sandbox.url + path, timeout=5).status_code == 404
