"""The shares of what contributes to an objective: fixing them, and letting them be equal."""

from collections.abc import Sequence

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import found, hold_me, me
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.endings.fixed import lead_to_reopening
from app.okrs.loading import objective_for
from app.okrs.models import ROLL_UP, Objective
from app.okrs.rollup.explaining import lines_of
from app.okrs.rollup.parts import StoredPart
from app.okrs.rollup.share_form import ShareForm
from app.okrs.rollup.shares import counting_parts, fix_shares, free_shares, hold_parts, mark_of

CHANGED_MEANWHILE = (
    "The shares, or what contributes, were changed by someone else since you opened this. What you "
    "typed is still here: look at the objective in another tab, then save again to put yours in "
    "their place."
)


@blueprint.get("/objectives/<int:objective_id>/contributions")
def show_contributions(objective_id: int) -> ResponseReturnValue:
    objective = _rolled_up(objective_id)
    if objective.measure.has_ended:
        return lead_to_reopening(objective)
    parts = counting_parts(objective)
    return _page(objective, parts, ShareForm(parts))


@blueprint.post("/objectives/<int:objective_id>/contributions")
def save_contributions(objective_id: int) -> ResponseReturnValue:
    objective = _rolled_up(objective_id)
    hold_me()
    parts = hold_parts(objective)
    if objective.measure.has_ended:
        return lead_to_reopening(objective)
    form = ShareForm(parts, request.form)
    if request.form.get("seen", mark_of(parts)) != mark_of(parts):
        return _page(objective, parts, form, CHANGED_MEANWHILE), 422
    if not form.validate():
        return _page(objective, parts, form), 422
    fix_shares(objective, me(), parts, form.wanted)
    db.session.commit()
    flash("Shares saved.", "success")
    return see_other("okrs.show_objective", objective_id=objective.id, _anchor="contributions")


@blueprint.post("/objectives/<int:objective_id>/contributions/reset")
def reset_contributions(objective_id: int) -> ResponseReturnValue:
    objective = _rolled_up(objective_id)
    hold_me()
    parts = hold_parts(objective)
    if objective.measure.has_ended:
        return lead_to_reopening(objective)
    free_shares(objective, me(), parts)
    db.session.commit()
    flash("All shares are equal again.", "success")
    return see_other("okrs.show_objective", objective_id=objective.id, _anchor="contributions")


def _rolled_up(objective_id: int) -> Objective:
    """For who may edit it; 404 where its measure is its own."""
    objective = objective_for(me(), objective_id, to_edit=True)
    return found(objective if objective.measure.kind == ROLL_UP else None)


def _page(
    objective: Objective, parts: Sequence[StoredPart], form: ShareForm, problem: str = ""
) -> str:
    return render_template(
        "okrs/contributions.html",
        objective=objective,
        lines=lines_of([one for one in parts if one.counts]),
        form=form,
        seen=mark_of(parts),
        problem=problem,
    )
