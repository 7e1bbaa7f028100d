"""Holding measures and their items before they are written, as they are committed by then."""

from collections.abc import Collection, Sequence

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import set_committed_value

from app.db import db
from app.okrs.loading import Item, present_measures
from app.okrs.models import Measure, Source


def hold(measure: Measure) -> None:
    """Read the measure and its source anew; nobody else writes them until the commit.

    For forms that waited for the network: a sync may have ended meanwhile.
    """
    db.session.refresh(measure, with_for_update={"of": Measure})  # its source may be joined in
    db.session.expire(measure, ["source"])
    if measure.source is not None:
        db.session.refresh(measure.source)
        db.session.expire(measure.source, ["versions"])


def hold_all(measures: Collection[Measure]) -> None:
    """As `hold`, for several at once."""
    ids = [one.id for one in measures]
    held = select(Measure).where(Measure.id.in_(ids)).order_by(Measure.id)
    db.session.scalars(
        held.with_for_update(of=Measure).execution_options(populate_existing=True)
    ).all()
    sources = (
        select(Source)
        .where(Source.measure_id.in_(ids), Source.ended_at.is_(None))
        .options(selectinload(Source.versions))
        .execution_options(populate_existing=True)
    )
    counting = {one.measure_id: one for one in db.session.scalars(sources)}
    for measure in measures:
        set_committed_value(measure, "source", counting.get(measure.id))


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
