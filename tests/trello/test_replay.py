"""A board's past, rebuilt backwards: equal to what was seen, wherever it is claimed."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.trello.counting import COMPLETED, HAS_DUE, NO_DUE, NOT_COMPLETED, Criteria
from app.trello.past.judging import CountedPast, count_past
from app.trello.past.points import CountedCard
from app.trello.past.replay import LABELS_SINCE, Record, rebuild
from app.trello.past.words import gap_sentences
from sandbox.clock import iso
from tests.trello import happenings
from tests.trello.forward import play
from tests.trello.happenings import (
    BEFORE_LABELS,
    HAPPENINGS,
    LATER,
    NEED_A_CARD,
    Happening,
    World,
)

NUMBERS = st.integers(min_value=0, max_value=50)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(HAPPENINGS),
        NUMBERS,
        NUMBERS,
        st.one_of(
            st.integers(min_value=0, max_value=3),
            st.integers(min_value=60_000, max_value=3 * 24 * 3_600_000),
        ),
    ),
    max_size=30,
)
"""What happens, to what, and how many milliseconds after what was before."""


def world_of(begins_at: datetime, steps: list[tuple[Happening, int, int, int]]) -> World:
    world = World(begins_at)
    for number in range(4):
        world.step(timedelta(hours=1), happenings.add, number, number)
    for happen, first, second, milliseconds in steps:
        if happen in NEED_A_CARD and not world.cards:
            happen = happenings.add
        world.step(timedelta(milliseconds=milliseconds), happen, first, second)
    return world


def questions(world: World) -> list[Criteria]:
    lists = [one["id"] for one in world.lists]
    bug, mina = world.labels[0]["id"], world.members[0]["id"]
    return [
        Criteria(),
        Criteria(with_archived=True),
        Criteria(list_ids=tuple(lists[:1])),
        Criteria(list_ids=tuple(lists[-2:]), completion=COMPLETED),
        Criteria(completion=NOT_COMPLETED, with_archived=True),
        Criteria(due=HAS_DUE),
        Criteria(due=NO_DUE, list_ids=tuple(lists[1:2])),
        Criteria(label_ids=(bug,)),
        Criteria(label_ids=(bug,), or_no_label=True),
        Criteria(excluded_label_ids=(bug,)),
        Criteria(member_ids=(mina,)),
        Criteria(or_nobody=True),
        Criteria(member_ids=(mina,), label_ids=(bug,), list_ids=tuple(lists[:2])),
    ]


def past_of(world: World, criteria: Criteria, most: int | None = None) -> CountedPast:
    until = world.clock.moment + timedelta(milliseconds=1)
    board = rebuild(world.snapshot(), world.record(most))
    return count_past(board, criteria, world.seen[0][0], until)


def check(world: World, criteria: Criteria, most: int | None = None) -> CountedPast:
    """Whatever is claimed is what was seen, card by card."""
    past = past_of(world, criteria, most)
    if past.reaches_to is None:
        assert past.gaps or not world.board.actions
        return past
    claimed = {point.moment for point in past.points}
    for moment, counted in world.counted(criteria):
        if moment >= past.reaches_to:
            assert_same(cards_at(past, moment), counted, moment)
            claimed.discard(moment)
    assert claimed <= {past.reaches_to}, "something is said to have changed when nothing happened"
    return past


def assert_same(told: Iterable[CountedCard], seen: Iterable[CountedCard], at: datetime) -> None:
    """The same cards. Of what else they bore nothing is made up, though something may be missing:
    labels that were deleted since, owners who vanished."""
    told_by_id, seen_by_id = ({card.id: card for card in cards} for cards in (told, seen))
    assert told_by_id.keys() == seen_by_id.keys()
    for card_id, card in told_by_id.items():
        really = seen_by_id[card_id]
        assert (card.list_id, card.is_completed) == (really.list_id, really.is_completed)
        assert set(card.label_ids) <= set(really.label_ids)
        assert set(card.member_ids) <= set(really.member_ids)


def cards_at(past: CountedPast, moment: datetime) -> list[CountedCard]:
    """From the points as they are, to see cards without their names."""
    counting: dict[str, CountedCard] = {}
    for point in past.points:
        if point.moment <= moment:
            for card_id in point.gone:
                del counting[card_id]
            counting.update((card.id, card) for card in point.cards)
            assert point.matching == len(counting)
    return list(counting.values())


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_every_past_that_is_claimed_is_the_one_that_was_seen(
    steps: list[tuple[Happening, int, int, int]],
) -> None:
    world = world_of(LATER, steps)
    for criteria in questions(world):
        past = check(world, criteria)
        if not world.is_lossy:
            assert past.reaches_to == world.seen[0][0], "it is certain since the first action"
            for moment, counted in world.counted(criteria):
                assert frozenset(cards_at(past, moment)) == counted


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_labels_are_claimed_only_since_trello_keeps_their_changes(
    steps: list[tuple[Happening, int, int, int]],
) -> None:
    world = world_of(BEFORE_LABELS, steps)
    for criteria in questions(world):
        check(world, criteria)


@settings(max_examples=25, deadline=None)
@given(STEPS, st.integers(min_value=1, max_value=30))
def test_of_a_record_that_was_not_read_to_its_end_nothing_earlier_is_claimed(
    steps: list[tuple[Happening, int, int, int]], most: int
) -> None:
    world = world_of(LATER, steps)
    oldest = world.record(most).actions[-1].at
    for criteria in questions(world):
        past = check(world, criteria, most)
        assert past.reaches_to is None or past.reaches_to >= oldest


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_every_card_has_the_life_that_its_actions_tell_when_played_forwards(
    steps: list[tuple[Happening, int, int, int]],
) -> None:
    """List, archived, due and done; of a copy the actions do not tell the last two."""
    world = world_of(LATER, steps)
    pasts = {card.id: card for card in rebuild(world.snapshot(), world.record()).cards}
    copies = {
        action["data"]["card"]["id"]
        for action in world.board.actions
        if action["type"] == "copyCard"
    }
    compared = 0
    for card_id, life in play(world.board.actions).items():
        past = pasts[card_id]
        if past.departure is not None:
            continue
        for at, state in dict(life).items():
            moment = datetime.fromisoformat(at)
            assert past.exists.at(moment) is True
            assert past.list_id.at(moment) == state.list_id
            assert past.is_archived.at(moment) is state.is_archived
            if card_id not in copies:
                assert past.has_due_date.at(moment) is state.has_due_date
                assert past.is_completed.at(moment) is state.is_completed
            compared += 1
    assert compared or all(pasts[one].departure for one in play(world.board.actions))


def said(world: World, criteria: Criteria) -> list[str]:
    """What the page says of the time since the world began."""
    board = rebuild(world.snapshot(), world.record())
    since, until = world.seen[0][0], world.clock.moment + timedelta(milliseconds=1)
    return gap_sentences(board, count_past(board, criteria, since, until), since, UTC)


def lives(world: World, *happen: tuple[Happening, int, int]) -> None:
    for happening, first, second in happen:
        world.step(timedelta(days=1), happening, first, second)


def test_a_deleted_card_is_said_and_the_past_stops_at_its_deletion() -> None:
    world = world_of(LATER, [])
    lives(world, (happenings.move, 0, 2), (happenings.delete, 1, 0))
    deleted_at = world.clock.moment
    lives(world, (happenings.move, 1, 2))
    past = check(world, Criteria())
    assert past.reaches_to == deleted_at
    assert said(world, Criteria()) == [
        "1 card was deleted, and Trello does not say what it was like."
    ]


def test_a_card_moved_to_another_board_matters_only_where_it_may_have_counted() -> None:
    world = world_of(LATER, [])
    lives(world, (happenings.move_away, 0, 0), (happenings.move, 0, 2))
    first, second = (one["id"] for one in world.lists[:2])
    assert said(world, Criteria(list_ids=(first,))) == [
        "1 card was moved to another board, and Trello does not say what it was like."
    ]
    assert said(world, Criteria(list_ids=(second,))) == [], "it never was in that list"


def test_an_owner_who_vanished_is_named() -> None:
    world = world_of(LATER, [])
    lives(world, (happenings.join, 0, 1), (happenings.join, 1, 1))
    for card in world.cards:
        card["idMembers"] = []  # off the board, without an action that says so
    world.watch()
    tom = Criteria(member_ids=(world.members[1]["id"],))
    assert past_of(world, tom).reaches_to is None
    assert said(world, tom) == [
        "Tom was on 2 cards, and Trello does not say until when or since when."
    ]
    assert said(world, Criteria()) == [], "who owns them does not matter there"


def test_an_owner_taken_off_the_board_was_on_the_cards_until_then() -> None:
    world = world_of(LATER, [])
    lives(world, (happenings.join, 0, 1), (happenings.remove_from_board, 1, 0))
    nobody = Criteria(or_nobody=True)
    past = check(world, nobody)
    assert past.reaches_to == world.seen[0][0]
    assert [point.matching for point in past.points][-2:] == [3, 4]


def test_an_owner_may_be_added_a_little_before_the_card_is_made() -> None:
    world = world_of(LATER, [])
    lives(world, (happenings.add, 0, 0))
    created = world.board.actions[-1]
    lives(world, (happenings.join, 4, 0))
    joined = world.board.actions[-1]
    early = datetime.fromisoformat(created["date"]) - timedelta(milliseconds=40)
    world.board.actions.remove(joined)
    world.board.actions.insert(-1, joined | {"date": iso(early)})
    past = past_of(world, Criteria(member_ids=(world.members[0]["id"],)))
    assert [(point.moment, point.matching) for point in past.points[-1:]] == [
        (datetime.fromisoformat(created["date"]), 1)
    ]


def test_labels_before_february_2024_are_not_claimed_and_it_says_so() -> None:
    world = world_of(BEFORE_LABELS, [])
    lives(world, *[(happenings.label, 0, 0), (happenings.move, 0, 2)] * 10)
    bug = Criteria(label_ids=(world.labels[0]["id"],))
    assert check(world, bug).reaches_to == LABELS_SINCE
    assert said(world, bug) == ["Trello keeps no changes of labels before February 2024."]
    assert said(world, Criteria()) == []


def test_cards_that_came_with_a_list_count_since_it_came() -> None:
    world = world_of(LATER, [])
    lives(world, (happenings.bring_list, 30, 2))
    past = check(world, Criteria())
    assert past.reaches_to == world.seen[0][0] and said(world, Criteria()) == []
    assert [point.matching for point in past.points][-2:] == [4, 6]


def test_a_list_that_went_away_is_said_because_its_cards_are_not_named() -> None:
    world = world_of(LATER, [])
    lives(world, (happenings.send_list_away, 0, 0), (happenings.add, 0, 0))
    assert said(world, Criteria()) == [
        "2 cards are no longer on the board, and Trello does not say what they were like.",
        "The list “To do” was moved to another board; its cards are not named.",
    ]


def test_a_record_that_contradicts_itself_is_not_believed() -> None:
    world = world_of(LATER, [])
    lives(world, (happenings.move, 0, 1), (happenings.move, 0, 2))
    del world.board.actions[-1]  # nothing tells of the second move
    past = check(world, Criteria(list_ids=(world.lists[2]["id"],)))
    assert past.reaches_to is None
    assert said(world, Criteria(list_ids=(world.lists[2]["id"],))) == [
        "Trello's record contradicts itself about 1 card."
    ]


def test_the_day_on_which_the_board_was_made_is_where_it_begins() -> None:
    world = world_of(LATER, [])
    made = world.board.actions[0] | {"id": "0" * 24, "type": "createBoard"}
    world.board.actions.insert(0, made)
    board = rebuild(world.snapshot(), world.record())
    since = LATER - timedelta(days=9)
    past = count_past(board, Criteria(), since, world.clock.moment)
    assert past.reaches_to == LATER
    assert gap_sentences(board, past, since, UTC) == ["The board was made on 2 Mar 2026."]


def test_a_board_without_a_record_has_no_past() -> None:
    world = World(LATER)
    board = rebuild(world.snapshot(), Record(()))
    past = count_past(board, Criteria(), LATER, LATER + timedelta(days=1))
    assert past.reaches_to is None
    assert gap_sentences(board, past, LATER, UTC) == [
        "Trello has no record of what happened on this board."
    ]
