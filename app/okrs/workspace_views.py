"""Admin, Workspace: what holds for everyone here."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import require_admin
from app.accounts.models import workspace
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.workspace_form import workspace_form
from app.okrs.workspace_settings import change_workspace


@blueprint.route("/admin/workspace", methods=["GET", "POST"])
def edit_workspace() -> ResponseReturnValue:
    admin = require_admin()
    if request.method != "POST":
        return render_template("okrs/workspace.html", form=workspace_form(workspace(), None))
    form = workspace_form(workspace(), request.form)
    if not form.validate():
        return render_template("okrs/workspace.html", form=form), 422
    change_workspace(workspace(), form, by=admin)
    db.session.commit()
    flash("The workspace is saved.", "success")
    return see_other("okrs.edit_workspace")
