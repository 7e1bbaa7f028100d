"""Keeping an item by hand that was linked elsewhere."""

from flask import flash, redirect
from flask.typing import ResponseReturnValue

from app.access import hold_me, me
from app.audit.log import record
from app.db import db
from app.okrs import blueprint
from app.okrs.changes import SOURCE, note_change, record_of
from app.okrs.holding import hold_item
from app.okrs.loading import measure_for
from app.okrs.moving.waiting import forget, told_of
from app.okrs.rows import item_url


@blueprint.post("/measures/<int:measure_id>/keep-by-hand")
def keep_by_hand(measure_id: int) -> ResponseReturnValue:
    measure = measure_for(me(), measure_id, to_edit=True)
    item = measure.item
    hold_me()
    hold_item(item)  # whoever links it at the same time does so before or after, not meanwhile
    waiting = told_of(item)
    if waiting is not None:
        forget(item)
        note_change(measure, me(), SOURCE, before=waiting.place)
        record("source.removed", *record_of(item), source=waiting.place)
        db.session.commit()
        flash("Kept by hand.", "success")
    return redirect(item_url(item, "show"), code=303)
