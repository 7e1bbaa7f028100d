"""Changing what holds for the whole workspace, with a record of it. Nothing here commits."""

from calendar import month_name

from app.accounts.models import Person, Workspace
from app.audit.edits import edits_between
from app.audit.log import record
from app.db import db
from app.okrs.cycles import ensure_quarters
from app.okrs.figures import figure_text
from app.okrs.workspace_form import WorkspaceForm

RECORDED_AS = {
    "name": ("name",),
    "time_zone": ("time zone",),
    "first_month": ("first month",),
    "behind_above": ("behind above",),
    "at_risk_above": ("at risk above",),
    "details_kept_days": ("days to keep every count",),
}
"""What the audit log calls a change of each field."""


def hold_to_change(space: Workspace) -> None:
    """Read it anew; those who save at once take turns."""
    db.session.refresh(space, with_for_update=True)


def change_workspace(space: Workspace, form: WorkspaceForm, by: Person) -> None:
    """Set all that the form says, of a workspace that is held. Cycles that are there stay as they
    are; the calendar makes those of today and of the next quarter where it wants others now."""
    before = _described(space)
    space.name, space.time_zone = form.name.data or "", form.time_zone.data
    space.first_month = form.first_month.data
    if form.behind_above.figure is None or form.at_risk_above.figure is None:
        raise RuntimeError("a valid form has both thresholds")
    space.behind_above = form.behind_above.figure
    space.at_risk_above = form.at_risk_above.figure
    space.details_kept_days = int(form.details_kept_days.figure or 0) or None
    changed = edits_between(before, _described(space))
    if changed:
        record("workspace.changed", "workspace", name=space.name, by=by, changed=changed)
    ensure_quarters()


def _described(space: Workspace) -> dict[str, str]:
    return {
        "name": space.name,
        "time zone": space.time_zone,
        "first month": month_name[space.first_month],
        "behind above": figure_text(space.behind_above),
        "at risk above": figure_text(space.at_risk_above),
        "days to keep every count": str(space.details_kept_days or "all"),
    }
