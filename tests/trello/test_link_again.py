"""Linking an item as another one is linked: who may, and that it counts the same soon."""

from datetime import timedelta

import pytest

from app.accounts.models import Person
from app.db import db, utcnow
from app.trello.counting import Criteria
from app.trello.link_again import link_again, linkable_again
from app.trello.models import EVERYONE, AllowedBoard, Connection, TrelloSource
from app.trello.sources import criteria_of
from tests.trello.boards import BOARD
from tests.trello.linked import make_key_result, make_objective


def version_of(source: TrelloSource) -> int:
    return source.versions[-1].id


def test_who_may_use_the_connection_may_link_to_the_same(
    source: TrelloSource, connection: Connection, alice: Person, bob: Person
) -> None:
    assert linkable_again(alice, [source]) == {version_of(source)}
    assert linkable_again(bob, [source]) == set()
    connection.sharing = EVERYONE
    db.session.commit()
    assert linkable_again(bob, [source]) == {version_of(source)}


@pytest.mark.parametrize("boards", [[], [BOARD]])
def test_only_to_a_board_that_it_still_shows(
    source: TrelloSource, connection: Connection, alice: Person, boards: list[str]
) -> None:
    connection.shows_all_boards = False
    connection.allowed_boards = [AllowedBoard(trello_id=one, name="Launch") for one in boards]
    db.session.commit()
    assert linkable_again(alice, [source]) == ({version_of(source)} if boards else set())


def test_not_by_one_that_is_disconnected(
    source: TrelloSource, connection: Connection, alice: Person
) -> None:
    connection.disconnected_at = utcnow()
    db.session.commit()
    assert linkable_again(alice, [source]) == set()


def test_it_counts_the_same_and_soon(source: TrelloSource, alice: Person) -> None:
    source.board.next_sync_at = utcnow() + timedelta(hours=1)
    source.shows_cards = False
    key_result = make_key_result(make_objective(alice))
    link_again(source, key_result.measure, alice)
    db.session.commit()
    made = key_result.measure.source
    assert isinstance(made, TrelloSource) and made.id != source.id
    assert criteria_of(made) == criteria_of(source) == Criteria(list_ids=("done",))
    assert made.board is source.board and not made.shows_cards
    assert source.board.next_sync_at <= utcnow()
