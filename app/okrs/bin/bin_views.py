"""The page of the bin, and restoring from it."""

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from app.access import me, require_member
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.bin.finding import binned_item_for, in_bin
from app.okrs.bin.restoring import NotRestored, restore
from app.okrs.loading import Item
from app.okrs.models import KeyResult, Objective
from app.okrs.rows import item_url


@blueprint.get("/bin")
def show_bin() -> ResponseReturnValue:
    return render_template("okrs/bin.html", binned=in_bin(require_member()))


@blueprint.post("/objectives/<int:objective_id>/restore")
def restore_objective(objective_id: int) -> ResponseReturnValue:
    return _restore(binned_item_for(me(), Objective, objective_id))


@blueprint.post("/key-results/<int:key_result_id>/restore")
def restore_key_result(key_result_id: int) -> ResponseReturnValue:
    return _restore(binned_item_for(me(), KeyResult, key_result_id))


def _restore(item: Item) -> ResponseReturnValue:
    try:
        is_new = restore(item, me())
    except NotRestored as why:
        db.session.rollback()
        flash(str(why), "error")
        return see_other("okrs.show_bin")
    db.session.commit()
    flash(f"“{item.title}” {'restored.' if is_new else 'was restored already.'}", "success")
    return redirect(item_url(item, "show"), code=303)
