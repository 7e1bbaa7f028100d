"""Lists of items: the person's own at the start, and all of a cycle."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from app.access import me
from app.accounts.models import Person, workspace
from app.db import db
from app.htmx import fragment, is_htmx, see_other
from app.okrs import blueprint
from app.okrs.cycles import current_cycle
from app.okrs.integrations import Integration, enabled_integrations
from app.okrs.live import mark_of_needs
from app.okrs.loading import (
    visible_key_results,
    visible_objectives,
    with_measure,
    with_standing,
)
from app.okrs.models import Cycle, KeyResult, Objective
from app.okrs.rows import rows_for


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What the person owns in cycles that are not over, and what of it needs them."""
    person, current = me(), current_cycle()
    today = workspace().today()
    objectives = db.session.scalars(
        visible_objectives(person)
        .join(Objective.cycle)
        .where(Objective.owner_id == person.id, Cycle.ends_on >= today)
        .order_by(Cycle.starts_on, Objective.id)
        .options(*with_standing())
    ).all()
    key_results = db.session.scalars(
        visible_key_results(person)
        .join(Objective.cycle)
        .where(KeyResult.owner_id == person.id, Cycle.ends_on >= today)
        .order_by(Cycle.starts_on, KeyResult.objective_id, KeyResult.position, KeyResult.id)
        .options(joinedload(KeyResult.owner), with_measure(KeyResult))
    ).all()
    rows = rows_for([*objectives, *key_results])
    integrations = enabled_integrations()
    return render_template(
        "okrs/home.html",
        objectives=[row for row in rows if row.is_objective],
        key_results=[row for row in rows if not row.is_objective],
        **_needs_part(person, integrations),
        cycle=current,
        has_integration=bool(integrations),
    )


@blueprint.get("/needs")
def show_needs() -> ResponseReturnValue:
    """What needs the person, for a page that is open; 204 where it shows just that."""
    if not is_htmx():
        return see_other("okrs.home")
    part = _needs_part(me(), enabled_integrations())
    if part["needs_mark"] == request.args.get("shown"):
        return "", 204
    return fragment("okrs/_needs.html", **part)


def _needs_part(person: Person, integrations: Sequence[Integration]) -> dict[str, Any]:
    """What `okrs/_needs.html` shows."""
    needs = [need for one in integrations for need in one.needs(person)]
    return {"needs": needs, "needs_mark": mark_of_needs(needs)}
