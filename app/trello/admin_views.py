"""The page on which an admin manages the Trello integration."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import require_admin
from app.audit.log import record
from app.db import db
from app.htmx import see_other
from app.okrs import integrations
from app.okrs.integrations import is_enabled
from app.security import site_origin
from app.trello import blueprint
from app.trello.app_keys import are_stored_keys_unreadable, current_app_keys, store_app_keys
from app.trello.connecting import callback_address
from app.trello.connection_forms import AppKeysForm
from app.trello.connections import rows_for
from app.trello.loading import is_visible_to


@blueprint.route("/admin/integrations/trello", methods=["GET", "POST"])
def manage() -> ResponseReturnValue:
    admin = require_admin()
    keys = current_app_keys()
    if request.method != "POST":
        return _page(AppKeysForm())
    if keys is not None and keys.from_environment:
        flash("The API key and secret come from the environment, so nothing was saved.", "error")
        return see_other("trello.manage")
    form = AppKeysForm(request.form)
    if not form.validate():
        return _page(form, 422)
    store_app_keys(form.api_key.data or "", form.api_secret.data or "", by=admin)
    record("app_keys.stored", "integration", name="Trello")
    db.session.commit()
    flash("The API key and secret are saved.", "success")
    return see_other("trello.manage")


@blueprint.post("/admin/integrations/trello/let-members-connect")
def let_members_connect() -> ResponseReturnValue:
    _let_members_connect(True)
    flash("Members may connect accounts of their own.", "success")
    return see_other("trello.manage")


@blueprint.post("/admin/integrations/trello/keep-members-from-connecting")
def keep_members_from_connecting() -> ResponseReturnValue:
    _let_members_connect(False)
    flash("Only admins connect accounts now. What is connected already stays.", "success")
    return see_other("trello.manage")


def _let_members_connect(may: bool) -> None:
    admin = require_admin()
    if may != integrations.members_may_connect("trello"):
        integrations.let_members_connect("trello", may, admin)
        record(
            "integration.members_may_connect" if may else "integration.members_may_not_connect",
            "integration",
            name="Trello",
        )
    db.session.commit()


def _page(form: AppKeysForm, status: int = 200) -> ResponseReturnValue:
    admin = require_admin()
    page = render_template(
        "trello/manage.html",
        form=form,
        keys=current_app_keys(),
        are_keys_unreadable=are_stored_keys_unreadable(),
        is_enabled=is_enabled("trello"),
        members_may_connect=integrations.members_may_connect("trello"),
        origin=site_origin(),
        callback_address=callback_address(),
        rows=rows_for(admin, is_visible_to(admin)),
    )
    return page, status
