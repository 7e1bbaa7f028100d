"""The shares of what contributes to an objective: fixing them, and letting them be equal."""

from collections.abc import Sequence

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.access import found, hold_me, me
from app.db import db
from app.edited_forms import Edited, edited
from app.htmx import see_other
from app.merging import Thing, Together
from app.okrs import blueprint
from app.okrs.changes import SHARES
from app.okrs.endings.fixed import lead_to_reopening
from app.okrs.loading import objective_for
from app.okrs.models import ROLL_UP, Objective
from app.okrs.rollup.explaining import lines_of
from app.okrs.rollup.parts import StoredPart
from app.okrs.rollup.share_form import ShareForm
from app.okrs.rollup.shares import counting_parts, fix_shares, free_shares, hold_parts


@blueprint.get("/objectives/<int:objective_id>/contributions")
def show_contributions(objective_id: int) -> ResponseReturnValue:
    objective = _rolled_up(objective_id)
    if objective.measure.has_ended:
        return lead_to_reopening(objective)
    parts = counting_parts(objective)
    return _page(objective, parts, _edited(objective, parts, None))


@blueprint.post("/objectives/<int:objective_id>/contributions")
def save_contributions(objective_id: int) -> ResponseReturnValue:
    objective = _rolled_up(objective_id)
    hold_me()
    parts = hold_parts(objective)
    if objective.measure.has_ended:
        return lead_to_reopening(objective)
    met = _edited(objective, parts, request.form)
    if not met.may_be_saved():
        return _page(objective, parts, met), 422
    fix_shares(objective, me(), parts, met.form.wanted)
    db.session.commit()
    met.merge.flash_kept()
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


def _edited(
    objective: Objective, parts: Sequence[StoredPart], sent: MultiDict[str, str] | None
) -> Edited[ShareForm]:
    """Shares hang together: what two typed is never mixed."""
    names = frozenset(one.name for one in ShareForm(parts))
    thing = Thing("objective", objective.id, dict.fromkeys(names, (SHARES,)))
    return edited(thing, sent, lambda typed: ShareForm(parts, typed), [Together(names, names)])


def _page(objective: Objective, parts: Sequence[StoredPart], met: Edited[ShareForm]) -> str:
    return render_template(
        "okrs/contributions.html",
        objective=objective,
        lines=lines_of([one for one in parts if one.counts]),
        form=met.form,
        merge=met.merge,
    )
