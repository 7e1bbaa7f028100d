"""Key results: their page, making, editing and deleting them."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import me
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.changes import delete_item
from app.okrs.drafts import create_key_result, key_result_draft
from app.okrs.item_views import edit_item
from app.okrs.loading import key_result_for, objective_for
from app.okrs.regions import row_fragment, standing_fragment, standing_values


@blueprint.route("/objectives/<int:objective_id>/key-results/new", methods=["GET", "POST"])
def new_key_result(objective_id: int) -> ResponseReturnValue:
    objective = objective_for(me(), objective_id, to_edit=True)
    draft = key_result_draft(me(), objective, None)
    if not draft.is_ready():
        return render_template("okrs/form.html", draft=draft, objective=objective), draft.status
    key_result = create_key_result(draft, objective)
    db.session.commit()
    flash("Key result created.", "success")
    return see_other("okrs.show_key_result", key_result_id=key_result.id)


@blueprint.get("/key-results/<int:key_result_id>")
def show_key_result(key_result_id: int) -> ResponseReturnValue:
    key_result = key_result_for(me(), key_result_id)
    return render_template(
        "okrs/item.html", objective=key_result.objective, **standing_values(key_result)
    )


@blueprint.route("/key-results/<int:key_result_id>/edit", methods=["GET", "POST"])
def edit_key_result(key_result_id: int) -> ResponseReturnValue:
    key_result = key_result_for(me(), key_result_id, to_edit=True)
    return edit_item(key_result, key_result_draft(me(), key_result.objective, key_result))


@blueprint.route("/key-results/<int:key_result_id>/delete", methods=["GET", "POST"])
def delete_key_result(key_result_id: int) -> ResponseReturnValue:
    key_result = key_result_for(me(), key_result_id, to_edit=True)
    if request.method == "GET":
        return render_template("okrs/delete.html", item=key_result, objective=key_result.objective)
    delete_item(key_result, me())
    db.session.commit()
    flash("Key result deleted.", "success")
    return see_other("okrs.show_objective", objective_id=key_result.objective_id)


@blueprint.get("/key-results/<int:key_result_id>/standing")
def key_result_standing(key_result_id: int) -> ResponseReturnValue:
    return standing_fragment(key_result_for(me(), key_result_id).measure)


@blueprint.get("/key-results/<int:key_result_id>/row")
def key_result_row(key_result_id: int) -> ResponseReturnValue:
    return row_fragment(key_result_for(me(), key_result_id).measure)
