"""Changes to cards from the board page."""

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from sandbox import changes
from sandbox.clock import from_iso, iso
from sandbox.context import this_sandbox
from sandbox.pages.blueprint import actor, back_to, blueprint, board_at, card_at, chosen, typed_name


@blueprint.get("/c/<link>")
@blueprint.get("/c/<link>/<slug>")
def card(link: str, slug: str = "") -> ResponseReturnValue:
    """A card's own address leads to it on its board."""
    try:
        board, found = this_sandbox().store.card(link)
    except KeyError:
        abort(404)
    address = url_for(
        "pages.board",
        link=board.short_link,
        show=found["idList"],
        _anchor=f"card-{found['shortLink']}",
    )
    return redirect(address)


@blueprint.post("/b/<link>/cards")
def add_card(link: str) -> ResponseReturnValue:
    board = board_at(link)
    if not typed_name():
        abort(400)
    added = changes.add_card(board, chosen(board.lists, "list"), typed_name(), by=actor())
    return back_to(board, added)


@blueprint.post("/b/<link>/cards/<card_link>/move")
def move_card(link: str, card_link: str) -> ResponseReturnValue:
    board = board_at(link)
    card = card_at(board, card_link)
    changes.move_card(board, card, chosen(board.lists, "list"), actor())
    return back_to(board, card)


@blueprint.post("/b/<link>/cards/<card_link>/complete")
def complete_card(link: str, card_link: str) -> ResponseReturnValue:
    board = board_at(link)
    card = card_at(board, card_link)
    changes.complete_card(board, card, request.form.get("on") == "true", actor())
    return back_to(board, card)


@blueprint.post("/b/<link>/cards/<card_link>/archive")
def archive_card(link: str, card_link: str) -> ResponseReturnValue:
    board = board_at(link)
    card = card_at(board, card_link)
    changes.archive_card(board, card, request.form.get("on") == "true", actor())
    return back_to(board, card)


@blueprint.post("/b/<link>/cards/<card_link>/rename")
def rename_card(link: str, card_link: str) -> ResponseReturnValue:
    board = board_at(link)
    card = card_at(board, card_link)
    if not typed_name():
        abort(400)
    changes.rename_card(board, card, typed_name(), actor())
    return back_to(board, card)


@blueprint.post("/b/<link>/cards/<card_link>/due")
def set_due(link: str, card_link: str) -> ResponseReturnValue:
    """A due day, taken as noon UTC; an empty field takes the date away."""
    board = board_at(link)
    card = card_at(board, card_link)
    day = request.form.get("due", "")
    try:
        due = iso(from_iso(f"{day}T12:00:00")) if day else None
    except ValueError:
        abort(400)
    changes.set_due(board, card, due, actor())
    return back_to(board, card)


@blueprint.post("/b/<link>/cards/<card_link>/delete")
def delete_card(link: str, card_link: str) -> ResponseReturnValue:
    board = board_at(link)
    changes.delete_card(board, card_at(board, card_link), actor())
    return back_to(board)


@blueprint.post("/b/<link>/cards/<card_link>/labels/<change>")
def change_label(link: str, card_link: str, change: str) -> ResponseReturnValue:
    board = board_at(link)
    card = card_at(board, card_link)
    verbs = {"add": changes.add_label, "remove": changes.remove_label}
    if change not in verbs:
        abort(404)
    verbs[change](board, card, chosen(board.labels, "label"), actor())
    return back_to(board, card)


@blueprint.post("/b/<link>/cards/<card_link>/members/<change>")
def change_member(link: str, card_link: str, change: str) -> ResponseReturnValue:
    board = board_at(link)
    card = card_at(board, card_link)
    verbs = {"add": changes.add_member, "remove": changes.remove_member}
    if change not in verbs:
        abort(404)
    verbs[change](board, card, chosen(board.members, "member"), actor())
    return back_to(board, card)
