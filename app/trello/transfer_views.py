"""Transfer: choose another connection, see what that means, and move all items to it."""

from dataclasses import dataclass, field

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import id_from_query, me
from app.audit.log import record
from app.db import db
from app.htmx import see_other
from app.okrs.integrations import is_enabled
from app.okrs.loading import Item
from app.trello import blueprint
from app.trello.connection_transfer import (
    ChangedMeanwhile,
    boards_in_use,
    boards_to_allow,
    targets_for,
    transfer,
    unreadable_boards,
)
from app.trello.connections import items_on
from app.trello.failures import TrelloError
from app.trello.loading import connection_for, may_manage
from app.trello.models import Board, Connection


@dataclass
class TransferPage:
    """What the page shows: first the targets, then what the chosen one would mean."""

    connection: Connection
    targets: list[Connection]
    target: Connection | None
    """The one that is chosen; None before that, or where it can't be."""
    boards: list[Board]
    to_allow: list[Board]
    """Boards that the target would show from then on."""
    may_allow: bool
    """Whether this person may let it."""
    items: list[Item]
    problem: str | None = None
    unreadable: list[Board] = field(default_factory=list)


@blueprint.route("/connections/<int:connection_id>/transfer", methods=["GET", "POST"])
def transfer_connection(connection_id: int) -> ResponseReturnValue:
    page = _page(connection_id)
    if request.method != "POST":
        return _show(page, 200)
    if page.target is None:
        page.problem = "That connection can't take the items any more. Nothing was moved."
        return _show(page, 422)
    page.problem = _objection(page)
    if page.problem:
        return _show(page, 422)
    try:
        page.unreadable = unreadable_boards(page.target, page.boards)
    except TrelloError as error:
        page.problem = f"{error.sentence} Nothing was moved."
        return _show(page, 422)
    if page.unreadable:
        page.problem = f"@{page.target.member_username} can't read all of the boards."
        return _show(page, 422)
    return _transfer(_page(connection_id), {board.trello_id for board in page.boards})


def _transfer(page: TransferPage, checked: set[str]) -> ResponseReturnValue:
    """Asked once more whether it is allowed: Trello was asked in between."""
    connection, target = page.connection, page.target
    page.problem = _objection(page)
    if target is None or page.problem:
        return _show(page, 422)
    connection_id, name, target_name = connection.id, connection.name, target.name
    try:
        count = transfer(connection, target, checked)
    except ChangedMeanwhile:
        db.session.rollback()
        page = _page(connection_id)
        page.problem = "Something was linked or changed meanwhile. Look again; nothing was moved."
        return _show(page, 422)
    record("connection.transferred", "connection", connection_id, name, to=target_name, items=count)
    db.session.commit()
    flash(f"All items of {name} now count through {target_name}. Their values stay.", "success")
    return see_other("trello.show_connection", connection_id=connection_id)


def _objection(page: TransferPage) -> str | None:
    """Why it is not even tried, or None."""
    if not is_enabled("trello"):
        return "Trello is disabled by an admin, so the boards can't be checked."
    if not page.boards:
        return "Nothing counts through this connection, so there is nothing to move."
    if page.to_allow and not page.may_allow:
        return "That connection may not show these boards, and only its owner or an admin lets it."
    named = set(request.form.getlist("allow"))
    if not named.issuperset(board.trello_id for board in page.to_allow):
        return "The boards to be shown have changed. Look at them again; nothing was moved."
    return None


def _page(connection_id: int) -> TransferPage:
    person = me()
    connection = connection_for(person, connection_id, to_manage=True)
    wanted = id_from_query("to") if request.method != "POST" else request.form.get("to", type=int)
    targets = targets_for(person, connection)
    target = next((one for one in targets if one.id == wanted), None)
    boards = list(boards_in_use(connection.id))
    page = TransferPage(
        connection,
        targets,
        target,
        boards,
        to_allow=boards_to_allow(target, boards) if target else [],
        may_allow=target is not None and may_manage(person, target),
        items=items_on(person, connection),
    )
    if wanted is not None and target is None:
        page.problem = "That connection can't take the items over. Choose one of these."
    return page


def _show(page: TransferPage, status: int) -> ResponseReturnValue:
    return render_template("trello/connection_transfer.html", page=page), status
