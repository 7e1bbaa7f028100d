"""What the pages share: who acts on them, and how they find what an address names."""

from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.board import Board, Record
from sandbox.context import this_sandbox

ACTOR_COOKIE = "sandbox_session"

blueprint = Blueprint("pages", __name__)


@blueprint.app_context_processor
def shared() -> dict[str, Any]:
    return {"actor": actor(), "actors": this_sandbox().store.sign_in_members()}


def actor() -> Record:
    """The member whom the visitor acts as; whom the cookie names, else the first."""
    members = this_sandbox().store.sign_in_members()
    chosen = request.cookies.get(ACTOR_COOKIE)
    return next((member for member in members if member["id"] == chosen), members[0])


def board_at(link: str) -> Board:
    for board in this_sandbox().store.boards.values():
        if link == board.short_link:
            return board
    abort(404)


def card_at(board: Board, link: str) -> Record:
    for card in board.cards.values():
        if link == card["shortLink"]:
            return card
    abort(404)


def chosen(records: dict[str, Record], field: str) -> Record:
    """The record whose id a form's field holds."""
    id_ = request.form.get(field, "")
    if id_ not in records:
        abort(400)
    return records[id_]


def typed_name() -> str:
    """The name typed into a form. It may be empty only where Trello allows it."""
    return request.form.get("name", "").strip()


def back_to(board: Board, card: Record | None = None) -> ResponseReturnValue:
    """The board again, with the same lists and card unfolded, at the card that was changed."""
    address = url_for(
        "pages.board",
        link=board.short_link,
        show=request.args.getlist("show"),
        edit=request.args.get("edit"),
        _anchor=f"card-{card['shortLink']}" if card else None,
    )
    return redirect(address, code=303)
