"""Holding items that are about to be written, so that nothing is written to what was deleted."""

from collections.abc import Sequence

from flask import abort

from app.db import db
from app.okrs.loading import Item, present_measures
from app.okrs.models import Measure
from app.okrs.readings import hold


def hold_item(item: Item) -> None:
    """Hold its measure until the commit; 404 where the item, or its objective, was deleted since
    it was loaded."""
    hold(item.measure)
    refuse_deleted([item])


def refuse_deleted(items: Sequence[Item]) -> None:
    """404 where one of these, or its objective, is deleted by now; what was loaded is not asked."""
    wanted = {one.measure_id for one in items}
    there = db.session.scalars(present_measures().where(Measure.id.in_(wanted)))
    if wanted - set(there):
        abort(404)
