"""Which cards count: each criterion by example, all together against an independent count."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.trello.answers import MOST_LABELS
from app.trello.board_index import BoardIndex
from app.trello.counting import Criteria, Gone, Matcher, count, gone
from app.trello.failures import OddAnswer
from tests.trello.boards import board, card, label, snapshot, trello_list


def matching(criteria: Criteria, *cards: dict[str, Any]) -> list[str]:
    return [one.name for one in count(criteria, snapshot(board(list(cards)))).matching]


def test_a_card_in_an_archived_list_is_left_out_though_it_is_not_closed() -> None:
    cards = card("old", name="in archived list"), card("todo", name="here")
    assert matching(Criteria(), *cards) == ["here"]
    assert matching(Criteria(with_archived=True), *cards) == ["in archived list", "here"]


def test_archived_cards_are_left_out_but_offered() -> None:
    cards = [card(closed=True, dueComplete=True), card("old", dueComplete=True), card()]
    result = count(Criteria(), snapshot(board(cards)))
    assert (result.matching_count, result.archived_left_out) == (1, 2)
    counted = count(Criteria(with_archived=True), snapshot(board(cards)))
    assert (counted.matching_count, counted.completed_count) == (3, 2)
    assert counted.percentage == Fraction(200, 3)


@pytest.mark.parametrize("role", ["separator", "board", "mirror", "link"])
def test_what_only_looks_like_a_card_never_counts(role: str) -> None:
    cards = card(name="real"), card(name="other", cardRole=role)
    assert matching(Criteria(with_archived=True), *cards) == ["real"]


def test_templates_never_count() -> None:
    assert matching(Criteria(), card(name="real"), card(isTemplate=True)) == ["real"]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (Criteria(), "abcdef"),
        (Criteria(list_ids=("done",)), "ef"),
        (Criteria(list_ids=("todo", "done")), "abcdef"),
        (Criteria(member_ids=("mina",)), "bd"),
        (Criteria(member_ids=("mina", "tom")), "bcd"),
        (Criteria(or_nobody=True), "aef"),
        (Criteria(member_ids=("tom",), or_nobody=True), "acdef"),
        (Criteria(label_ids=("blog",)), "ad"),
        (Criteria(label_ids=("blog", "red")), "ade"),
        (Criteria(or_no_label=True), "bcf"),
        (Criteria(label_ids=("red",), or_no_label=True), "bcef"),
        (Criteria(excluded_label_ids=("story",)), "abcef"),
        (Criteria(label_ids=("blog",), excluded_label_ids=("story",)), "a"),
        (Criteria(completion="completed"), "df"),
        (Criteria(completion="not_completed"), "abce"),
        (Criteria(due="has"), "cd"),
        (Criteria(due="none"), "abef"),
        (Criteria(due="has", completion="completed"), "d"),
        (Criteria(list_ids=("done",), completion="completed"), "f"),
    ],
)
def test_each_criterion_and_all_of_them_hold(criteria: Criteria, expected: str) -> None:
    due = "2026-11-01T10:00:00.000Z"
    cards = (
        card(name="a", idLabels=["blog"]),
        card(name="b", idMembers=["mina"]),
        card(name="c", idMembers=["tom"], due=due),
        card(
            name="d",
            idMembers=["mina", "tom"],
            idLabels=["blog", "story"],
            due=due,
            dueComplete=True,
        ),
        card("done", name="e", idLabels=["red"]),
        card("done", name="f", dueComplete=True),
    )
    assert "".join(matching(criteria, *cards)) == expected


def test_no_card_that_matches_is_zero_percent() -> None:
    result = count(Criteria(list_ids=("done",)), snapshot(board([card()])))
    assert result.percentage == 0 and result.matching_count == 0


def test_the_share_is_exact() -> None:
    cards = [card(dueComplete=True), card(), card()]
    assert count(Criteria(), snapshot(board(cards))).percentage == Fraction(100, 3)


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (Criteria(list_ids=("todo",)), []),
        (Criteria(list_ids=("todo", "lost")), [Gone("list", "lost")]),
        (Criteria(list_ids=("old",)), [Gone("archived list", "old")]),
        (Criteria(list_ids=("old",), with_archived=True), []),
        (Criteria(label_ids=("lost",)), [Gone("label", "lost")]),
        (Criteria(excluded_label_ids=("lost",)), [Gone("label", "lost")]),
        (Criteria(member_ids=("lost",)), [Gone("member", "lost")]),
        (Criteria(or_nobody=True, or_no_label=True), []),
    ],
)
def test_what_the_board_no_longer_has_is_named(criteria: Criteria, expected: list[Gone]) -> None:
    assert gone(criteria, snapshot(board()).frame) == expected


def test_a_missing_label_is_not_called_gone_when_the_answer_was_full() -> None:
    full = board(labels=[label(f"label {number}") for number in range(MOST_LABELS)])
    with pytest.raises(OddAnswer):
        gone(Criteria(label_ids=("beyond",)), snapshot(full).frame)


LISTS = ["l1", "l2", "l3", "l4"]
LABELS = ["a", "b", "c"]
PEOPLE = ["x", "y", "z"]
CARDS = st.lists(
    st.builds(
        lambda **values: card(values.pop("list_id"), **values),
        list_id=st.sampled_from(LISTS),
        closed=st.booleans(),
        dueComplete=st.booleans(),
        due=st.sampled_from([None, "2026-11-01T10:00:00.000Z"]),
        idLabels=st.lists(st.sampled_from(LABELS), unique=True),
        idMembers=st.lists(st.sampled_from(PEOPLE), unique=True),
        isTemplate=st.booleans(),
        cardRole=st.sampled_from([None, None, None, "separator", "mirror"]),
    ),
    max_size=30,
)


def subset(of: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(of), unique=True).map(tuple)


CRITERIA = st.builds(
    Criteria,
    list_ids=subset(LISTS[:3]),
    member_ids=subset(PEOPLE),
    or_nobody=st.booleans(),
    label_ids=subset(LABELS),
    or_no_label=st.booleans(),
    excluded_label_ids=subset(LABELS),
    completion=st.sampled_from(["any", "completed", "not_completed"]),
    due=st.sampled_from(["any", "has", "none"]),
    with_archived=st.booleans(),
)


@given(cards=CARDS, criteria=CRITERIA)
def test_any_criteria_on_any_board_equal_a_plain_count_on_the_raw_answer(
    cards: list[dict[str, Any]], criteria: Criteria
) -> None:
    archived = "l4"
    answer = board(
        cards,
        lists=[trello_list(one, closed=one == archived) for one in LISTS],
        labels=[label(one) for one in LABELS],
    )
    expected = []
    for one in cards:
        if one["isTemplate"] or one["cardRole"]:
            continue
        if not criteria.with_archived and (one["closed"] or one["idList"] == archived):
            continue
        if criteria.list_ids and one["idList"] not in criteria.list_ids:
            continue
        owners, labels = set(one["idMembers"]), set(one["idLabels"])
        wanted = set(criteria.member_ids)
        if (wanted or criteria.or_nobody) and not (
            owners & wanted or (criteria.or_nobody and not owners)
        ):
            continue
        wanted = set(criteria.label_ids)
        if (wanted or criteria.or_no_label) and not (
            labels & wanted or (criteria.or_no_label and not labels)
        ):
            continue
        if labels & set(criteria.excluded_label_ids):
            continue
        if criteria.completion == "completed" and not one["dueComplete"]:
            continue
        if criteria.completion == "not_completed" and one["dueComplete"]:
            continue
        if criteria.due == "has" and one["due"] is None:
            continue
        if criteria.due == "none" and one["due"] is not None:
            continue
        expected.append(one["id"])
    result = count(criteria, snapshot(answer))
    assert [one.id for one in result.matching] == expected
    completed = sum(one["dueComplete"] for one in cards if one["id"] in expected)
    assert result.completed_count == completed


@given(criteria=CRITERIA)
def test_criteria_survive_being_stored(criteria: Criteria) -> None:
    assert Criteria.from_definition(criteria.definition()) == criteria


@given(cards=CARDS, criteria=CRITERIA)
def test_the_index_counts_as_the_plain_form_does(
    cards: list[dict[str, Any]], criteria: Criteria
) -> None:
    lists = [trello_list(one, closed=one == "l4") for one in LISTS]
    whole = snapshot(board(cards, lists=lists))
    index, plain = BoardIndex(whole), count(criteria, whole)
    tally = index.count(criteria)
    assert {one.id for one in index.cards(tally.cards)} == {one.id for one in plain.matching}
    assert tally.matching_count == plain.matching_count
    assert tally.completed_count == plain.completed_count


def test_the_digest_tells_sets_and_completion_apart_and_nothing_else() -> None:
    one, two = card("done"), card("todo")

    def digest(*cards: dict[str, Any], lists: tuple[str, ...] = ()) -> str:
        index = BoardIndex(snapshot(board(list(cards))))
        return index.digest(index.count(Criteria(list_ids=lists)).cards)

    assert digest(one, two) == digest({**two, "name": "Renamed"}, {**one, "idLabels": ["blog"]})
    assert digest(one, two, lists=("done",)) == digest(one)
    assert len({digest(), digest(one), digest({**one, "dueComplete": True}), digest(one, two)}) == 4


@given(cards=CARDS, criteria=CRITERIA)
def test_a_card_has_a_reason_not_to_count_exactly_when_it_does_not(
    cards: list[dict[str, Any]], criteria: Criteria
) -> None:
    lists = [trello_list(one, closed=one == "l4") for one in LISTS]
    whole = snapshot(board(cards, lists=lists))
    matcher = Matcher(criteria, whole.frame)
    counted = {one.id for one in count(criteria, whole).matching}
    assert {one.id for one in whole.cards if not list(matcher.why_not(one))} == counted
