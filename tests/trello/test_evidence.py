"""Evidence as it is kept: rarely whole, read back exactly, in a bounded number of statements."""

import json
import zlib
from collections.abc import Iterable
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import Evidence
from app.trello.card_records import CardRecord
from app.trello.counting import Criteria
from app.trello.evidence.reading import CHAIN, evidence_at, history
from app.trello.models import Connection, TrelloSource
from app.trello.sources import apply_snapshot, relink
from tests.support.sql import count_statements
from tests.trello.boards import board, card, label, member, snapshot, trello_list
from tests.trello.linked import make_key_result, make_objective, make_source, readings_of


def count_on(source: TrelloSource, cards: list[dict[str, Any]], **values: Any) -> int:
    """Count on a board with these cards, each time a minute later."""
    later = (source.counted_at or utcnow()) + timedelta(minutes=1)
    changed = apply_snapshot(
        db.session(), source.board, [source], snapshot(board(cards, **values), later)
    )
    db.session.commit()
    return changed


def rows_of(source: TrelloSource) -> list[Evidence]:
    db.session.expire_all()
    return list(db.session.scalars(select(Evidence).order_by(Evidence.id)))


def cards_at(source: TrelloSource, evidence: Evidence) -> list[CardRecord]:
    """As the page reads them."""
    return history(source.id, 1, evidence.id)[0]


def names(cards: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(one["name"] for one in cards)


@pytest.mark.both_databases
def test_a_small_change_keeps_only_what_came_and_went(source: TrelloSource) -> None:
    cards = [card("done", name=f"Post {number}") for number in range(12)]
    assert count_on(source, cards) == 1
    assert count_on(source, [*cards[1:], card("done", name="New"), card("done", name="Two")]) == 1
    whole, delta = rows_of(source)
    assert (whole.base_id, delta.base_id) == (None, whole.id)
    content = json.loads(zlib.decompress(delta.payload))
    assert names(content["entered"]) == ["New", "Two"] and content["left"] == [cards[0]["id"]]
    assert len(cards_at(source, whole)) == 12
    assert names(cards_at(source, delta)) == names([*cards[1:], {"name": "New"}, {"name": "Two"}])


@pytest.mark.parametrize("count", [1, 20, 25, 30, 400])
def test_evidence_of_any_size_is_read_back(source: TrelloSource, count: int) -> None:
    """From three hundred bytes to a hundred thousand, packed with a small window or the usual."""
    cards = [card("done", name=f"Post {number} {token_hex(60)}") for number in range(count)]
    count_on(source, cards)
    [whole] = rows_of(source)
    assert names(cards_at(source, whole)) == names(cards)


@pytest.mark.both_databases
def test_one_in_and_one_out_is_evidence_without_a_point(source: TrelloSource) -> None:
    cards = [card("done") for _ in range(4)]
    count_on(source, cards)
    assert count_on(source, [*cards[1:], card("done", name="Swapped in")]) == 0
    (reading,) = readings_of(source.measure)
    first, second = rows_of(source)
    assert reading.evidence_id == first.id
    assert source.counted_at is not None
    assert evidence_at(source.id, source.counted_at) == second.id
    kept, (newest, _) = history(source.id, 10)
    assert "Swapped in" in names(kept)
    assert (names(newest.entered), names(newest.left)) == (["Swapped in"], [cards[0]["name"]])


def test_a_completed_card_is_kept_as_such_and_told_as_a_change(source: TrelloSource) -> None:
    cards = [card("done", name=f"Post {number}") for number in range(4)]
    count_on(source, cards)
    cards[2]["dueComplete"] = True
    count_on(source, cards)
    kept, (newest, _) = history(source.id, 10)
    assert [one["name"] for one in kept if one["completed"]] == ["Post 2"]
    assert (names(newest.marked), newest.entered, newest.left) == (["Post 2"], [], [])
    assert (newest.matching_count, newest.completed_count) == (4, 1)


def test_renames_change_the_words_and_write_nothing(connection: Connection, alice: Person) -> None:
    criteria = Criteria(
        list_ids=("done",), label_ids=("blog",), member_ids=("mina",), excluded_label_ids=("red",)
    )
    measure = make_key_result(make_objective(alice)).measure
    source = make_source(measure, connection, criteria)
    one = card("done", name="Post", idLabels=["blog"], idMembers=["mina"])
    count_on(source, [one])
    changed = count_on(
        source,
        [{**one, "name": "Renamed"}],
        name="Other calendar",
        lists=[trello_list("done", "Finished")],
        labels=[label("blog", "article"), label("red", "later")],
        members=[member("mina", "Mina Berg")],
    )
    assert changed == 0 and source.frozen_reason is None
    assert len(rows_of(source)) == 1 and len(readings_of(measure)) == 1
    assert (source.board.name, source.board.shape["lists"]["done"]) == (
        "Other calendar",
        "Finished",
    )


@pytest.mark.both_databases
def test_a_long_run_of_changes_is_whole_again_every_so_often(source: TrelloSource) -> None:
    cards = [card("done") for _ in range(10)]
    for number in range(2 * CHAIN + 3):
        count_on(source, [*cards, *(card("done") for _ in range(number % 3))])
    rows = rows_of(source)
    wholes = [place for place, row in enumerate(rows) if row.base_id is None]
    assert wholes == [0, CHAIN, 2 * CHAIN]
    assert [row.base_id for row in rows[1:CHAIN]] == [row.id for row in rows[: CHAIN - 1]]


@pytest.mark.both_databases
def test_reading_takes_one_statement_whatever_the_number_of_changes(source: TrelloSource) -> None:
    cards = [card("done") for _ in range(10)]
    for number in range(CHAIN + 5):
        count_on(source, cards[: 10 - number % 2])
    newest = rows_of(source)[-1]
    source_id = source.id
    with count_statements() as statements:
        assert len(history(source_id, 1, newest.id)[0]) == 10
    assert len(statements) == 1
    with count_statements() as statements:
        _, changes = history(source_id, 100)
    assert len(statements) == 1 and len(changes) == CHAIN + 5


def test_counting_reads_and_updates_in_as_many_statements_for_ten_sources_as_for_two(
    connection: Connection, alice: Person
) -> None:
    def statements_for(count: int, board_id: str) -> int:
        sources = [
            make_source(make_key_result(make_objective(alice)).measure, connection, board=board_id)
            for _ in range(count)
        ]
        cards = [card("todo") for _ in range(8)]
        later = utcnow() + timedelta(minutes=1)
        apply_snapshot(db.session(), sources[0].board, sources, snapshot(board(cards), later))
        db.session.commit()
        more = snapshot(board([*cards, card("todo")]), later + timedelta(minutes=1))
        with count_statements() as statements:
            assert apply_snapshot(db.session(), sources[0].board, sources, more) == count
            db.session.flush()
        return len([one for one in statements if not one.startswith("INSERT")])

    assert statements_for(10, "b10") <= statements_for(2, "b02")


def test_evidence_from_before_is_still_read_and_built_upon(source: TrelloSource) -> None:
    cards = [card("done", name=f"Post {number}") for number in range(4)]
    count_on(source, cards)
    (row,) = rows_of(source)
    assert isinstance(json.loads(zlib.decompress(row.payload)), list)
    count_on(source, cards[:-1])
    _, delta = rows_of(source)
    assert delta.base_id == row.id
    assert names(cards_at(source, delta)) == ["Post 0", "Post 1", "Post 2"]


def test_other_criteria_begin_with_a_whole_row_and_say_so(
    source: TrelloSource, alice: Person
) -> None:
    here, there = card("done", name="Here"), card("todo", name="There")
    count_on(source, [here, there])
    relink(source, source.board, Criteria(list_ids=("todo",)), alice)
    db.session.commit()
    count_on(source, [here, there])
    _, second = rows_of(source)
    assert second.base_id is None
    _, (newest, first) = history(source.id, 5)
    assert newest.is_recount and not newest.is_first and first.is_first
    assert (names(newest.entered), names(newest.left)) == (["There"], ["Here"])


POOL = [card("done", name=f"Card {number}") for number in range(12)]
STATES = st.lists(
    st.dictionaries(st.integers(0, 11), st.booleans(), max_size=12), min_size=1, max_size=8
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None
)
@given(states=STATES)
def test_every_set_is_read_back_as_it_was(
    source: TrelloSource, states: list[dict[int, bool]]
) -> None:
    for state in states:
        cards = [{**POOL[place], "dueComplete": done} for place, done in state.items()]
        count_on(source, cards)
        newest = rows_of(source)[-1]
        kept = {one["id"]: one["completed"] for one in cards_at(source, newest)}
        assert kept == {POOL[place]["id"]: done for place, done in state.items()}
        cards_now, (last, *_) = history(source.id, 1)
        assert len(cards_now) == last.matching_count == len(state)
