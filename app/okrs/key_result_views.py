"""Key results: their page, making, editing and deleting them."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import hold_me, me
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.alignment.trail import all_aligned_under, trail_above
from app.okrs.changes import delete_item
from app.okrs.comments.seeing import see_what_is_shown
from app.okrs.drafts import Draft, key_result_draft
from app.okrs.endings.fixed import lead_to_reopening, why_fixed
from app.okrs.holding import hold_item
from app.okrs.integrations import SourceRefused
from app.okrs.item_views import edit_item
from app.okrs.loading import key_result_for, objective_for
from app.okrs.models import ROLL_UP, Objective
from app.okrs.regions import row_fragment, standing_fragment, standing_values
from app.okrs.repeats import key_result_made_before
from app.okrs.rollup.explaining import explanation_of
from app.okrs.saving import SavedMeanwhile, create_key_result
from app.okrs.sight import sight_words

NO_SHARE_LEFT = (
    "It contributes 0 % for now: the other shares are fixed and take 100 %. Change them at its "
    "objective."
)
SIGHT_CHANGED = "The owner, or who sees the objective, was changed at the same moment. Save again."


@blueprint.route("/objectives/<int:objective_id>/key-results/new", methods=["GET", "POST"])
def new_key_result(objective_id: int) -> ResponseReturnValue:
    objective = objective_for(me(), objective_id, to_add=True)
    if objective.measure.has_ended and request.method != "POST":
        return lead_to_reopening(objective)
    draft = key_result_draft(me(), objective, None)
    if objective.measure.has_ended:
        draft.problem = why_fixed(objective)
    if not draft.is_ready():
        return _new_form(draft, objective)
    if (made := key_result_made_before(draft.form.title.data or "", objective)) is not None:
        return see_other("okrs.show_key_result", key_result_id=made.id)
    try:
        key_result = create_key_result(draft, objective)
    except SourceRefused:
        db.session.rollback()
        return _new_form(draft, objective)
    except SavedMeanwhile:
        db.session.rollback()
        draft.problem = SIGHT_CHANGED
        if objective.measure.has_ended:
            draft.problem = why_fixed(objective)
        return _new_form(draft, objective)
    db.session.commit()
    flash("Key result created.", "success")
    if objective.measure.kind == ROLL_UP and explanation_of(objective, me()).has_newcomer:
        flash(NO_SHARE_LEFT)
    return see_other("okrs.show_key_result", key_result_id=key_result.id)


def _new_form(draft: Draft, objective: Objective) -> ResponseReturnValue:
    return render_template("okrs/form.html", draft=draft, objective=objective), draft.status


@blueprint.get("/key-results/<int:key_result_id>")
def show_key_result(key_result_id: int) -> ResponseReturnValue:
    key_result = key_result_for(me(), key_result_id)
    objective = key_result.objective
    standing = standing_values(key_result)
    if standing["has_unseen_mentions"]:
        see_what_is_shown(me(), key_result.measure, standing["timeline"])
    return render_template(
        "okrs/item.html",
        objective=objective,
        sight=sight_words(objective, owner="its objective's owner"),
        trail=trail_above(me(), objective.parent_measure_id),
        **standing,
    )


@blueprint.route("/key-results/<int:key_result_id>/edit", methods=["GET", "POST"])
def edit_key_result(key_result_id: int) -> ResponseReturnValue:
    key_result = key_result_for(me(), key_result_id, to_edit=True)
    if key_result.measure.has_ended and request.method != "POST":
        return lead_to_reopening(key_result)
    return edit_item(key_result, lambda: key_result_draft(me(), key_result.objective, key_result))


@blueprint.route("/key-results/<int:key_result_id>/delete", methods=["GET", "POST"])
def delete_key_result(key_result_id: int) -> ResponseReturnValue:
    key_result = key_result_for(me(), key_result_id, to_edit=True)
    if request.method != "POST":
        return render_template(
            "okrs/delete.html",
            item=key_result,
            objective=key_result.objective,
            aligned=all_aligned_under(me(), [key_result]),
        )
    hold_me()
    hold_item(key_result)
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
