"""What the views of objectives and of key results have in common."""

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from app.db import db
from app.okrs.drafts import (
    CHANGED_MEANWHILE,
    SAVED_MEANWHILE,
    Draft,
    SavedMeanwhile,
    mark_of,
    update_item,
)
from app.okrs.loading import Item
from app.okrs.models import KeyResult
from app.okrs.rows import item_url


def edit_item(item: Item, draft: Draft) -> ResponseReturnValue:
    """Save what the draft says, or show its form again with what stands in the way."""
    if not draft.is_ready():
        return _edit_form(item, draft)
    try:
        update_item(item, draft)
        db.session.commit()
    except SavedMeanwhile:
        db.session.rollback()
        draft.problem, draft.seen = SAVED_MEANWHILE, mark_of(item)
        return _edit_form(item, draft)
    except IntegrityError:
        db.session.rollback()
        draft.problem = CHANGED_MEANWHILE
        return _edit_form(item, draft)
    flash(f"{'Key result' if isinstance(item, KeyResult) else 'Objective'} saved.", "success")
    return redirect(item_url(item, "show"), code=303)


def _edit_form(item: Item, draft: Draft) -> ResponseReturnValue:
    objective = item.objective if isinstance(item, KeyResult) else None
    page = render_template("okrs/form.html", draft=draft, item=item, objective=objective)
    return page, draft.status
