"""A board's actions as Trello tells them: what is read of them, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.trello.failures import OddAnswer
from app.trello.past.actions import FieldChange, parse_actions

CARD, LIST, OTHER, MEMBER = "6" * 24, "7" * 24, "8" * 24, "9" * 24


def action(kind: str = "updateCard", **values: Any) -> dict[str, Any]:
    data = {"card": {"id": CARD, "name": "A card"}, **(values.pop("data", None) or {})}
    return {
        "id": "5" * 24,
        "type": kind,
        "date": "2026-03-27T15:56:58.913Z",
        "data": data,
    } | values


def changed(**data: Any) -> FieldChange:
    (read,) = parse_actions([action(data=data)])
    (change,) = read.changes
    return change


def test_a_creation_is_read_with_its_list() -> None:
    (read,) = parse_actions([action("createCard", data={"list": {"id": LIST, "name": "To do"}})])
    assert read.at == datetime(2026, 3, 27, 15, 56, 58, 913000, UTC)
    assert (read.card_id, read.list_id, read.list_name) == (CARD, LIST, "To do")


@pytest.mark.parametrize(
    ("data", "field", "before", "after"),
    [
        (
            {"old": {"idList": LIST}, "listBefore": {"id": LIST}, "listAfter": {"id": OTHER}},
            "idList",
            LIST,
            OTHER,
        ),
        ({"old": {"closed": False}, "card": {"id": CARD, "closed": True}}, "closed", False, True),
        ({"old": {"due": None}, "card": {"id": CARD, "due": "2026-01-01"}}, "due", False, True),
        ({"old": {"due": "2026-01-01"}, "card": {"id": CARD, "due": None}}, "due", True, False),
        (
            {"old": {"dueComplete": True}, "card": {"id": CARD, "dueComplete": False}},
            "dueComplete",
            True,
            False,
        ),
        (
            {"old": {"idLabels": [LIST]}, "card": {"id": CARD, "idLabels": []}},
            "idLabels",
            frozenset({LIST}),
            frozenset(),
        ),
        ({"old": {"idMembers": [MEMBER]}}, "idMembers", frozenset({MEMBER}), None),
    ],
)
def test_a_change_is_read_with_what_was_and_what_is(
    data: dict[str, Any], field: str, before: object, after: object
) -> None:
    assert changed(**data) == FieldChange(field, before, after)  # type: ignore[arg-type]


def test_an_archived_list_is_read_as_the_lists_change() -> None:
    listed = {"id": LIST, "name": "Done", "closed": True}
    (read,) = parse_actions([action("updateList", data={"list": listed, "old": {"closed": False}})])
    assert (read.list_id, read.changes) == (LIST, (FieldChange("closed", False, True),))


def test_members_are_read_also_where_a_removal_from_the_board_names_nobody() -> None:
    joined = action("addMemberToCard", data={"idMember": MEMBER, "member": {"name": "Tom"}})
    left = action("removeMemberFromBoard", id="4" * 24)
    read = parse_actions([joined, left])
    assert [(one.member_id, one.member_name) for one in read] == [(MEMBER, "Tom"), ("", "")]


def test_what_changes_no_count_comes_through_without_being_read() -> None:
    (read,) = parse_actions([action("commentCard", data={"text": 7, "card": None})])
    assert (read.type, read.card_id, read.changes) == ("commentCard", "", ())


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        [7],
        [action(id=None)],
        [action(id="")],
        [action(type=3)],
        [action(date="yesterday")],
        [action(date="2026-03-27T15:56:58")],
        [action(date=7)],
        [action(data=None) | {"data": None}],
        [action(data={"card": None})],
        [action(data={"card": {"name": "nameless"}})],
        [action(data={"old": []})],
        [action(data={"old": {"closed": "no"}})],
        [action(data={"old": {"due": 4}})],
        [action(data={"old": {"idList": None}})],
        [action(data={"old": {"idLabels": "all"}})],
        [action(data={"old": {"idLabels": [1]}})],
        [action("addMemberToCard")],
        [action("deleteCard", data={"list": {"name": "no id"}})],
        [action("updateList")],
        [action(), action()],
    ],
)
def test_an_odd_answer_is_refused(answer: object) -> None:
    with pytest.raises(OddAnswer):
        parse_actions(answer)
