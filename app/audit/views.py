"""Admin, Audit log: who did what, and all of it as a file. The filter stands in the address."""

from collections.abc import Iterable

from flask import Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from app.access import id_from_query, require_admin
from app.accounts.people import everyone
from app.audit import blueprint
from app.audit.export import csv_lines
from app.audit.forms import FilterForm
from app.audit.log import record
from app.audit.reading import LogPage, chunks, conditions, log_page
from app.db import db, utcnow
from app.htmx import see_other


@blueprint.get("/admin/audit")
def show_log() -> ResponseReturnValue:
    admin = require_admin()
    form = FilterForm(request.args, everyone())
    is_valid = form.validate()
    before = id_from_query("before")
    page = log_page(conditions(form, admin.zone), before) if is_valid else LogPage([], None)
    shown = render_template("audit/log.html", form=form, log=page, is_first_page=before is None)
    return shown, 200 if is_valid else 422


@blueprint.get("/admin/audit.csv")
def export_log() -> ResponseReturnValue:
    """What the page shows, on all its pages. Taking it away is itself put down, and is its top."""
    admin = require_admin()
    form = FilterForm(request.args, everyone())
    if not form.validate():
        typed = {field.name: request.args.get(field.name) for field in form}
        return see_other("audit.show_log", **typed)
    wanted = conditions(form, admin.zone)
    if request.method == "HEAD":
        return _file("")
    with db.writing():
        entry = record("audit.exported", filter=form.words() or None, by=admin)
    return _file(stream_with_context(csv_lines(chunks(wanted, up_to=entry.id))))


def _file(lines: Iterable[str]) -> ResponseReturnValue:
    name = f"audit-log-{utcnow():%Y-%m-%d}.csv"
    return Response(
        lines,
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )
