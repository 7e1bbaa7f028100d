"""The start page: what is the person's, and what needs them."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.access import me
from app.accounts.models import Person, workspace
from app.db import db
from app.htmx import fragment, is_htmx, see_other
from app.okrs import blueprint
from app.okrs.comments.seeing import needs_of_mentions
from app.okrs.cycles import current_cycle
from app.okrs.home import Mine, what_is_mine
from app.okrs.integrations import Integration, Need, enabled_integrations
from app.okrs.live import mark_of_needs
from app.okrs.models import Cycle
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
    needs = _needs_of(person, mine, integrations)
    return render_template(
        "okrs/home.html",
        objectives=[rows[one] for one in mine.objectives],
        key_results=[rows[one] for one in mine.key_results],
        of_teams=[rows[one] for one in mine.of_teams],
        needs=needs,
        **_line(current, mark_of_needs(needs)),
        has_integration=bool(integrations),
        is_alone=not rows and _is_alone(person),
        wanting_count=mine.wanting_count,
    )


def _is_alone(person: Person) -> bool:
    """Whether nobody else was ever here, as on the first day."""
    others = select(Person.id).where(Person.id != person.id).limit(1)
    return db.session.scalar(others) is None


@blueprint.get("/needs")
def show_needs() -> ResponseReturnValue:
    """Whether what needs the person is still what an open page shows; 204 where it says so."""
    if not is_htmx():
        return see_other("okrs.home")
    mark = mark_of_needs(_needs_of(me(), what_is_mine(me()), enabled_integrations()))
    shown = request.args.get("shown", "")
    has_changed = mark != shown
    if has_changed == ("told" in request.args):
        return "", 204
    return fragment("okrs/_needs_told.html", **_line(current_cycle(), shown, has_changed))


def _line(cycle: Cycle, shown_mark: str, has_changed: bool = False) -> dict[str, Any]:
    """What `okrs/_needs_told.html` shows."""
    return {
        "cycle": cycle,
        "day": (workspace().today() - cycle.starts_on).days + 1,
        "days": (cycle.ends_on - cycle.starts_on).days + 1,
        "shown_mark": shown_mark,
        "has_changed": has_changed,
    }


def _needs_of(person: Person, mine: Mine, integrations: Sequence[Integration]) -> Sequence[Need]:
    needs = [
        *needs_of_mentions(person),
        *(need for one in integrations for need in one.needs(person)),
    ]
    return [*needs, *needs_of_waiting(person), *mine.needs]
