"""Cycles: which there are, and adding one."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.access import me, require_admin
from app.audit.log import record
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.cycles import add_cycle as add
from app.okrs.cycles import all_cycles, current_cycle
from app.okrs.forms import CycleForm
from app.okrs.loading import is_visible
from app.okrs.models import Objective
from app.pages import day


@blueprint.get("/cycles")
def list_cycles() -> ResponseReturnValue:
    return _page(CycleForm())


@blueprint.post("/cycles")
def add_cycle() -> ResponseReturnValue:
    require_admin()
    form = CycleForm(request.form)
    if not form.validate():
        return _page(form), 422
    name, first, last = form.name.data or "", form.first_day.data, form.last_day.data
    if first is None or last is None:
        raise RuntimeError("a valid form has both days")
    cycles = all_cycles()
    if any(one.name.casefold() == name.casefold() for one in cycles):
        form.name.errors = ["There is a cycle of this name. Choose another."]
        return _page(form), 422
    cycle = add(name, first, last)
    if cycle is None:
        same = next(one for one in all_cycles() if (one.starts_on, one.ends_on) == (first, last))
        form.first_day.errors = [f"{same.name} has these days already."]
        return _page(form), 422
    days = f"{day(first)} to {day(last)}"
    record("cycle.created", "cycle", cycle.id, cycle.name, days=days)
    db.session.commit()
    flash(f"{name} added.", "success")
    return see_other("okrs.list_cycles")


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
    )
