"""Postponing items into another cycle, and cloning them."""

from collections.abc import Sequence
from typing import TypeVar

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.access import hold_me, me
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.cycles import current_cycle, hold_cycle
from app.okrs.endings.carrying import (
    NOTHING_LEFT,
    Carried,
    carry_key_result,
    carry_objective,
    clone,
    cycles_carried_into,
    has_nothing_left,
)
from app.okrs.endings.closing import hold_items, open_parts
from app.okrs.endings.copies import Copying, cloned_since, last_clone
from app.okrs.endings.counted import counted_words
from app.okrs.endings.fixed import lead_to_reopening
from app.okrs.endings.forms import CarryForm, MoveForm
from app.okrs.endings.parents import alignment_words, parents_of
from app.okrs.endings.places import following, home_of, open_cycles, open_objectives
from app.okrs.endings.unlinked import tell_of_unlinked
from app.okrs.loading import Item, key_result_for, objective_for
from app.okrs.models import Cycle, KeyResult, Objective
from app.okrs.rows import item_url, row_for

Place = TypeVar("Place", Cycle, Objective)

CLOSED_MEANWHILE = "This cycle was just closed. Choose another."
ENDED_MEANWHILE = "This objective has just ended. Choose another."


@blueprint.route("/objectives/<int:objective_id>/postpone", methods=["GET", "POST"])
def postpone_objective(objective_id: int) -> ResponseReturnValue:
    current_cycle()
    objective = objective_for(me(), objective_id, to_edit=True)
    if elsewhere := _away_from_postponing(objective):
        return elsewhere
    taken = {objective.cycle_id, *cycles_carried_into([objective])[objective.measure_id]}
    cycles = [one for one in open_cycles() if one.id not in taken]
    form = _cycle_form(cycles, following(cycles, objective.cycle))
    if request.method != "POST" or not form.validate():
        return _objective_page(objective, form, cycles, carries_on=True)
    cycle = _chosen(cycles, form.cycle.data)
    copying = _hold_for_objective(objective, cycle, carries_on=True)
    if copying is None:
        form.cycle.errors = [CLOSED_MEANWHILE]
        return _objective_page(objective, form, cycles, carries_on=True)
    if elsewhere := _away_from_postponing(objective):
        return elsewhere
    carried = carry_objective(objective, cycle, copying)
    db.session.commit()
    flash(f"Objective postponed: this is how it goes on in {cycle.name}.", "success")
    _tell_of_rest(carried, copying)
    return see_other("okrs.show_objective", objective_id=carried.made.id)


@blueprint.route("/key-results/<int:key_result_id>/postpone", methods=["GET", "POST"])
def postpone_key_result(key_result_id: int) -> ResponseReturnValue:
    key_result = key_result_for(me(), key_result_id, to_edit=True)
    if elsewhere := _away_from_postponing(key_result):
        return elsewhere
    cycle_id = key_result.cycle.id
    objectives = [one for one in open_objectives(me()) if one.cycle_id != cycle_id]
    form = _objective_form(objectives, home_of(objectives, key_result))
    if request.method != "POST" or not form.validate():
        return _key_result_page("okrs/postpone.html", key_result, form)
    into = _chosen(objectives, form.objective.data)
    copying = _hold_for_key_result(key_result, into, carries_on=True)
    if copying is None:
        form.objective.errors = [ENDED_MEANWHILE]
        return _key_result_page("okrs/postpone.html", key_result, form)
    if elsewhere := _away_from_postponing(key_result):
        return elsewhere
    made = carry_key_result(key_result, into, copying)
    db.session.commit()
    flash(f"Key result postponed: this is how it goes on in {into.cycle.name}.", "success")
    tell_of_unlinked(copying.unlinked)
    return see_other("okrs.show_key_result", key_result_id=made.id)


@blueprint.route("/objectives/<int:objective_id>/clone", methods=["GET", "POST"])
def clone_objective(objective_id: int) -> ResponseReturnValue:
    current_cycle()
    objective = objective_for(me(), objective_id, to_edit=True)
    cycles = open_cycles()
    form = _cycle_form(cycles, following(cycles, objective.cycle))
    if request.method != "POST" or not form.validate():
        return _objective_page(objective, form, cycles, carries_on=False)
    cycle = _chosen(cycles, form.cycle.data)
    copying = _hold_for_objective(objective, cycle, carries_on=False)
    if copying is None:
        form.cycle.errors = [CLOSED_MEANWHILE]
        return _objective_page(objective, form, cycles, carries_on=False)
    cloned = cloned_since(objective, me(), request.form.get("seen", type=int))
    if cloned is not None:
        return _lead_to_clone(cloned)
    parts = objective.key_results if form.with_parts.data else []
    made = clone(objective, cycle, parts, copying)
    db.session.commit()
    flash("Objective cloned.", "success")
    tell_of_unlinked(copying.unlinked)
    return see_other("okrs.show_objective", objective_id=made.id)


@blueprint.route("/key-results/<int:key_result_id>/clone", methods=["GET", "POST"])
def clone_key_result(key_result_id: int) -> ResponseReturnValue:
    key_result = key_result_for(me(), key_result_id, to_edit=True)
    objectives = open_objectives(me())
    own = next((one for one in objectives if one.id == key_result.objective_id), None)
    form = _objective_form(objectives, own or home_of(objectives, key_result))
    if request.method != "POST" or not form.validate():
        return _key_result_page("okrs/clone.html", key_result, form)
    into = _chosen(objectives, form.objective.data)
    copying = _hold_for_key_result(key_result, into, carries_on=False)
    if copying is None:
        form.objective.errors = [ENDED_MEANWHILE]
        return _key_result_page("okrs/clone.html", key_result, form)
    cloned = cloned_since(key_result, me(), request.form.get("seen", type=int))
    if cloned is not None:
        return _lead_to_clone(cloned)
    made = copying.key_result(key_result, into)
    db.session.commit()
    flash("Key result cloned.", "success")
    tell_of_unlinked(copying.unlinked)
    return see_other("okrs.show_key_result", key_result_id=made.id)


def _cycle_form(cycles: Sequence[Cycle], preselected: Cycle | None) -> CarryForm:
    typed = request.form if request.method == "POST" else None
    stored = {"cycle": preselected.id if preselected else None, "with_parts": True}
    form = CarryForm(typed, data=stored)
    form.cycle.choices = [(one.id, one.name) for one in cycles]
    return form


def _objective_form(objectives: Sequence[Objective], preselected: Objective | None) -> MoveForm:
    typed = request.form if request.method == "POST" else None
    form = MoveForm(typed, data={"objective": preselected.id if preselected else None})
    form.objective.choices = [(one.id, f"{one.title} ({one.cycle.name})") for one in objectives]
    return form


def _hold_for_objective(objective: Objective, cycle: Cycle, *, carries_on: bool) -> Copying | None:
    """None where the cycle that it was to go into was just closed."""
    hold_me()
    copying = Copying(me(), [objective, *objective.key_results], carries_on=carries_on)
    if not hold_cycle(cycle):
        return None
    hold_items([objective], beside=parents_of(objective, cycle))
    return copying


def _hold_for_key_result(
    key_result: KeyResult, into: Objective, *, carries_on: bool
) -> Copying | None:
    """None where the objective that it was to go into has just ended, or its cycle was closed."""
    hold_me()
    copying = Copying(me(), [key_result], carries_on=carries_on)
    is_open = hold_cycle(into.cycle)
    hold_items([key_result, into])
    return copying if is_open and not into.measure.has_ended else None


def _objective_page(
    objective: Objective, form: CarryForm, cycles: Sequence[Cycle], *, carries_on: bool
) -> ResponseReturnValue:
    parts = open_parts(objective)
    met = [one for one in parts if has_nothing_left(one.measure)]
    going = [one for one in parts if one not in met]
    page = render_template(
        "okrs/postpone.html" if carries_on else "okrs/clone.html",
        form=form,
        row=row_for(objective),
        going=going,
        met=met,
        seen=last_clone(objective, me()),
        alignment=alignment_words(objective, cycles, me()),
        counted=counted_words([objective, *(going if carries_on else objective.key_results)]),
    )
    return page, 422 if form.errors else 200


def _key_result_page(template: str, key_result: KeyResult, form: MoveForm) -> ResponseReturnValue:
    page = render_template(
        template,
        form=form,
        row=row_for(key_result),
        going=[],
        met=[],
        seen=last_clone(key_result, me()),
        alignment=[],
        counted=counted_words([key_result]),
    )
    return page, 422 if form.errors else 200


def _away_from_postponing(item: Item) -> ResponseReturnValue | None:
    """To what can be done instead, where it has ended or nothing is left of it; else None."""
    if item.measure.has_ended:
        return lead_to_reopening(item)
    if has_nothing_left(item.measure):
        flash(NOTHING_LEFT, "error")
        return redirect(item_url(item, "close"), code=303)
    return None


def _lead_to_clone(clone: Item) -> ResponseReturnValue:
    """Pressed twice, it is cloned once."""
    flash("It was cloned already: this is the clone.")
    return redirect(item_url(clone, "show"), code=303)


def _tell_of_rest(carried: Carried, copying: Copying) -> None:
    if carried.closed:
        titles = ", ".join(f"“{one.title}”" for one in carried.closed)
        flash(f"Closed, since the target is reached: {titles}.")
    tell_of_unlinked(copying.unlinked)


def _chosen(places: Sequence[Place], chosen: int) -> Place:
    return next(one for one in places if one.id == chosen)
