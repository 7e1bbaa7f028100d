"""Cards, lists and labels by their own ids."""

from flask import Response

from sandbox.represent import label_json
from sandbox.rest.access import card_for_reading, part_for_reading
from sandbox.rest.answers import (
    MAX_LIMIT,
    answer,
    invalid_filter,
    is_true,
    limit,
    parameter,
    pick,
)
from sandbox.rest.blueprint import api
from sandbox.rest.contents import card_for_showing


@api.get("/cards/<key>")
def card(key: str) -> Response:
    board, found = card_for_reading(key)
    return answer(card_for_showing(board, found, parameter("fields"), is_true("members")))


@api.get("/lists/<id_>")
def list_(id_: str) -> Response:
    _, found = part_for_reading(id_, "lists")
    return answer(pick(found, parameter("fields")))


@api.get("/lists/<id_>/cards")
def cards_of_list(id_: str) -> Response:
    """A list's cards from top to bottom; those of an archived list are not closed."""
    board, found = part_for_reading(id_, "lists")
    filter_ = parameter("filter", "visible")
    if filter_ not in ("all", "open", "visible", "closed", "none"):
        raise invalid_filter()
    closed = {"all": (False, True), "closed": (True,), "none": ()}.get(filter_, (False,))
    cards = [card for card in board.cards_in(found) if card["closed"] in closed]
    most = limit("limit", MAX_LIMIT)
    return answer(
        [
            card_for_showing(board, card, parameter("fields"), is_true("members"))
            for card in cards[:most]
        ]
    )


@api.get("/labels/<id_>")
def label(id_: str) -> Response:
    board, found = part_for_reading(id_, "labels")
    return answer(pick(label_json(found, board), parameter("fields")))
