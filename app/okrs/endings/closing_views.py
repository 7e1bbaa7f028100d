"""Closing items and reopening them."""

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.access import me
from app.db import db, utcnow
from app.okrs import blueprint
from app.okrs.cycles import hold_cycle
from app.okrs.endings.closing import (
    EndedMeanwhile,
    Ending,
    close,
    close_with_parts,
    ended_with,
    hold_items,
    open_parts,
    reopen,
)
from app.okrs.endings.fixed import kind_of, lead_to_reopening
from app.okrs.endings.forms import CLOSE, CloseForm, exact
from app.okrs.endings.proposals import proposals_for, proposed_parts
from app.okrs.loading import Item, key_result_for, objective_for
from app.okrs.models import Objective
from app.okrs.rows import item_url, row_for

PARTS_CHANGED = "A key result was added at the same moment. Look at it once more, then go on."


@blueprint.errorhandler(EndedMeanwhile)
def look_once_more(_meanwhile: EndedMeanwhile) -> ResponseReturnValue:
    """Lead back to the form, as things are by now."""
    db.session.rollback()
    flash(PARTS_CHANGED, "error")
    return redirect(request.path, code=303)


@blueprint.route("/objectives/<int:objective_id>/close", methods=["GET", "POST"])
def close_objective(objective_id: int) -> ResponseReturnValue:
    return _close(objective_for(me(), objective_id, to_edit=True))


@blueprint.route("/key-results/<int:key_result_id>/close", methods=["GET", "POST"])
def close_key_result(key_result_id: int) -> ResponseReturnValue:
    return _close(key_result_for(me(), key_result_id, to_edit=True))


@blueprint.route("/objectives/<int:objective_id>/reopen", methods=["GET", "POST"])
def reopen_objective(objective_id: int) -> ResponseReturnValue:
    return _reopen(objective_for(me(), objective_id, to_edit=True))


@blueprint.route("/key-results/<int:key_result_id>/reopen", methods=["GET", "POST"])
def reopen_key_result(key_result_id: int) -> ResponseReturnValue:
    return _reopen(key_result_for(me(), key_result_id, to_edit=True))


def _close(item: Item) -> ResponseReturnValue:
    is_sent = request.method == "POST"
    if is_sent:
        hold_items([item])
    if item.measure.has_ended:
        return lead_to_reopening(item)
    proposal = proposals_for([item])[item.measure_id]
    if not is_sent:
        return _close_page(item, CloseForm.of(item.measure, proposal))
    form = CloseForm(request.form)
    form.measure = item.measure
    if not form.validate():
        return _close_page(item, form), 422
    ending = Ending(exact(form.value, proposal.value), form.score.figure, form.note.data or "")
    if form.parts.data == CLOSE:
        close_with_parts(item, ending, me())
    else:
        close(item, ending, me(), utcnow())
    db.session.commit()
    flash(f"{kind_of(item).capitalize()} closed.", "success")
    return redirect(item_url(item, "show"), code=303)


def _close_page(item: Item, form: CloseForm) -> str:
    parts = proposed_parts(open_parts(item))
    return render_template("okrs/close.html", form=form, row=row_for(item), parts=parts)


def _reopen(item: Item) -> ResponseReturnValue:
    if request.method == "POST":
        hold_cycle(item.cycle)
        hold_items([item])
    if item.cycle.closed_at is not None:
        flash(f"{item.cycle.name} is closed. It has to be reopened by an admin first.", "error")
        return redirect(item_url(item, "show"), code=303)
    if not item.measure.has_ended:
        flash(f"The {kind_of(item)} is open already.")
        return redirect(item_url(item, "show"), code=303)
    parts = ended_with(item) if isinstance(item, Objective) else []
    if request.method != "POST":
        return render_template("okrs/reopen.html", row=row_for(item), parts=parts)
    chosen = set(request.form.getlist("parts", type=int))
    reopen([item, *(one for one in parts if one.id in chosen)], me())
    db.session.commit()
    flash(f"{kind_of(item).capitalize()} reopened.", "success")
    return redirect(item_url(item, "show"), code=303)
