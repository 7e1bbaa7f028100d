"""Disconnecting an account, and removing a connection that nothing hangs on."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from app.access import me
from app.audit.log import record
from app.db import db
from app.htmx import see_other
from app.okrs.rows import item_url
from app.trello import blueprint
from app.trello.connect_views import list_of
from app.trello.connections import items_on, uses
from app.trello.disconnecting import (
    ReconnectedMeanwhile,
    disconnect,
    remove,
    revoke,
    trello_to_revoke,
)
from app.trello.loading import connection_for
from app.trello.models import Connection

_BY_HAND = (
    "Its access could not be revoked at Trello: sign in there as @{account} and revoke it under "
    "your account's settings."
)


@blueprint.route("/connections/<int:connection_id>/disconnect", methods=["GET", "POST"])
def disconnect_connection(connection_id: int) -> ResponseReturnValue:
    person = me()
    connection = connection_for(person, connection_id, to_manage=True)
    if connection.disconnected_at is not None:
        flash(f"{connection.name} is disconnected already.")
        return see_other("trello.show_connection", connection_id=connection_id)
    if request.method != "POST":
        items = [(item.title, item_url(item, "show")) for item in items_on(person, connection)]
        return render_template("trello/disconnect.html", connection=connection, items=items)
    trello, token = trello_to_revoke(connection), connection.token_encrypted
    db.end_reading()
    # Revoked first: a token that is forgotten here can't be revoked from here any more.
    is_revoked = revoke(trello)
    connection = connection_for(person, connection_id, to_manage=True)
    try:
        if disconnect(connection, person, token):
            account = f"@{connection.member_username}"
            record("connection.disconnected", *_named(connection), account=account)
    except ReconnectedMeanwhile:
        db.session.rollback()
        flash(f"{connection.name} was reconnected just now, so it stays connected.", "warning")
        return see_other("trello.show_connection", connection_id=connection_id)
    db.session.commit()
    _tell(connection, f"{connection.name} is disconnected", is_revoked)
    return see_other("trello.show_connection", connection_id=connection_id)


@blueprint.post("/connections/<int:connection_id>/remove")
def remove_connection(connection_id: int) -> ResponseReturnValue:
    connection = connection_for(me(), connection_id, to_manage=True)
    back, name = list_of(me(), connection), connection.name
    if connection_id in uses(me()):
        flash(f"{name} was not removed: items hang on it, or their history does.", "error")
        return see_other(back)
    trello = trello_to_revoke(connection)
    record("connection.removed", *_named(connection), account=f"@{connection.member_username}")
    try:
        remove(connection_id)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        flash(f"{name} was not removed: an item was linked to it just now.", "error")
        return see_other(back)
    db.end_reading()
    if connection.disconnected_at is not None:
        flash(f"{name} is removed.", "success")
    else:
        _tell(connection, f"{name} is removed", revoke(trello))
    return see_other(back)


def _named(connection: Connection) -> tuple[str, int, str]:
    return "connection", connection.id, connection.name


def _tell(connection: Connection, done: str, is_revoked: bool) -> None:
    if is_revoked:
        flash(f"{done}, and its access at Trello is revoked.", "success")
    else:
        flash(f"{done} here. {_BY_HAND.format(account=connection.member_username)}", "warning")
