"""Items that have ended: their cards are counted no more, until they are reopened."""

from datetime import timedelta

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import Measure
from app.trello.counting import Criteria
from app.trello.models import Board, SyncRun, TrelloSource
from app.trello.sources import apply_snapshot
from tests.okrs.items import count_of
from tests.support.client import Client
from tests.trello.boards import board, card, snapshot
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source


@pytest.fixture
def source_id(app: Flask, client: Client, alice: Person) -> int:
    """The source of a key result of Alice's, which is closed."""
    with app.app_context():
        connection = make_connection(alice)
        key_result = make_key_result(make_objective(alice))
        source = make_source(key_result.measure, connection, Criteria(list_ids=("done",)))
        apply_snapshot(db.session(), source.board, [source], snapshot(board([card("done")])))
        source.board.next_sync_at = utcnow() + timedelta(hours=1)
        db.session.commit()
        found = source.id
    client.sign_in(alice)
    client.post("/key-results/1/close", {"value": "1", "score": "0.1", "parts": "close"})
    return found


def test_it_says_so_and_is_not_refreshed(client: Client, source_id: int) -> None:
    page = client.page("/key-results/1")
    assert page.one("[data-sync]").text == "The item has ended, so nothing is counted any more."
    assert not page.named("Refresh")
    page = client.follow(client.post(f"/trello/sources/{source_id}/refresh"))
    assert page.flashes[-1].startswith("Nothing was refreshed. This key result is closed")
    assert count_of(SyncRun) == 0


def test_nothing_is_counted_until_it_is_reopened_and_then_at_once(
    app: Flask, client: Client, source_id: int
) -> None:
    def count_again() -> object:
        with app.app_context():
            source = db.session.get_one(TrelloSource, source_id)
            fresh = snapshot(board([card("done"), card("done")]))
            apply_snapshot(db.session(), source.board, [source], fresh)
            db.session.commit()
            return db.session.get_one(Measure, source.measure_id).value

    assert count_again() == 1
    client.post("/key-results/1/reopen")
    with app.app_context():
        assert db.session.get_one(Board, 1).next_sync_at <= utcnow()
    assert count_again() == 2
