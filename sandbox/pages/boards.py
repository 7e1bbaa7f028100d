"""The list of boards, a board, and changes to its lists, labels and members."""

from typing import Any

from flask import (
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from sandbox import changes
from sandbox.board import Board, Record
from sandbox.context import this_sandbox
from sandbox.export_format import board_to_export
from sandbox.pages.blueprint import (
    ACTOR_COOKIE,
    actor,
    back_to,
    blueprint,
    board_at,
    chosen,
    typed_name,
)
from sandbox.represent import COLORS

CARDS_SHOWN = 50


@blueprint.get("/")
def boards() -> str:
    store = this_sandbox().store
    return render_template(
        "boards.html", boards=sorted(store.boards.values(), key=lambda board: board.name.lower())
    )


@blueprint.post("/acting-as")
def act_as() -> ResponseReturnValue:
    member = chosen(this_sandbox().store.people, "member")
    came_from = request.form.get("next", "/")
    # Only paths of the sandbox itself: "//elsewhere" would be another host.
    target = came_from if came_from.startswith("/") and came_from[1:2] not in "/\\" else "/"
    response: Response = make_response(redirect(target, code=303))
    response.set_cookie(ACTOR_COOKIE, member["id"], httponly=True, samesite="Lax")
    return response


@blueprint.get("/b/<link>")
@blueprint.get("/b/<link>/<slug>")
def board(link: str, slug: str = "") -> str:
    """A board's columns.

    `show` names lists to show whole, archived ones unfolded; `edit` a card to be changed.
    """
    found = board_at(link)
    columns = _columns(found, set(request.args.getlist("show")))
    return render_template(
        "board.html",
        board=found,
        lists=found.ordered_lists(),
        open_columns=[column for column in columns if not column["list"]["closed"]],
        closed_columns=[column for column in columns if column["list"]["closed"]],
        people=this_sandbox().store.people.values(),
        show=request.args.getlist("show"),
        edit=request.args.get("edit"),
        colors=COLORS,
        label_title=label_title,
    )


@blueprint.get("/b/<link>.json")
def export(link: str) -> Response:
    return jsonify(board_to_export(board_at(link)))


@blueprint.post("/b/<link>/lists")
def add_list(link: str) -> ResponseReturnValue:
    board = board_at(link)
    changes.add_list(board, typed_name(), actor())
    return back_to(board)


@blueprint.post("/b/<link>/lists/<id_>/archive")
def archive_list(link: str, id_: str) -> ResponseReturnValue:
    board = board_at(link)
    changes.archive_list(board, _part(board.lists, id_), _switched_on(), actor())
    return back_to(board)


@blueprint.post("/b/<link>/lists/<id_>/rename")
def rename_list(link: str, id_: str) -> ResponseReturnValue:
    board = board_at(link)
    changes.rename_list(board, _part(board.lists, id_), typed_name(), actor())
    return back_to(board)


@blueprint.post("/b/<link>/labels")
def create_label(link: str) -> ResponseReturnValue:
    board = board_at(link)
    changes.create_label(board, typed_name(), request.form.get("color") or None, actor())
    return back_to(board)


@blueprint.post("/b/<link>/labels/<id_>/rename")
def rename_label(link: str, id_: str) -> ResponseReturnValue:
    board = board_at(link)
    label = _part(board.labels, id_)
    changes.update_label(board, label, typed_name(), label["color"], actor())
    return back_to(board)


@blueprint.post("/b/<link>/labels/<id_>/delete")
def delete_label(link: str, id_: str) -> ResponseReturnValue:
    board = board_at(link)
    changes.delete_label(board, _part(board.labels, id_), actor())
    return back_to(board)


@blueprint.post("/b/<link>/members")
def add_member_to_board(link: str) -> ResponseReturnValue:
    board = board_at(link)
    member = chosen(this_sandbox().store.people, "member")
    changes.add_member_to_board(board, member, by=actor())
    return back_to(board)


@blueprint.post("/b/<link>/members/<id_>/remove")
def remove_member_from_board(link: str, id_: str) -> ResponseReturnValue:
    board = board_at(link)
    changes.remove_member_from_board(board, _part(board.members, id_), actor())
    return back_to(board)


@blueprint.post("/b/<link>/close")
def close_board(link: str) -> ResponseReturnValue:
    board = board_at(link)
    changes.set_board_closed(board, _switched_on(), actor())
    return back_to(board)


@blueprint.post("/b/<link>/rename")
def rename_board(link: str) -> ResponseReturnValue:
    board = board_at(link)
    changes.rename_board(board, typed_name() or board.name, actor())
    return redirect(url_for("pages.board", link=link), code=303)


def label_title(label: Record) -> str:
    """What a label is called on a page: its name, else its colour."""
    return str(label["name"] or f"unnamed, {label['color'] or 'no colour'}")


def _columns(board: Board, shown_whole: set[str]) -> list[dict[str, Any]]:
    columns = []
    for list_ in board.ordered_lists():
        cards = board.cards_in(list_)
        open_cards = [card for card in cards if not card["closed"]]
        archived_cards = [card for card in cards if card["closed"]]
        is_named = list_["id"] in shown_whole
        most = len(cards) if is_named else CARDS_SHOWN
        columns.append(
            {
                "list": list_,
                "cards": open_cards[:most],
                "count": len(open_cards),
                "archived_cards": archived_cards[:most],
                "archived_count": len(archived_cards),
                "is_whole": max(len(open_cards), len(archived_cards)) <= most,
                "is_unfolded": is_named,
            }
        )
    return columns


def _part(records: dict[str, Record], id_: str) -> Record:
    if id_ not in records:
        abort(404)
    return records[id_]


def _switched_on() -> bool:
    return request.form.get("on") == "true"
