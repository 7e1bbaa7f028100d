"""Check-ins: a value and a note by a person."""

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.access import hold_me, me
from app.db import db, utcnow
from app.okrs import blueprint
from app.okrs.endings.fixed import lead_to_reopening, why_fixed
from app.okrs.forms import CheckInForm
from app.okrs.loading import Item, key_result_for, objective_for
from app.okrs.mentions import tell_of_mentions
from app.okrs.models import CheckIn
from app.okrs.readings import hold, record_check_in
from app.okrs.rows import item_url, row_for


@blueprint.route("/objectives/<int:objective_id>/check-in", methods=["GET", "POST"])
def check_in_objective(objective_id: int) -> ResponseReturnValue:
    return _check_in(objective_for(me(), objective_id, to_check_in=True))


@blueprint.route("/key-results/<int:key_result_id>/check-in", methods=["GET", "POST"])
def check_in_key_result(key_result_id: int) -> ResponseReturnValue:
    return _check_in(key_result_for(me(), key_result_id, to_check_in=True))


def _check_in(item: Item) -> ResponseReturnValue:
    measure = item.measure
    form = CheckInForm(request.form if request.method == "POST" else None)
    form.measure = measure
    if measure.has_ended and request.method != "POST":
        return lead_to_reopening(item)
    if request.method != "POST":
        return render_template("okrs/check_in.html", form=form, row=row_for(item))
    hold_me()
    hold(measure)
    is_valid = form.validate()
    if measure.has_ended:
        form.note.errors = [why_fixed(item)]
    if not is_valid or measure.has_ended:
        return render_template("okrs/check_in.html", form=form, row=row_for(item)), 422
    check_in = CheckIn(
        measure=measure, person_id=me().id, note=form.note.data or "", made_at=utcnow()
    )
    db.session.add(check_in)
    if form.takes_value and form.value.figure is not None:
        record_check_in(measure, check_in, form.value.figure)
    tell_of_mentions(item, check_in.note, me())
    db.session.commit()
    flash("Checked in.", "success")
    return redirect(item_url(item, "show"), code=303)
