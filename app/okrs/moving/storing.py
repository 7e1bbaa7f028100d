"""Doing what a plan says, in the transaction at hand. Nothing here commits."""

from collections.abc import Sequence

from sqlalchemy import select, update

from app.accounts.models import Person, workspace
from app.db import db, in_batches, utcnow
from app.okrs.holding import hold_ids
from app.okrs.models import Cycle, Objective
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
from app.okrs.moving.planned import CHANGED, NEW, Plan, PlannedRow
from app.okrs.moving.so_far import SoFar
from app.okrs.moving.states import state_of
from app.okrs.moving.structure import key_of
from app.okrs.rollup.settling import note_change_of_figure
from app.okrs.rollup.shares import counting_parts, make_room


def store(plan: Plan, content: FileContent, by: Person, so_far: SoFar) -> None:
    """Make and change what the plan says, all in all a few statements for hundreds of items."""
    rows = [row for row in plan.rows if row.fate in (NEW, CHANGED)]
    new = [row for row in rows if row.fate == NEW]
    places = Places(rows, by)
    _make_room(plan)
    measures = make_items(new, so_far)
    measures |= {row.item.measure_id: row.item.measure_id for row in rows if row.item is not None}
    make_objectives(new, measures, places, by)
    make_key_results(new, measures, by)
    edited = [row for row in rows if row.edits]
    left = [change_item(row, measures, places, by) for row in edited]
    db.session.flush()  # what follows does not go through the session
    carry_on(rows, measures)
    pairs = [(row, measures[key_of(row.node)]) for row in rows]
    attach_people_and_tags([pair for pair in pairs if pair[0].fate == NEW or pair[0].edits], places)
    attach_viewers(pairs, places)
    remember(pairs, content.origin, by, utcnow())
    put_down_what_was_said(pairs)
    renew_values(pairs)
    counting = {*(measure_id for _, measure_id in pairs), *(one for one in left if one)}
    note_change_of_figure(db.session(), sorted(counting))
    _close_cycles(content, places, by)


def hold(rows: Sequence[PlannedRow]) -> bool:
    """Let nobody change what is changed, or has something come under it, until the commit.
    Whether there is any of that."""
    changed = {row.item.measure_id for row in rows if row.item is not None and row.fate == CHANGED}
    ids = changed | _given_more(rows)
    hold_ids(ids)
    return bool(ids)


def _given_more(rows: Sequence[PlannedRow]) -> set[int]:
    """The measures of what is here and gets something new under it."""
    parents = {
        row.state.parent
        for row in rows
        if row.state is not None
        and row.fate in (NEW, CHANGED)
        and (row.item is None or state_of(row.item).parent != row.state.parent)
    }
    return {one for one in parents if isinstance(one, int)}


def _make_room(plan: Plan) -> None:
    """Under the objectives that get something new. Where the file changes what they have already,
    it tells the shares of all."""
    known = plan.rows if plan.answers.change_known else ()
    in_file = {row.item.measure_id for row in known if row.item is not None}
    for batch in in_batches(sorted(_given_more(plan.rows))):
        found = select(Objective).where(Objective.measure_id.in_(batch))
        for objective in db.session.scalars(found):
            if not in_file.intersection(one.measure_id for one in counting_parts(objective)):
                make_room(objective)


def _close_cycles(content: FileContent, places: Places, by: Person) -> None:
    """Cycles that were closed where they come from, if they were made here just now."""
    calendar = Calendar([], {}, workspace().zone)
    closed = {one.name: calendar.moment(one.closed_at) for one in content.cycles if one.closed_at}
    for wanted, cycle_id in places.new_cycles.items():
        moment = closed.get(wanted.name)
        if moment is not None:
            closing = update(Cycle).where(Cycle.id == cycle_id)
            db.session.execute(closing.values(closed_at=moment, closed_by_id=by.id))
