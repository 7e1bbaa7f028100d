"""The lists of connections, and the page of one of them, with a test of it."""

from flask import flash, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import or_

from app.access import me, require_admin, require_member
from app.htmx import see_other
from app.okrs.integrations import is_enabled
from app.okrs.rows import item_url
from app.trello import blueprint
from app.trello.app_keys import current_app_keys
from app.trello.connections import items_on, row_for, rows_for
from app.trello.loading import connection_for, is_usable_by, is_visible_to, may_connect
from app.trello.models import Connection
from app.trello.trying_out import try_out


@blueprint.get("/connections")
def list_connections() -> ResponseReturnValue:
    person = me()
    mine_or_shared = or_(Connection.owner_id == person.id, is_usable_by(person))
    return render_template(
        "trello/connections.html",
        rows=rows_for(person, mine_or_shared),
        is_enabled=is_enabled("trello"),
        is_ready=current_app_keys() is not None and is_enabled("trello"),
        may_connect=may_connect(person),
    )


@blueprint.get("/admin/connections")
def list_all_connections() -> ResponseReturnValue:
    admin = require_admin()
    return render_template(
        "trello/connections_all.html",
        rows=rows_for(admin, is_visible_to(admin)),
        is_ready=current_app_keys() is not None and is_enabled("trello"),
    )


@blueprint.get("/connections/<int:connection_id>")
def show_connection(connection_id: int) -> ResponseReturnValue:
    person = require_member()
    connection = connection_for(person, connection_id, to_manage=True)
    items = [(item.title, item_url(item, "show")) for item in items_on(person, connection)]
    return render_template(
        "trello/connection.html",
        connection=connection,
        row=row_for(person, connection),
        items=items,
    )


@blueprint.post("/connections/<int:connection_id>/test")
def test_connection(connection_id: int) -> ResponseReturnValue:
    connection = connection_for(me(), connection_id, to_manage=True)
    works, sentence = try_out(connection)
    flash(sentence, "success" if works else "error")
    return see_other("trello.show_connection", connection_id=connection_id)
