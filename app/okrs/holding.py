"""Holding measures and their items before they are written, as they are committed by then.

Two who hold things in different orders wait for each other for ever, so there is one order, on
every way: the workspace (by those who change people or teams), people, their sessions,
connections, alignments, cycles, measures. Whatever a step writes of one kind is held at once, by
the order of ids: all its measures with one `hold_all`, also those of what is above and below.

The weaker lock leaves alone those who only refer to a measure, as a note of a change of figure
does: they wait for nobody, in whatever order they come.
"""

from collections.abc import Collection, Sequence

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import set_committed_value

from app.db import db, in_batches
from app.okrs.loading import Item, present_measures
from app.okrs.models import Measure, Source


def hold(measure: Measure) -> None:
    """Read the measure and its source anew; nobody else writes them until the commit.

    For what writes no other item. A form may have waited for the network, and a sync have ended.
    """
    hold_all([measure])


def hold_all(measures: Collection[Measure]) -> None:
    """As `hold`, for several at once."""
    ids = {one.id for one in measures}
    held = select(Measure).where(Measure.id.in_(ids)).order_by(Measure.id)
    db.session.scalars(
        held.with_for_update(of=Measure, key_share=True).execution_options(
            populate_existing=True
        )  # its source may be joined in
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


def hold_ids(measure_ids: Collection[int]) -> None:
    """Hold them without reading anything: what is written of them must be read after this."""
    for batch in in_batches(sorted(measure_ids)):
        held = select(Measure.id).where(Measure.id.in_(batch)).order_by(Measure.id)
        db.session.execute(held.with_for_update(key_share=True))


def hold_item(item: Item, *beside: Measure) -> None:
    """Hold its measure until the commit, and the others that are written with it; 404 where the
    item, or its objective, was deleted since it was loaded."""
    hold_all({item.measure, *beside})
    refuse_deleted([item])


def refuse_deleted(items: Sequence[Item]) -> None:
    """404 where one of these, or its objective, is deleted by now; what was loaded is not asked."""
    wanted = {one.measure_id for one in items}
    there = db.session.scalars(present_measures().where(Measure.id.in_(wanted)))
    if wanted - set(there):
        abort(404)
