"""Connecting a Trello account: to Trello, back, and choosing what the connection may show."""

import secrets
from collections.abc import Sequence

from flask import flash, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.access import found, hold_me, id_in, me, require_member
from app.accounts.models import ADMIN, Person
from app.db import db
from app.edited_forms import edited
from app.htmx import see_other
from app.merging import Merge, Thing
from app.okrs.integrations import is_enabled
from app.opened_forms import OPENED
from app.trello import blueprint
from app.trello.app_keys import are_stored_keys_unreadable, current_app_keys
from app.trello.configuring import configure, hold_to_configure, offer_boards
from app.trello.connecting import begin, complete
from app.trello.connection_forms import RECORDED_AS, SAID, TOGETHER, ConnectionForm
from app.trello.loading import connection_for, may_connect, may_reconnect
from app.trello.models import Connection
from app.trello.sign_in_failures import SignInFailed


@blueprint.get("/connections/trello/new")
def new_connection() -> ResponseReturnValue:
    person = require_member()
    connection = _to_reconnect()
    if not (may_reconnect(person, connection) if connection else may_connect(person)):
        return _for_admins_only()
    keys = current_app_keys()
    if keys is None or not is_enabled("trello"):
        return _not_possible(has_keys=keys is not None)
    try:
        return redirect(begin(person, keys, _this_browser(), connection))
    except SignInFailed as failure:
        return _failed(failure)


@blueprint.get("/connections/trello/callback")
def callback() -> ResponseReturnValue:
    person = require_member()
    keys = current_app_keys()
    if keys is None or not is_enabled("trello"):
        return _not_possible(has_keys=keys is not None)
    try:
        connection = complete(person, keys, _this_browser(), request.args)
    except SignInFailed as failure:
        return _failed(failure)
    if connection.is_configured:
        return see_other("trello.show_connected", connection_id=connection.id)
    return see_other("trello.configure_connection", connection_id=connection.id)


@blueprint.route("/connections/<int:connection_id>/configure", methods=["GET", "POST"])
def configure_connection(connection_id: int) -> ResponseReturnValue:
    connection = connection_for(me(), connection_id, to_manage=True)
    if not _may_set_up(me(), connection):
        return _for_admins_only()
    is_reload = request.form.get("step") == "reload-boards"
    offer = offer_boards(connection, fresh=is_reload)
    # Loaded and checked once more: the boards may have come over the network.
    connection = connection_for(hold_me(), connection_id, to_manage=True)
    if not _may_set_up(me(), connection):
        return _for_admins_only()
    sent = request.form if request.method == "POST" else None
    if sent is not None and is_reload:
        form = ConnectionForm.of(connection, offer, sent)
        return _form(form, connection, Merge(sent, sent.get(OPENED, "")))
    if sent is not None:
        hold_to_configure(connection)
    met = edited(
        Thing("connection", connection.id, RECORDED_AS),
        sent,
        lambda typed: ConnectionForm.of(connection, offer, typed),
        TOGETHER,
        SAID,
    )
    form = met.form
    if sent is None:
        return _form(form, connection, met.merge)
    if not met.may_be_saved():
        return _form(form, connection, met.merge, 422)
    is_first_time = not connection.is_configured
    configure(
        connection,
        name=form.name.data or "",
        sharing=form.sharing.data or "",
        people=form.chosen_people,
        teams=form.chosen_teams,
        all_boards=form.is_all,
        boards=form.chosen_boards,
    )
    db.session.commit()
    if is_first_time:
        return see_other("trello.show_connected", connection_id=connection_id)
    met.merge.flash_kept()
    flash("The connection is saved.", "success")
    return see_other("trello.show_connection", connection_id=connection_id)


@blueprint.get("/connections/<int:connection_id>/connected")
def show_connected(connection_id: int) -> ResponseReturnValue:
    connection = connection_for(me(), connection_id, to_manage=True)
    if not connection.is_configured:
        return see_other("trello.configure_connection", connection_id=connection_id)
    return render_template("trello/connect_done.html", connection=connection)


def _may_set_up(person: Person, connection: Connection) -> bool:
    """Whether the person may choose what it shows; for the first time, if they may connect."""
    return connection.is_configured or may_connect(person)


def _form(
    form: ConnectionForm, connection: Connection, merge: Merge, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "trello/connection_form.html", form=form, connection=connection, merge=merge
    )
    return page, status


def list_of(person: Person, connection: Connection) -> str:
    """The endpoint of the list where this person finds the connection."""
    if connection.owner_id == person.id:
        return "trello.list_connections"
    return "trello.list_all_connections"


def _to_reconnect() -> Connection | None:
    wanted = request.args.get("reconnect")
    if wanted is None:
        return None
    return connection_for(me(), found(id_in(wanted)), to_manage=True)


def _this_browser() -> str:
    """A secret of this browser's session, which ties a sign-in to it."""
    browser: str = session.setdefault("trello_sign_in", secrets.token_urlsafe(16))
    return browser


def _failed(failure: SignInFailed) -> ResponseReturnValue:
    page = render_template(
        "trello/connect_failed.html",
        trouble=failure.trouble,
        connection_id=failure.connection_id,
    )
    return page, failure.trouble.status


def _not_possible(has_keys: bool) -> ResponseReturnValue:
    page = render_template(
        "trello/connect_not_possible.html",
        has_keys=has_keys,
        are_keys_unreadable=are_stored_keys_unreadable(),
        is_enabled=is_enabled("trello"),
        admins=_admins(),
    )
    return page, 409


def _for_admins_only() -> ResponseReturnValue:
    return render_template("trello/connect_for_admins.html", admins=_admins()), 403


def _admins() -> Sequence[Person]:
    return db.session.scalars(
        select(Person).where(Person.role == ADMIN, Person.is_active.is_(True)).order_by(Person.name)
    ).all()
