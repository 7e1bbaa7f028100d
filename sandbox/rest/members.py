"""Members and the boards they are on."""

from typing import Any

from flask import Response, g

from sandbox.board import Board, Record
from sandbox.context import this_origin, this_sandbox
from sandbox.represent import board_json, member_json
from sandbox.rest.answers import (
    NOT_FOUND,
    ApiError,
    answer,
    invalid_filter,
    is_true,
    parameter,
    pick,
)
from sandbox.rest.blueprint import api
from sandbox.rest.contents import actions_of, lists_of

BOARD_FILTERS = ("all", "closed", "members", "open", "organization", "public", "starred")


@api.get("/members/<key>")
def member(key: str) -> Response:
    return answer(pick(member_json(_member(key)), parameter("fields")))


@api.get("/members/<key>/boards")
@api.get("/members/<key>/boards/<filter_>")
def boards_of_member(key: str, filter_: str = "") -> Response:
    """Every board, closed ones too, unless a filter says otherwise."""
    if _member(key)["id"] != g.member["id"]:
        raise ApiError(401, "unauthorized permission requested")
    names = (filter_ or parameter("filter", "all")).split(",")
    if any(name not in BOARD_FILTERS for name in names):
        raise invalid_filter()
    boards = this_sandbox().store.boards_of(g.member["id"])
    return answer([_listed(board) for board in boards if _is_wanted(board, names)])


def _is_wanted(board: Board, names: list[str]) -> bool:
    # Combined filters add up, so `members,open` brings closed boards as well.
    matching: dict[str, bool] = {
        "all": True,
        "members": True,
        "open": not board.about["closed"],
        "closed": bool(board.about["closed"]),
        "organization": board.about.get("idOrganization") is not None,
        "public": False,
        "starred": bool(board.about.get("starred")),
    }
    return any(matching[name] for name in names)


def _listed(board: Board) -> Record:
    shown = {**board_json(board, this_origin()), "memberships": board.memberships}
    listed: dict[str, Any] = pick(shown, parameter("fields"))
    if is_true("organization"):
        listed["organization"] = board.about.get("organization")
    if lists := parameter("lists"):
        listed["lists"] = lists_of(board, lists, "all")
    if actions := parameter("actions"):
        listed["actions"] = actions_of(board, actions, prefix="action")
    return listed


def _member(key: str) -> Record:
    if key == "me":
        return dict(g.member)
    try:
        return this_sandbox().store.person(key)
    except KeyError:
        raise ApiError(404, NOT_FOUND) from None
