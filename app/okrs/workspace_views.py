"""Admin, Workspace: what holds for everyone here."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import require_admin
from app.accounts.models import workspace
from app.db import db
from app.edited_forms import edited
from app.htmx import see_other
from app.merging import Thing
from app.okrs import blueprint
from app.okrs.workspace_form import workspace_form
from app.okrs.workspace_settings import RECORDED_AS, change_workspace, hold_to_change


@blueprint.route("/admin/workspace", methods=["GET", "POST"])
def edit_workspace() -> ResponseReturnValue:
    admin, space = require_admin(), workspace()
    sent = request.form if request.method == "POST" else None
    if sent is not None:
        hold_to_change(space)
    thing = Thing("workspace", None, RECORDED_AS)
    met = edited(thing, sent, lambda typed: workspace_form(space, typed))
    if sent is None or not met.may_be_saved():
        page = render_template("okrs/workspace.html", form=met.form, merge=met.merge)
        return page, 200 if sent is None else 422
    change_workspace(space, met.form, by=admin)
    db.session.commit()
    met.merge.flash_kept()
    flash("The workspace is saved.", "success")
    return see_other("okrs.edit_workspace")
