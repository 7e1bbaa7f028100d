"""The order of key results under their objective."""

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from app.access import hold_me, me
from app.db import db
from app.htmx import fragment, is_htmx, see_other
from app.okrs import blueprint
from app.okrs.endings.fixed import lead_to_reopening
from app.okrs.loading import key_result_for, objective_for
from app.okrs.ordering import DOWN, UP, move


@blueprint.get("/objectives/<int:objective_id>/order")
def order_key_results(objective_id: int) -> ResponseReturnValue:
    objective = objective_for(me(), objective_id, to_edit=True)
    if objective.measure.has_ended:
        return lead_to_reopening(objective)
    return render_template(
        "okrs/order.html", objective=objective, key_results=objective.key_results
    )


@blueprint.post("/key-results/<int:key_result_id>/move")
def move_key_result(key_result_id: int) -> ResponseReturnValue:
    """Up or down by one place; for those who may edit the objective."""
    key_result = key_result_for(me(), key_result_id)
    objective = objective_for(me(), key_result.objective_id, to_edit=True)
    way = request.form.get("way")
    if way not in (UP, DOWN):
        abort(422)
    hold_me()
    order = move(key_result, way)
    if objective.measure.has_ended:
        return lead_to_reopening(objective)
    db.session.commit()
    if is_htmx():
        return fragment("okrs/_order.html", key_results=order)
    return see_other("okrs.order_key_results", objective_id=objective.id)
