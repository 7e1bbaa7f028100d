"""The start page: what is the person's, and what needs them."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.access import me
from app.accounts.models import Person
from app.htmx import fragment, is_htmx, see_other
from app.okrs import blueprint
from app.okrs.comments.seeing import needs_of_mentions
from app.okrs.cycles import current_cycle
from app.okrs.home import Mine, what_is_mine
from app.okrs.integrations import Integration, enabled_integrations
from app.okrs.live import mark_of_needs
from app.okrs.moving.waiting import needs_of_waiting
from app.okrs.row_loading import rows_of
from app.okrs.rows import AT_HOME


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What of the person's and their teams' runs or is about to, and what needs them."""
    person, current = me(), current_cycle()
    mine = what_is_mine(person)
    rows = rows_of([*mine.objectives, *mine.key_results, *mine.of_teams], AT_HOME)
    integrations = enabled_integrations()
    return render_template(
        "okrs/home.html",
        objectives=[rows[one] for one in mine.objectives],
        key_results=[rows[one] for one in mine.key_results],
        of_teams=[rows[one] for one in mine.of_teams],
        **_needs_part(person, mine, integrations),
        cycle=current,
        has_integration=bool(integrations),
        wanting_count=mine.wanting_count,
    )


@blueprint.get("/needs")
def show_needs() -> ResponseReturnValue:
    """What needs the person, for a page that is open; 204 where it shows just that."""
    if not is_htmx():
        return see_other("okrs.home")
    part = _needs_part(me(), what_is_mine(me()), enabled_integrations())
    if part["needs_mark"] == request.args.get("shown"):
        return "", 204
    return fragment("okrs/_needs.html", **part)


def _needs_part(person: Person, mine: Mine, integrations: Sequence[Integration]) -> dict[str, Any]:
    """What `okrs/_needs.html` shows."""
    needs = [
        *needs_of_mentions(person),
        *(need for one in integrations for need in one.needs(person)),
    ]
    needs += [*needs_of_waiting(person), *mine.needs]
    return {"needs": needs, "needs_mark": mark_of_needs(needs)}
