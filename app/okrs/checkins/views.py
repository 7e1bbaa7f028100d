"""Checking in, editing and deleting check-ins, and letting a source update an item again."""

from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.access import found, hold_me, me
from app.audit.since import Saved
from app.db import db
from app.edited_forms import edited
from app.merging import Thing
from app.okrs import blueprint
from app.okrs.checkins.forms import CheckInForm
from app.okrs.checkins.loading import check_in_for
from app.okrs.checkins.overriding import automatic_words, by_hand, resume
from app.okrs.checkins.recording import check_in, delete, edit, is_repeat, last_id, newer_value
from app.okrs.checkins.rereading import may_revalue
from app.okrs.endings.fixed import lead_to_reopening, why_fixed
from app.okrs.figures import value_words
from app.okrs.holding import hold_item
from app.okrs.loading import Item, key_result_for, objective_for
from app.okrs.models import ONCE, CheckIn, Measure
from app.okrs.rows import item_url, row_for
from app.pages import clock


@blueprint.route("/objectives/<int:objective_id>/check-in", methods=["GET", "POST"])
def check_in_objective(objective_id: int) -> ResponseReturnValue:
    return _check_in(objective_for(me(), objective_id, to_check_in=True))


@blueprint.route("/key-results/<int:key_result_id>/check-in", methods=["GET", "POST"])
def check_in_key_result(key_result_id: int) -> ResponseReturnValue:
    return _check_in(key_result_for(me(), key_result_id, to_check_in=True))


@blueprint.route("/check-ins/<int:check_in_id>/edit", methods=["GET", "POST"])
def edit_check_in(check_in_id: int) -> ResponseReturnValue:
    made, item = check_in_for(me(), check_in_id)
    if request.method == "POST":
        made = _held(item, made)
    if item.measure.has_ended and request.method != "POST":
        return lead_to_reopening(item)
    sent = request.form if request.method == "POST" else None
    saved = Saved(made.person_id, made.person.name, made.edited_at or made.made_at)
    met = edited(
        Thing("check_in", made.id, saved=saved), sent, lambda typed: _form_of(item, made, typed)
    )
    form = met.form
    if sent is None or not met.may_be_saved(may_be_saved(item, form)):
        page = render_template(
            "okrs/checkins/form.html", made=made, merge=met.merge, **form_values(item, form)
        )
        return page, 422 if sent is not None else 200
    edit(item, made, form.said, me(), keeps_value=not form.takes_value)
    db.session.commit()
    met.merge.flash_kept()
    flash("Check-in saved.", "success")
    return redirect(item_url(item, "show"), code=303)


@blueprint.route("/check-ins/<int:check_in_id>/delete", methods=["GET", "POST"])
def delete_check_in(check_in_id: int) -> ResponseReturnValue:
    made, item = check_in_for(me(), check_in_id, to_delete=True)
    if request.method == "POST":
        made = _held(item, made)
    if item.measure.has_ended:
        return lead_to_reopening(item)
    if request.method != "POST":
        return render_template("okrs/checkins/delete.html", made=made, row=row_for(item))
    delete(item, made, me())
    db.session.commit()
    flash("Check-in deleted.", "success")
    return redirect(item_url(item, "show"), code=303)


@blueprint.post("/objectives/<int:objective_id>/resume")
def resume_objective(objective_id: int) -> ResponseReturnValue:
    return _resume(objective_for(me(), objective_id, to_check_in=True))


@blueprint.post("/key-results/<int:key_result_id>/resume")
def resume_key_result(key_result_id: int) -> ResponseReturnValue:
    return _resume(key_result_for(me(), key_result_id, to_check_in=True))


def may_be_saved(item: Item, form: CheckInForm) -> bool:
    """Check what was typed, of an item that is held; False leaves the messages on the form."""
    is_valid = form.validate()
    if item.measure.has_ended:
        form.note.errors = [why_fixed(item)]
    return is_valid and not item.measure.has_ended


def tells_of_newer(measure: Measure, form: CheckInForm) -> bool:
    """Whether the form now says that somebody else gave another value since it was opened. Sent
    once more it is saved after that."""
    newer = newer_value(measure, form.said, me(), form.seen_id)
    if newer is None or newer.value is None:
        return False
    form.value.errors = [
        f"{newer.person.name} checked in {value_words(measure, newer.value)} "
        f"{clock(newer.made_at)}, after you opened this. Saving again puts yours after it."
    ]
    form.seen.data = str(last_id(measure))
    return True


def form_values(item: Item, form: CheckInForm) -> dict[str, Any]:
    """What `okrs/checkins/_fields.html` needs."""
    return {
        "form": form,
        "row": row_for(item),
        "automatic": automatic_words(item.measure),
        "by_hand": by_hand(item.measure),
    }


def _form_of(item: Item, made: CheckIn, typed: MultiDict[str, str] | None) -> CheckInForm:
    form = CheckInForm.of(
        item.measure,
        typed,
        value=made.value,
        note=made.note,
        confidence=str(made.confidence or ""),
    )
    form.is_value_fixed = not may_revalue(item.measure, made)
    form.keeps_value = form.is_value_fixed and made.value is not None
    return form


def _check_in(item: Item) -> ResponseReturnValue:
    measure = item.measure
    if request.method == "POST":
        hold_me()
        hold_item(item)
    if measure.has_ended and request.method != "POST":
        return lead_to_reopening(item)
    typed = request.form if request.method == "POST" else None
    form = CheckInForm.of(
        measure, typed, seen=str(last_id(measure)), override=measure.override or ONCE
    )
    if request.method != "POST" or not may_be_saved(item, form):
        page = render_template("okrs/checkins/form.html", **form_values(item, form))
        return page, 422 if form.errors else 200
    if not is_repeat(measure, form.said, me(), form.seen_id):
        if tells_of_newer(measure, form):
            return render_template("okrs/checkins/form.html", **form_values(item, form)), 422
        check_in(item, form.said, me())
    db.session.commit()
    flash("Checked in.", "success")
    return redirect(item_url(item, "show"), code=303)


def _resume(item: Item) -> ResponseReturnValue:
    hold_me()
    hold_item(item)
    if item.measure.has_ended:
        return lead_to_reopening(item)
    resume(item, me())
    db.session.commit()
    flash("The data source updates it again.", "success")
    return redirect(item_url(item, "show"), code=303)


def _held(item: Item, made: CheckIn) -> CheckIn:
    """The check-in as it is once nobody else writes it; 404 where it was just deleted."""
    hold_me()
    hold_item(item)
    again = select(CheckIn).where(CheckIn.id == made.id)
    return found(db.session.scalar(again.execution_options(populate_existing=True)))
