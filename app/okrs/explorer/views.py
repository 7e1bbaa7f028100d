"""The explorer at /okrs, and the views of it that people keep."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.access import found, me
from app.accounts.models import workspace
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.cycles import cycles_and_current
from app.okrs.explorer.addresses import explorer_address
from app.okrs.explorer.candidates import Found, Judging
from app.okrs.explorer.choices import choices_for
from app.okrs.explorer.finding import find
from app.okrs.explorer.forms import ALL, CHANGED, LATE, ME, ExplorerForm, ViewForm
from app.okrs.explorer.models import SavedView
from app.okrs.explorer.page import view_page
from app.okrs.explorer.saved import keep_view, own_view, rename_view
from app.okrs.models import Cycle
from app.okrs.standing import expected_on

PRESETS = (
    ("Mine", {"owner": ME}),
    ("Behind or at risk", {"status": LATE}),
    ("Changed last", {"group": "none", "sort": CHANGED}),
)
"""Views that everyone is offered."""
SAME_NAME = "You have a view of this name. Choose another."


@dataclass(frozen=True)
class OwnView:
    """One of the person's views, as its form names it."""

    id: int
    name: str
    address: str


@blueprint.get("/okrs")
def list_objectives() -> ResponseReturnValue:
    cycles, current = cycles_and_current()
    form = ExplorerForm(request.args, cycles, current, choices := choices_for(me()))
    cycle = next((one for one in cycles if str(one.id) == form.cycle.data), None)
    if form.cycle.data != ALL:
        found(cycle)
    is_valid = form.validate()
    items = find(me(), form) if is_valid else Found((), Judging.now())
    page = render_template(
        "okrs/explorer/explorer.html",
        form=form,
        view_form=ViewForm(),
        cycle=cycle,
        items=items,
        page=view_page(items, form, request.args.get("page", 1, type=int)),
        views=choices.views,
        presets=PRESETS,
        query=(query := form.query()),
        here=explorer_address(urlencode(query)),
        pace=_pace(cycle, items) if cycle and not form.is_narrowed else None,
        beside=_beside(cycle, cycles) if cycle else (),
    )
    return page, 200 if is_valid else 422


def _pace(cycle: Cycle, items: Found) -> dict[str, object]:
    """The cycle in a line: which day it is, what is expected by it, what is reached."""
    today = workspace().today()
    return {
        "day": (today - cycle.starts_on).days + 1,
        "days": (cycle.ends_on - cycle.starts_on).days + 1,
        "expected": expected_on(today, (cycle.starts_on, cycle.ends_on)),
        "progress": items.mean_progress(),
        "is_ahead": today < cycle.starts_on,
        "is_over": today > cycle.ends_on,
    }


def _beside(cycle: Cycle, cycles: Iterable[Cycle]) -> list[Cycle]:
    """Where it runs today, the others that do: a year's objectives are not among a quarter's."""
    today = workspace().today()
    running = [one for one in cycles if one.starts_on <= today <= one.ends_on]
    return [one for one in running if one is not cycle] if cycle in running else []


@blueprint.get("/okrs/views")
def list_views() -> ResponseReturnValue:
    """The person's own, to be renamed, offered or deleted."""
    return render_template("okrs/explorer/views.html", views=_own_views())


@blueprint.post("/okrs/views")
def save_view() -> ResponseReturnValue:
    form = ViewForm(request.form)
    query = request.form.get("query", "")
    if form.validate():
        try:
            view = keep_view(me(), form.name.data or "", query, form.is_shared.data)
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            form.name.errors = [SAME_NAME]
        else:
            flash(f"View “{view.name}” saved.", "success")
            return redirect(explorer_address(view.query), code=303)
    page = render_template("okrs/explorer/save_view.html", view_form=form, query=query)
    return page, 422


@blueprint.post("/okrs/views/<int:view_id>")
def change_view(view_id: int) -> ResponseReturnValue:
    view = own_view(me(), view_id)
    form = ViewForm(request.form)
    if form.validate():
        try:
            rename_view(view, form.name.data or "", form.is_shared.data)
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            form.name.errors = [SAME_NAME]
        else:
            flash(f"View “{view.name}” saved.", "success")
            return see_other("okrs.list_views")
    return render_template("okrs/explorer/views.html", views=_own_views(form, view_id)), 422


@blueprint.post("/okrs/views/<int:view_id>/delete")
def delete_view(view_id: int) -> ResponseReturnValue:
    view = own_view(me(), view_id)
    db.session.delete(view)
    db.session.commit()
    flash(f"View “{view.name}” deleted.", "success")
    return see_other("okrs.list_views")


def _own_views(
    wrong: ViewForm | None = None, wrong_id: int | None = None
) -> list[tuple[OwnView, ViewForm]]:
    """Each with its form, which for one of them may hold what was wrong."""
    own = select(SavedView).where(SavedView.person_id == me().id)
    views = db.session.scalars(own.order_by(SavedView.name, SavedView.id)).all()
    listed = []
    for view in views:
        form = wrong if wrong is not None and view.id == wrong_id else ViewForm(obj=view)
        for field in form:  # there are several forms on the page
            field.id = field.label.field_id = f"{field.name}-{view.id}"
        listed.append((OwnView(view.id, view.name, explorer_address(view.query)), form))
    return listed
