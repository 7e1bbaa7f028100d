"""A board, alone or with what is on it, and the collections below it."""

from typing import Any

from flask import Response

from sandbox.context import this_origin
from sandbox.represent import board_json, board_limits
from sandbox.rest.access import board_for_reading
from sandbox.rest.answers import answer, is_true, limit, parameter, pick
from sandbox.rest.blueprint import api
from sandbox.rest.contents import (
    actions_of,
    cards_of,
    labels_of,
    lists_of,
    members_of,
    memberships_of,
    nested_cards,
)

DEFAULT_FIELDS = "name,desc,descData,closed,idOrganization,pinned,url,shortUrl,prefs,labelNames"
DEFAULT_LABELS = 50


@api.get("/boards/<key>")
def board(key: str) -> Response:
    """A board with the nested resources that were asked for."""
    found = board_for_reading(key)
    fields = parameter("fields", DEFAULT_FIELDS)
    shown: dict[str, Any] = pick(board_json(found, this_origin()), fields)
    if "limits" in fields.split(","):
        shown["limits"] = board_limits(found)
    if is_true("organization"):
        shown["organization"] = found.about.get("organization")
    if filter_ := parameter("lists"):
        shown["lists"] = lists_of(found, filter_, parameter("list_fields"))
    if filter_ := parameter("cards"):
        shown["cards"] = nested_cards(found, filter_, parameter("card_fields"))
    if parameter("members", "none") not in ("none", "false"):
        shown["members"] = members_of(found, parameter("member_fields"))
    if filter_ := parameter("memberships"):
        shown["memberships"] = memberships_of(found, filter_)
    if parameter("labels", "none") not in ("none", "false"):
        most = limit("labels_limit", DEFAULT_LABELS)
        shown["labels"] = labels_of(found, parameter("label_fields"), most)
    if filter_ := parameter("actions"):
        shown["actions"] = actions_of(found, filter_, prefix="action")
    return answer(shown)


@api.get("/boards/<key>/lists")
@api.get("/boards/<key>/lists/<filter_>")
def lists_of_board(key: str, filter_: str = "") -> Response:
    found = board_for_reading(key)
    return answer(lists_of(found, filter_ or parameter("filter", "open"), parameter("fields")))


@api.get("/boards/<key>/cards")
@api.get("/boards/<key>/cards/<filter_>")
def cards_of_board(key: str, filter_: str = "") -> Response:
    cards = cards_of(
        board_for_reading(key),
        filter_ or parameter("filter", "visible"),
        parameter("fields"),
        with_members=is_true("members"),
    )
    return answer(cards)


@api.get("/boards/<key>/members")
def members_of_board(key: str) -> Response:
    return answer(members_of(board_for_reading(key), parameter("fields")))


@api.get("/boards/<key>/memberships")
def memberships_of_board(key: str) -> Response:
    return answer(memberships_of(board_for_reading(key), parameter("filter", "all")))


@api.get("/boards/<key>/labels")
def labels_of_board(key: str) -> Response:
    """Fifty labels unless more are asked for."""
    most = limit("limit", DEFAULT_LABELS)
    return answer(labels_of(board_for_reading(key), parameter("fields"), most))


@api.get("/boards/<key>/actions")
def actions_of_board(key: str) -> Response:
    return answer(actions_of(board_for_reading(key), parameter("filter", "all")))
