"""The lists of connections, and removing one that nothing hangs on."""

from flask import flash, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError

from app.access import me, require_admin
from app.db import db
from app.htmx import see_other
from app.okrs.integrations import is_enabled
from app.trello import blueprint
from app.trello.app_keys import current_app_keys
from app.trello.boards import trello_for
from app.trello.client import Trello
from app.trello.connect_views import list_of
from app.trello.connections import rows_for, uses
from app.trello.failures import TokenRefused, TrelloError
from app.trello.loading import connection_for, is_usable_by, is_visible_to
from app.trello.models import Board, Connection, SyncRun
from app.trello.quota import PAGE_WAIT


@blueprint.get("/connections")
def list_connections() -> ResponseReturnValue:
    person = me()
    mine_or_shared = or_(Connection.owner_id == person.id, is_usable_by(person))
    return render_template(
        "trello/connections.html",
        rows=rows_for(person, mine_or_shared),
        is_possible=current_app_keys() is not None and is_enabled("trello"),
    )


@blueprint.get("/admin/connections")
def list_all_connections() -> ResponseReturnValue:
    admin = require_admin()
    return render_template(
        "trello/connections_all.html", rows=rows_for(admin, is_visible_to(admin))
    )


@blueprint.post("/connections/<int:connection_id>/remove")
def remove_connection(connection_id: int) -> ResponseReturnValue:
    connection = connection_for(me(), connection_id, to_manage=True)
    back, name = list_of(me(), connection), connection.name
    account = f"@{connection.member_username}"
    if connection.id in uses():
        flash(f"{name} was not removed: items hang on it, or their history does.", "error")
        return see_other(back)
    trello = _trello_or_none(connection)
    try:
        _delete(connection_id)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        flash(f"{name} was not removed: an item was linked to it just now.", "error")
        return see_other(back)
    db.end_reading()
    if _revoke(trello):
        flash(f"{name} is removed, and its access at Trello is revoked.", "success")
    else:
        flash(
            f"{name} is removed here, but its access could not be revoked at Trello. "
            f"Sign in there as {account} and revoke it under your account's settings.",
            "warning",
        )
    return see_other(back)


def _trello_or_none(connection: Connection) -> Trello | None:
    try:
        return trello_for(connection, is_urgent=True, longest_wait=PAGE_WAIT, to_revoke=True)
    except TrelloError:
        return None


def _delete(connection_id: int) -> None:
    """Delete the connection with the boards it has read. Refused by the database if one is used."""
    boards = select(Board.id).where(Board.connection_id == connection_id)
    db.session.execute(delete(SyncRun).where(SyncRun.board_id.in_(boards)))
    db.session.execute(delete(Board).where(Board.connection_id == connection_id))
    db.session.execute(delete(Connection).where(Connection.id == connection_id))


def _revoke(trello: Trello | None) -> bool:
    """Whether the token is worth nothing any more."""
    if trello is None:
        return False
    try:
        trello.revoke()
    except TokenRefused:
        return True
    except TrelloError:
        return False
    return True
