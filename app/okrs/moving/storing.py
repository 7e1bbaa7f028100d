"""Doing what a plan says, in the transaction at hand. Nothing here commits."""

from collections.abc import Sequence

from sqlalchemy import select, update

from app.accounts.models import Person, workspace
from app.db import db, in_batches, utcnow
from app.okrs.models import Cycle, Measure
from app.okrs.moving.attaching import (
    attach_people_and_tags,
    attach_viewers,
    put_down_what_was_said,
    remember,
    renew_values,
)
from app.okrs.moving.dates import Calendar
from app.okrs.moving.made_places import Places
from app.okrs.moving.making import (
    carry_on,
    change_item,
    make_items,
    make_key_results,
    make_objectives,
)
from app.okrs.moving.neutral import FileContent
from app.okrs.moving.planning import CHANGED, NEW, Plan, PlannedRow
from app.okrs.moving.structure import key_of
from app.okrs.rollup.settling import note_change_of_figure


def store(plan: Plan, content: FileContent, by: Person) -> None:
    """Make and change what the plan says, all in all a few statements for hundreds of items."""
    rows = [row for row in plan.rows if row.fate in (NEW, CHANGED)]
    new = [row for row in rows if row.fate == NEW]
    places = Places(rows, by)
    measures = make_items(new)
    measures |= {row.item.measure_id: row.item.measure_id for row in rows if row.item is not None}
    make_objectives(new, measures, places, by)
    make_key_results(new, measures, by)
    known = [row for row in rows if row.item is not None]
    left = [change_item(row, measures, places, by) for row in known]
    db.session.flush()  # what follows does not go through the session
    carry_on(rows, measures)
    pairs = [(row, measures[key_of(row.node)]) for row in rows]
    attach_people_and_tags(pairs, places)
    attach_viewers(pairs, places)
    remember(pairs, content.origin, by, utcnow())
    put_down_what_was_said(pairs)
    renew_values(pairs)
    counting = {*(measure_id for _, measure_id in pairs), *(one for one in left if one)}
    note_change_of_figure(db.session(), sorted(counting))
    _close_cycles(content, places, by)


def hold(rows: Sequence[PlannedRow]) -> None:
    """Let nobody change these items until the commit; in the order of ids, as settling does."""
    ids = sorted(row.item.measure_id for row in rows if row.item is not None)
    for batch in in_batches(ids):
        held = select(Measure.id).where(Measure.id.in_(batch)).order_by(Measure.id)
        db.session.execute(held.with_for_update())


def _close_cycles(content: FileContent, places: Places, by: Person) -> None:
    """Cycles that were closed where they come from, if they were made here just now."""
    calendar = Calendar([], {}, workspace().zone)
    closed = {one.name: calendar.moment(one.closed_at) for one in content.cycles if one.closed_at}
    for wanted, cycle_id in places.new_cycles.items():
        moment = closed.get(wanted.name)
        if moment is not None:
            closing = update(Cycle).where(Cycle.id == cycle_id)
            db.session.execute(closing.values(closed_at=moment, closed_by_id=by.id))
