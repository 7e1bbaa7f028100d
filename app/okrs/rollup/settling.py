"""Keeping what roll-ups come to: stored, so that lists need none of what lies under them.

Whoever changes what counts notes it in the same transaction, by adding a row and waiting for
nobody. Settling then takes the notes in, one settler after another, each on what is committed by
then: so nothing is lost between two changes at once, and only the chain above a change is touched.
It happens before a page is shown, after a sync, and at every turn of the worker's clock.

Settling holds the measures of the chain, in the order that `holding` speaks of.
"""

from collections.abc import Iterable
from graphlib import TopologicalSorter

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from app.db import db, in_batches, utcnow
from app.okrs.models import Measure, Reading
from app.okrs.rollup.branches import Branch, RollUp, affected_roll_ups
from app.okrs.rollup.contributions import RolledUp, roll_up
from app.okrs.rollup.models import SettlingTurn, Unsettled


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
    if db.session.connection().execute(_ANY).first() is None:
        return
    with db.writing() as session:
        _settle(session)


def _settle(session: Session) -> None:
    # Nobody else settles until the commit, so that the last to settle has seen all changes.
    session.connection().execute(_TURN)
    noted = session.connection().execute(_NOTED).all()
    branches = affected_roll_ups(session, {one.measure_id for one in noted})
    found = _rolled_up(branches)
    _store(session, [(branches[one].above, found[one]) for one in branches])
    for ids in in_batches(one.id for one in noted):  # others may have been noted meanwhile
        session.connection().execute(_TAKEN_IN, {"ids": ids})


def _rolled_up(branches: dict[int, Branch]) -> dict[int, RolledUp]:
    """What each comes to, those below before those above."""
    below = {one: [part.measure_id for part in branches[one].parts] for one in branches}
    found: dict[int, RolledUp] = {}
    for measure_id in TopologicalSorter(below).static_order():
        branch = branches.get(measure_id)
        if branch is not None:
            found[measure_id] = roll_up([part.as_part(found) for part in branch.parts])
    return found


def _store(session: Session, settled: Iterable[tuple[RollUp, RolledUp]]) -> None:
    """Keep what they come to, with readings of those whose progress moved."""
    now = utcnow()
    present, readings = [], []
    for above, found in settled:
        value, valued_at = above.value, above.valued_at
        if found.progress != (value or 0):
            value, valued_at = found.progress, now
            readings.append(
                {
                    "measure_id": above.measure_id,
                    "series": above.series,
                    "taken_at": now,
                    "value": value,
                }
            )
        stands = (above.value, above.part_count, above.parts_ended_as)
        if (value, found.part_count, found.ended_as) != stands:
            present.append(
                {
                    "of_measure": above.measure_id,
                    "present": value,
                    "at": valued_at,
                    "parts": found.part_count,
                    "ended": found.ended_as,
                }
            )
    if present:
        session.connection().execute(_KEEP, present)
    if readings:
        session.connection().execute(_APPEND, readings)
    _expire(session, {one["of_measure"] for one in present})


def _expire(session: Session, measure_ids: set[object]) -> None:
    """Let those that are loaded be read anew."""
    for one in session.identity_map.values():
        if isinstance(one, Measure) and one.id in measure_ids:
            session.expire(one)


# Built once, without the ORM's part: settling follows every sync.
_unsettled, _measures, _readings = (
    one.metadata.tables[one.__tablename__] for one in (Unsettled, Measure, Reading)
)
_NOTE = insert(_unsettled)
_TURN = select(SettlingTurn.id).with_for_update()
_ANY = select(_unsettled.c.id).limit(1)
_NOTED = select(_unsettled.c.id, _unsettled.c.measure_id)
_TAKEN_IN = delete(_unsettled).where(_unsettled.c.id.in_(bindparam("ids", expanding=True)))
_KEEP = (
    update(_measures)
    .where(_measures.c.id == bindparam("of_measure"))
    .values(
        value=bindparam("present"),
        valued_at=bindparam("at"),
        part_count=bindparam("parts"),
        parts_ended_as=bindparam("ended"),
    )
)
_APPEND = insert(_readings)
