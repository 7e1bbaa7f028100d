"""An item that comes from another workspace, from its import until it counts on the board again."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
import responses
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.models import KeyResult
from app.okrs.moving.models import WaitingSource
from app.trello.counting import COMPLETED, Criteria
from app.trello.models import AllowedBoard, Connection, TrelloSource
from app.trello.sources import criteria_of
from tests.okrs.moving.files import move_in
from tests.okrs.moving.rich import empty_workspace
from tests.support.client import Client
from tests.trello.boards import BOARD, board, card
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source

API = "https://api.trello.com/1"
OTHER = "f" * 24
CRITERIA = Criteria(list_ids=("done",), member_ids=("mina",), completion=COMPLETED)
CARDS = [
    card("done", name="Finished", idMembers=["mina"], dueComplete=True),
    card("done", name="Finished as well", idMembers=["mina"], dueComplete=True),
    card("done", name="Not hers", dueComplete=True),
    card("todo", name="Yet to do", idMembers=["mina"]),
]


@pytest.fixture
def trello() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        names = [
            {"id": BOARD, "name": "Content calendar", "closed": False, "url": "https://x"},
            {"id": OTHER, "name": "Other", "closed": False, "url": "https://x"},
        ]
        mock.get(f"{API}/members/me/boards", json=names)
        mock.get(f"{API}/boards/{BOARD}", json=board(CARDS))
        yield mock


@pytest.fixture
def imported(app: Flask, client: Client, alice: Person) -> str:
    """The page after the import into an empty workspace, where Alice is signed in."""
    client.sign_in(alice)
    part = make_key_result(make_objective(alice))
    part.measure.value = Fraction(7)
    source = make_source(part.measure, connect(app, alice), CRITERIA)
    source.board.name = "Content calendar"
    source.board.shape = {
        "lists": {"done": "Done"},
        "labels": {},
        "members": {"mina": "Mina Lund"},
    }
    db.session.commit()
    file = client.get("/okrs/export.json").get_data()
    empty_workspace()
    client.sign_in(alice)
    assert move_in(client, file, "okrs.json")["new"] == 2
    return "/admin/imports/1"


def its_page() -> str:
    """Of the key result that came in."""
    return f"/key-results/{db.session.scalars(select(KeyResult.id)).one()}"


def connect(app: Flask, alice: Person, *boards: str) -> Connection:
    """An account of Alice's that may show these boards; all of them where none is named."""
    allowed = [AllowedBoard(trello_id=one, name="Other") for one in boards]
    with app.app_context():
        return make_connection(alice, shows_all_boards=not boards, allowed_boards=allowed)


def test_from_the_import_to_a_figure_that_counts(
    app: Flask, client: Client, alice: Person, imported: str, trello: responses.RequestsMock
) -> None:
    waiting = client.page(imported).one("#waiting")
    assert "Content calendar" in waiting.text
    item = client.page(its_page())
    assert "This was linked to the board “Content calendar”" in item.one("#waiting").text
    assert item.one("[data-measure]")["data-value"] == "7.000000"

    link = item.one("#waiting a")["href"].partition("#")[0]
    assert waiting.one("a")["href"].partition("#")[0] == link
    page = client.page(link)
    assert "No Trello account is connected" in page.one("#source").text
    connect(app, alice)
    page = client.see(client.submit(page, "Reload connections"))
    assert page.field("Board").value == BOARD
    assert page.field("List").value == ["done"]
    assert page.field("Card owner").value == ["mina"]
    assert page.field("Completion status").value == COMPLETED
    assert page.one("[data-preview-value]").text == "2"
    page = client.follow(client.submit(page, "Save"))
    assert page.one("[data-measure]")["data-value"] == "2.000000"
    assert not page.all("#waiting")
    source = db.session.scalars(select(KeyResult)).one().measure.source
    assert isinstance(source, TrelloSource) and criteria_of(source) == CRITERIA
    assert db.session.get(WaitingSource, source.measure_id) is None
    assert not client.page(imported).all("#waiting")


def test_connections_are_tried_out_for_the_board_it_counted_on(
    app: Flask, client: Client, alice: Person, imported: str, trello: responses.RequestsMock
) -> None:
    able, unable = connect(app, alice), connect(app, alice, OTHER)
    page = client.page(f"{its_page()}/edit?link=1")
    assert page.field("Connection").value == str(unable.id)
    assert page.field("Board").value == ""
    assert "It counted on “Content calendar”, which this connection does not show." in page.text
    choice = {"trello_connection": str(able.id)}
    page = client.see(client.submit(page, "Show its boards", choice))
    assert page.field("Board").value == BOARD
    assert page.field("List").value == ["done"]
    assert "which this connection does not show" not in page.text


def test_another_board_may_be_chosen_instead(
    app: Flask, client: Client, alice: Person, imported: str, trello: responses.RequestsMock
) -> None:
    trello.get(f"{API}/boards/{OTHER}", json=board(CARDS) | {"id": OTHER})
    connect(app, alice)
    page = client.page(f"{its_page()}/edit?link=1")
    changes = {"trello_board": OTHER}
    page = client.see(client.submit(page, "Show its lists, owners and labels", changes))
    assert page.field("Board").value == OTHER
    assert page.field("List").value == [""]
    empty = client.submit(page, "Show its lists, owners and labels", {"trello_board": ""})
    assert client.see(empty).field("Board").value == ""
