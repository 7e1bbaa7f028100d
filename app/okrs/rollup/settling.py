"""Keeping what roll-ups come to: stored, so that lists need none of what lies under them.

Whoever changes what counts notes it in the same transaction, by adding a row and waiting for
nobody. Settling then takes the notes in, one settler after another, each on what is committed by
then: so nothing is lost between two changes at once, and only the chain above a change is touched.
It happens before a page is shown, after a sync, and at every turn of the worker's clock.

Settling holds the measures of the chain, in the order that `holding` speaks of.
"""

from collections.abc import Iterable
from graphlib import TopologicalSorter

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.db import db, in_batches, utcnow
from app.okrs.models import Measure, Reading
from app.okrs.rollup.contributions import RolledUp, roll_up
from app.okrs.rollup.models import SettlingTurn, Unsettled
from app.okrs.rollup.parts import Branch, affected_roll_ups

_unsettled = Unsettled.metadata.tables[Unsettled.__tablename__]
_NOTE = insert(_unsettled)


def note_change_of_figure(session: Session, measure_ids: Iterable[int]) -> None:
    """Let the roll-ups above these measures, and those that are among them, be settled anew.

    For every change of a value, a measure, a share, an alignment, an ending, or of who sees a
    private objective. Needs flushed ids. Commits nothing.
    """
    rows = [{"measure_id": one} for one in measure_ids]
    if rows:
        session.connection().execute(_NOTE, rows)


def settle() -> None:
    """Bring every roll-up up to date, in a transaction of its own; one statement if all are.

    What the session has open must hold no changes.
    """
    if db.session.connection().execute(select(_unsettled.c.id).limit(1)).first() is None:
        return
    with db.writing() as session:
        _settle(session)


def _settle(session: Session) -> None:
    # Nobody else settles until the commit, so that the last to settle has seen all changes.
    session.execute(select(SettlingTurn.id).with_for_update())
    noted = session.execute(select(Unsettled.id, Unsettled.measure_id)).all()
    branches = affected_roll_ups(session, {one.measure_id for one in noted})
    for measure_id, found in _rolled_up(branches).items():
        _store(session, branches[measure_id].measure, found)
    for ids in in_batches(one.id for one in noted):  # others may have been noted meanwhile
        session.execute(delete(Unsettled).where(Unsettled.id.in_(ids)))


def _rolled_up(branches: dict[int, Branch]) -> dict[int, RolledUp]:
    """What each comes to, those below before those above."""
    below = {one: [part.measure_id for part in branches[one].parts] for one in branches}
    found: dict[int, RolledUp] = {}
    for measure_id in TopologicalSorter(below).static_order():
        branch = branches.get(measure_id)
        if branch is not None:
            found[measure_id] = roll_up([part.as_part(found) for part in branch.parts])
    return found


def _store(session: Session, measure: Measure, found: RolledUp) -> None:
    """Keep what it comes to, and a reading where its progress moved."""
    if found.progress != (measure.value or 0):
        measure.value, measure.valued_at = found.progress, utcnow()
        session.add(
            Reading(
                measure_id=measure.id,
                series=measure.series,
                taken_at=measure.valued_at,
                value=found.progress,
            )
        )
    measure.part_count, measure.parts_ended_as = found.part_count, found.ended_as
