"""What a criterion names and the board lost: the value stands still, and someone is asked to choose
again; when it comes back, counting goes on by itself."""

from dataclasses import dataclass
from typing import Any

import pytest
import responses
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import states_of
from app.okrs.models import Change, Evidence
from app.trello.counting import Criteria
from app.trello.models import TrelloSource
from app.trello.sync import sync_board
from tests.support.client import Client
from tests.support.html import Page
from tests.trello.boards import BOARD, board, card, label, member, trello_list
from tests.trello.linked import (
    make_connection,
    make_key_result,
    make_objective,
    make_source,
    queued_run,
    readings_of,
)

ADDRESS = f"https://api.trello.com/1/boards/{BOARD}"
BOARDS = "https://api.trello.com/1/members/me/boards"
POST = card("done", idLabels=["blog"], idMembers=["mina"], shortUrl="https://trello.com/c/1")


@dataclass
class Item:
    """A key result of Bob's, on a connection of Alice's, that counts one card."""

    app: Flask
    trello: responses.RequestsMock
    source_id: int
    path: str

    def sync(self, answer: dict[str, Any], **how: Any) -> None:
        self.trello.upsert(responses.GET, ADDRESS, **(how or {"json": answer}))
        with self.app.app_context():
            sync_board(queued_run(db.session.get_one(TrelloSource, self.source_id).board))

    def figures(self) -> tuple[int, int, int]:
        """The value, and how many readings and pieces of evidence there are."""
        with self.app.app_context():
            measure = db.session.get_one(TrelloSource, self.source_id).measure
            kept = db.session.scalars(select(Evidence)).all()
            return int(measure.value or 0), len(readings_of(measure)), len(kept)

    def needs_choice(self) -> bool:
        with self.app.app_context():
            source = db.session.get_one(TrelloSource, self.source_id)
            return states_of([source])[source.id].needs_choice


@pytest.fixture
def item(app: Flask, alice: Person, bob: Person, trello: responses.RequestsMock) -> Item:
    with app.app_context():
        criteria = Criteria(
            list_ids=("done",),
            label_ids=("blog",),
            member_ids=("mina",),
            excluded_label_ids=("story",),
        )
        key_result = make_key_result(make_objective(bob))
        source = make_source(key_result.measure, make_connection(alice), criteria)
        made = Item(app, trello, source.id, f"/key-results/{key_result.id}")
    made.sync(board([POST]))
    assert made.figures() == (1, 1, 1) and not made.needs_choice()
    return made


def said(page: Page) -> str:
    return page.one("[data-sync]").text


LOST = [
    ({"lists": [trello_list("todo")], "cards": []}, "The list “Done” was deleted."),
    (
        {"lists": [trello_list("todo"), trello_list("done", closed=True)]},
        "The list “Done” was archived.",
    ),
    ({"labels": [label("story", "story")]}, "The label “blog” was deleted."),
    ({"labels": [label("blog", "blog")]}, "The label “story” was deleted."),
    ({"members": [member("tom")]}, "Mina Lund is no longer on the board."),
    ({"closed": True}, "The board is closed in Trello"),
]


@pytest.mark.parametrize(("loss", "sentence"), LOST)
def test_the_value_stands_still_and_those_who_may_edit_are_asked_to_choose_again(
    client: Client, bob: Person, carol: Person, item: Item, loss: dict[str, Any], sentence: str
) -> None:
    item.sync(board([POST]) | loss)
    assert item.figures() == (1, 1, 1) and item.needs_choice()
    client.sign_in(bob)
    page = client.page(item.path)
    assert said(page).startswith(sentence)
    assert page.link("Choose again") == f"{item.path}/edit#source"
    assert page.one("[data-measure]")["data-value"] == "1.000000"
    client.sign_in(carol)
    page = client.page(item.path)
    assert not page.named("Choose again")
    assert "Bob Brown is asked to choose again." in said(page)
    assert sentence in client.page(f"/trello/sources/{item.source_id}/cards").text


@pytest.mark.parametrize(
    ("name", "colour", "sentence"),
    [
        ("", "green", "The green label was deleted."),
        ("", "sky_dark", "The sky dark label was deleted."),
        ("", None, "A label without a name was deleted."),
        ("warning label", "green", "The label “warning label” was deleted."),
        ("label", "green", "The label “label” was deleted."),
    ],
)
def test_a_label_without_a_name_is_told_by_its_colour(
    client: Client, bob: Person, item: Item, name: str, colour: str | None, sentence: str
) -> None:
    story = label("story", "story")
    item.sync(board([POST], labels=[label("blog", name, colour), story]))
    assert item.figures() == (1, 1, 1) and not item.needs_choice()
    item.sync(board([POST], labels=[story]))
    client.sign_in(bob)
    assert said(client.page(item.path)).startswith(sentence)


@pytest.mark.parametrize(("loss", "sentence"), LOST)
def test_when_it_is_back_the_next_sync_counts_again(
    client: Client, bob: Person, item: Item, loss: dict[str, Any], sentence: str
) -> None:
    item.sync(board([POST]) | loss)
    item.sync(board([POST, {**POST, "id": "second"}]))
    assert item.figures() == (2, 2, 2) and not item.needs_choice()
    client.sign_in(bob)
    page = client.page(item.path)
    assert sentence not in page.text and not page.named("Choose again")


def test_a_board_that_is_lost_asks_to_choose_again(client: Client, bob: Person, item: Item) -> None:
    item.sync({}, status=404, body="The requested resource was not found.")
    assert item.figures() == (1, 1, 1) and item.needs_choice()
    client.sign_in(bob)
    assert client.page(item.path).link("Choose again") == f"{item.path}/edit#source"


def test_trello_being_away_asks_nobody_to_choose(client: Client, bob: Person, item: Item) -> None:
    item.sync({}, status=503)
    assert item.figures() == (1, 1, 1) and not item.needs_choice()
    client.sign_in(bob)
    assert not client.page(item.path).named("Choose again")


def test_renames_change_the_words_and_nothing_else(client: Client, bob: Person, item: Item) -> None:
    item.sync(
        board(
            [{**POST, "name": "Renamed"}],
            name="Editorial calendar",
            lists=[trello_list("done", "Finished"), trello_list("todo")],
            labels=[label("blog", "article"), label("story", "tale")],
            members=[member("mina", "Mina Berg")],
        )
    )
    assert item.figures() == (1, 1, 1) and not item.needs_choice()
    with item.app.app_context():
        assert db.session.scalars(select(Change)).all() == []
    client.sign_in(bob)
    words = "Cards on Editorial calendar in Finished, owned by Mina Berg, labelled article, not"
    assert words in client.page(item.path).one("#source-panel").text


def test_the_form_holds_on_to_what_is_gone_until_it_is_chosen_again(
    client: Client, bob: Person, alice: Person, item: Item
) -> None:
    item.sync(board([POST]) | {"labels": [label("story", "story")]})
    mine = [{"id": BOARD, "name": "Content calendar", "url": "https://trello.com/b/content"}]
    item.trello.get(BOARDS, json=[one | {"closed": False} for one in mine])
    client.sign_in(alice)
    page = client.page(f"{item.path}/edit")
    assert "blog, gone" in page.field("Label").options
    client.follow(client.submit(page, "Save", {"title": "Another title"}))
    assert item.figures() == (1, 1, 1) and item.needs_choice()
    page = client.page(f"{item.path}/edit")
    saved = client.follow(client.submit(page, "Save", {"trello_label": None}))
    assert not saved.named("Choose again") and not item.needs_choice()
