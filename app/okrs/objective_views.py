"""Objectives: their page, making, editing and deleting them."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import hold_me, me
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.alignment.choice import AlignmentRefused
from app.okrs.alignment.trail import all_aligned_under, trail_above
from app.okrs.changes import delete_item
from app.okrs.comments.seeing import see_what_is_shown
from app.okrs.cycles import cycles_to_choose
from app.okrs.drafts import objective_draft
from app.okrs.endings.fixed import lead_to_reopening
from app.okrs.holding import hold_item
from app.okrs.integrations import SourceRefused
from app.okrs.item_views import edit_item
from app.okrs.loading import objective_for
from app.okrs.regions import row_fragment, standing_fragment, standing_values
from app.okrs.repeats import objective_made_before
from app.okrs.saving import SavedMeanwhile, create_objective
from app.okrs.sight import sight_words

OWNER_CHANGED = "The owner left at the same moment. Choose someone else, then save again."


@blueprint.route("/objectives/new", methods=["GET", "POST"])
def new_objective() -> ResponseReturnValue:
    wanted = request.args.get("cycle", type=int)
    cycle = next((one for one in cycles_to_choose(None) if one.id == wanted), None)
    draft = objective_draft(me(), None, cycle)
    if not draft.is_ready():
        return render_template("okrs/form.html", draft=draft, cycle=cycle), draft.status
    if (made := objective_made_before(draft.form.title.data or "")) is not None:
        return see_other("okrs.show_objective", objective_id=made.id)
    try:
        objective = create_objective(draft)
    except (SourceRefused, AlignmentRefused):
        db.session.rollback()
        return render_template("okrs/form.html", draft=draft, cycle=cycle), draft.status
    except SavedMeanwhile as meanwhile:
        db.session.rollback()
        draft.problem = str(meanwhile) or OWNER_CHANGED
        return render_template("okrs/form.html", draft=draft, cycle=cycle), draft.status
    db.session.commit()
    flash("Objective created.", "success")
    return see_other("okrs.show_objective", objective_id=objective.id)


@blueprint.get("/objectives/<int:objective_id>")
def show_objective(objective_id: int) -> ResponseReturnValue:
    objective = objective_for(me(), objective_id)
    standing = standing_values(objective)
    if standing["has_unseen_mentions"]:
        see_what_is_shown(me(), objective.measure, standing["timeline"])
    return render_template(
        "okrs/item.html",
        sight=sight_words(objective),
        trail=trail_above(me(), objective.parent_measure_id),
        **standing,
    )


@blueprint.route("/objectives/<int:objective_id>/edit", methods=["GET", "POST"])
def edit_objective(objective_id: int) -> ResponseReturnValue:
    objective = objective_for(me(), objective_id, to_edit=True)
    if objective.measure.has_ended and request.method != "POST":
        return lead_to_reopening(objective)
    return edit_item(objective, lambda: objective_draft(me(), objective, None))


@blueprint.route("/objectives/<int:objective_id>/delete", methods=["GET", "POST"])
def delete_objective(objective_id: int) -> ResponseReturnValue:
    objective = objective_for(me(), objective_id, to_edit=True)
    if request.method != "POST":
        parts = objective.key_results
        aligned = all_aligned_under(me(), [objective, *parts])
        return render_template("okrs/delete.html", item=objective, parts=parts, aligned=aligned)
    cycle_id = objective.cycle_id
    hold_me()
    hold_item(objective)
    delete_item(objective, me())
    db.session.commit()
    flash("Objective deleted.", "success")
    return see_other("okrs.list_objectives", cycle=cycle_id)


@blueprint.get("/objectives/<int:objective_id>/standing")
def objective_standing(objective_id: int) -> ResponseReturnValue:
    return standing_fragment(objective_for(me(), objective_id).measure)


@blueprint.get("/objectives/<int:objective_id>/row")
def objective_row(objective_id: int) -> ResponseReturnValue:
    return row_fragment(objective_for(me(), objective_id).measure)
