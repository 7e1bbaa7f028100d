"""What the views of objectives and of key results have in common."""

from collections.abc import Callable

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from app.access import me
from app.db import db
from app.htmx import see_other
from app.okrs.alignment.choice import AlignmentRefused
from app.okrs.drafts import Draft
from app.okrs.endings.fixed import why_fixed
from app.okrs.integrations import SourceRefused
from app.okrs.loading import Item, objective_of
from app.okrs.models import KeyResult
from app.okrs.rows import item_url
from app.okrs.saving import CHANGED_MEANWHILE, SAVED_MEANWHILE, SavedMeanwhile, update_item
from app.okrs.sight import sees


def edit_item(item: Item, draft_of: Callable[[], Draft]) -> ResponseReturnValue:
    """Save what the draft says, or show its form again with what stands in the way."""
    draft = draft_of()
    if item.measure.has_ended:
        draft.problem = why_fixed(item)
    if not draft.is_ready():
        return _edit_form(item, draft)
    try:
        update_item(item, draft)
        db.session.commit()
    except SavedMeanwhile as meanwhile:
        db.session.rollback()
        draft = draft_of()  # once more, for it to show what was saved
        draft.problem = str(meanwhile) or SAVED_MEANWHILE
        if item.measure.has_ended:
            draft.problem = why_fixed(item)
        draft.is_checked()
        return _edit_form(item, draft)
    except (SourceRefused, AlignmentRefused):
        db.session.rollback()
        return _edit_form(item, draft)
    except IntegrityError:
        db.session.rollback()
        draft.problem = CHANGED_MEANWHILE
        return _edit_form(item, draft)
    if draft.merge is not None:
        draft.merge.flash_kept()
    objective = objective_of(item)
    if not sees(me(), objective):
        flash("Objective saved. It is no longer yours, and you are not among those who see it.")
        return see_other("okrs.list_objectives", cycle=objective.cycle_id)
    flash(f"{'Key result' if isinstance(item, KeyResult) else 'Objective'} saved.", "success")
    return redirect(item_url(item, "show"), code=303)


def _edit_form(item: Item, draft: Draft) -> ResponseReturnValue:
    objective = item.objective if isinstance(item, KeyResult) else None
    page = render_template("okrs/form.html", draft=draft, item=item, objective=objective)
    return page, draft.status
