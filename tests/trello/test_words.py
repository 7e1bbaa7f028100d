"""Criteria as a person would say them."""

import pytest

from app.trello.counting import Criteria
from app.trello.models import Board
from app.trello.shape import shape_of
from app.trello.words import criteria_in_words
from tests.trello.boards import board, snapshot


@pytest.mark.parametrize(
    ("criteria", "words"),
    [
        (Criteria(), "Cards on Plans."),
        (Criteria(list_ids=("todo", "done")), "Cards on Plans in Todo or Done."),
        (Criteria(member_ids=("mina",)), "Cards on Plans, owned by Mina Lund."),
        (
            Criteria(member_ids=("mina", "tom"), or_nobody=True),
            "Cards on Plans, owned by Mina Lund, Tom Okafor or nobody.",
        ),
        (Criteria(or_nobody=True), "Cards on Plans, owned by nobody."),
        (Criteria(label_ids=("blog",)), "Cards on Plans, labelled blog."),
        (
            Criteria(label_ids=("blog",), or_no_label=True),
            "Cards on Plans, labelled blog or not at all.",
        ),
        (Criteria(or_no_label=True), "Cards on Plans, without a label."),
        (Criteria(excluded_label_ids=("red",)), "Cards on Plans, not labelled red label."),
        (
            Criteria(completion="completed", due="has"),
            "Cards on Plans, completed, with a due date.",
        ),
        (
            Criteria(completion="not_completed", due="none", with_archived=True),
            "Cards on Plans, not completed, without a due date, archived ones too.",
        ),
        (Criteria(list_ids=("gone",)), "Cards on Plans in unnamed list."),
        (Criteria(member_ids=("gone",)), "Cards on Plans, owned by a former member."),
    ],
)
def test_each_criterion_has_its_words(criteria: Criteria, words: str) -> None:
    plans = Board(name="Plans", shape=shape_of(snapshot(board()).frame))
    assert criteria_in_words(criteria, plans) == words
