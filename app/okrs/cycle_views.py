"""Cycles: which there are, adding, editing, closing and reopening them."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.access import by_id, me, require_admin
from app.db import db
from app.edited_forms import edited
from app.htmx import see_other
from app.merging import Merge, Thing
from app.okrs import blueprint
from app.okrs.cycle_changes import (
    RECORDED_AS,
    change_cycle,
    hold_to_change,
    record_created,
    still_open,
)
from app.okrs.cycle_changes import close_cycle as close
from app.okrs.cycle_changes import reopen_cycle as reopen
from app.okrs.cycles import add_cycle as add
from app.okrs.cycles import (
    all_cycles,
    current_cycle,
    is_of_calendar,
    offered_years,
    with_days,
    with_name,
)
from app.okrs.forms import CycleForm
from app.okrs.loading import is_visible
from app.okrs.models import Cycle, Objective

FROM_CALENDAR = (
    "The calendar makes this quarter, so its days stay. Add a cycle of your own for other days."
)


@blueprint.get("/cycles")
def list_cycles() -> ResponseReturnValue:
    return _page(CycleForm())


@blueprint.post("/cycles")
def add_cycle() -> ResponseReturnValue:
    admin = require_admin()
    form = CycleForm(request.form)
    if not form.validate():
        return _page(form), 422
    name, (first, last) = form.name.data or "", form.days
    cycle = add(name, first, last)
    if cycle is None:
        _tell_what_is_taken(form, None)
        return _page(form), 422
    record_created(cycle, admin)
    db.session.commit()
    flash(f"{name} added.", "success")
    return see_other("okrs.list_cycles")


@blueprint.post("/cycles/years")
def add_year() -> ResponseReturnValue:
    """Make the year that the calendar offers, so that quarters can lie under it."""
    admin = require_admin()
    wanted = request.form.get("name", "")
    year = next((one for one in offered_years() if one.name == wanted), None)
    cycle = add(year.name, year.starts_on, year.ends_on) if year else None
    if cycle is None:
        flash("There is such a cycle already.")
        return see_other("okrs.list_cycles")
    record_created(cycle, admin)
    db.session.commit()
    flash(f"{cycle.name} added.", "success")
    return see_other("okrs.list_cycles")


@blueprint.route("/cycles/<int:cycle_id>/edit", methods=["GET", "POST"])
def edit_cycle(cycle_id: int) -> ResponseReturnValue:
    admin = require_admin()
    cycle = by_id(Cycle, cycle_id)
    if request.method == "POST":
        hold_to_change(cycle)
    if cycle.closed_at is not None:
        flash(f"{cycle.name} is closed, so it stays as it is. Reopen it first.", "error")
        return see_other("okrs.review_cycle", cycle_id=cycle.id)
    sent = request.form if request.method == "POST" else None
    stored = {"name": cycle.name, "first_day": cycle.starts_on, "last_day": cycle.ends_on}
    thing = Thing("cycle", cycle.id, RECORDED_AS)
    met = edited(thing, sent, lambda typed: CycleForm(typed, data=stored))
    form = met.form
    if sent is None:
        return _edit_page(cycle, form, met.merge)
    if not met.may_be_saved(form.validate() and _may_be_saved(form, cycle)):
        return _edit_page(cycle, form, met.merge), 422
    if not change_cycle(cycle, form.name.data or "", *form.days, admin):
        _tell_what_is_taken(form, cycle)
        return _edit_page(cycle, form, met.merge), 422
    db.session.commit()
    met.merge.flash_kept()
    flash(f"{cycle.name} saved.", "success")
    return see_other("okrs.list_cycles")


@blueprint.post("/cycles/<int:cycle_id>/close")
def close_cycle(cycle_id: int) -> ResponseReturnValue:
    admin = require_admin()
    cycle = by_id(Cycle, cycle_id)
    hold_to_change(cycle)
    left = still_open(cycle)
    if cycle.closed_at is not None:
        flash(f"{cycle.name} is closed already.")
    elif left:
        flash(f"{left.words} Close or postpone what is left of {cycle.name} first.", "error")
    else:
        close(cycle, admin)
        db.session.commit()
        flash(f"{cycle.name} closed.", "success")
    return see_other("okrs.review_cycle", cycle_id=cycle.id)


@blueprint.post("/cycles/<int:cycle_id>/reopen")
def reopen_cycle(cycle_id: int) -> ResponseReturnValue:
    admin = require_admin()
    cycle = by_id(Cycle, cycle_id)
    hold_to_change(cycle)
    if cycle.closed_at is None:
        flash(f"{cycle.name} is open already.")
    else:
        reopen(cycle, admin)
        db.session.commit()
        flash(f"{cycle.name} reopened.", "success")
    return see_other("okrs.review_cycle", cycle_id=cycle.id)


def _page(form: CycleForm) -> str:
    current = current_cycle()
    counts = db.session.execute(
        select(Objective.cycle_id, func.count())
        .where(is_visible(me()))
        .group_by(Objective.cycle_id)
    )
    return render_template(
        "okrs/cycles.html",
        form=form,
        cycles=all_cycles(),
        current=current,
        counts=dict(counts.all()),
        years=offered_years(),
    )


def _edit_page(cycle: Cycle, form: CycleForm, merge: Merge) -> str:
    return render_template("okrs/cycle.html", cycle=cycle, form=form, merge=merge)


def _may_be_saved(form: CycleForm, cycle: Cycle) -> bool:
    if form.days != (cycle.starts_on, cycle.ends_on) and is_of_calendar(cycle):
        form.first_day.errors = [FROM_CALENDAR]
        return False
    return True


def _tell_what_is_taken(form: CycleForm, cycle: Cycle | None) -> None:
    """Of a form that was refused, as another cycle has the name or the days."""
    if with_name(form.name.data or "") not in (None, cycle):
        form.name.errors = ["There is a cycle of this name. Choose another."]
    same = with_days(*form.days)
    if same is not None and same is not cycle:
        form.first_day.errors = [f"{same.name} has these days already."]
