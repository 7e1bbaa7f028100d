"""What is here already of what a file holds."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import exists, select

from app.accounts.models import Person, workspace
from app.db import db, in_batches
from app.okrs.comments.models import Comment
from app.okrs.models import CheckIn, KeyResult, Objective, Reading
from app.okrs.moving.gathering import Gathered, gather
from app.okrs.moving.models import Imported
from app.okrs.moving.origin import mark_of_workspace, origin_of
from app.okrs.moving.structure import Here


@dataclass(frozen=True)
class Present:
    gathered: Gathered
    known: Mapping[str, Here]
    """What came from where the file comes from, by its reference there."""
    above: Mapping[int, int | None]
    """What each item hangs on, by the ids of measures."""
    imported_keys: frozenset[str]
    readings: Mapping[int, frozenset[tuple[int, datetime, Fraction]]]
    """Of what came from there: series, moment and value, by the ids of measures."""
    comments: Mapping[int, frozenset[tuple[int, datetime]]]
    """By whom and when, likewise."""

    def check_ins_of(self, measure_id: int) -> frozenset[tuple[datetime, str]]:
        said = self.gathered.check_ins.get(measure_id, ())
        return frozenset((one.made_at, one.note) for one in said)


def may_know(origin: str) -> bool:
    """Whether something that came from there may be here already."""
    brought = select(exists().where(Imported.origin == origin))
    return _is_own(origin) or bool(db.session.scalar(brought))


def _is_own(origin: str) -> bool:
    return origin == origin_of(mark_of_workspace(workspace()))


def present_for(origin: str, admin: Person) -> Present:
    """Whatever an admin sees, which is everything; in a few statements for hundreds of items."""
    gathered = gather(admin)
    objectives = db.session.execute(
        select(
            Objective.id, Objective.measure_id, Objective.parent_measure_id, Objective.deleted_at
        )
    ).all()
    key_results = db.session.execute(
        select(KeyResult.measure_id, KeyResult.objective_id, KeyResult.deleted_at)
    ).all()
    measures = {row.id: row.measure_id for row in objectives}
    above = {row.measure_id: row.parent_measure_id for row in objectives}
    above |= {row.measure_id: measures[row.objective_id] for row in key_results}
    gone = {row.id for row in objectives if row.deleted_at}
    here = {
        row.measure_id: Here(row.measure_id, True, row.deleted_at is not None) for row in objectives
    } | {
        row.measure_id: Here(
            row.measure_id, False, row.deleted_at is not None or row.objective_id in gone
        )
        for row in key_results
    }
    known = _known(origin, here)
    there = {one.measure_id for one in known.values()}
    return Present(
        gathered=gathered,
        known=known,
        above=above,
        imported_keys=frozenset(
            key
            for key in db.session.scalars(
                select(CheckIn.imported_key).where(CheckIn.imported_key.is_not(None))
            )
            if key is not None
        ),
        readings=_readings(there),
        comments=_comments(there),
    )


def _known(origin: str, here: Mapping[int, Here]) -> dict[str, Here]:
    """Of a file of this very workspace, every item is known by its id."""
    rows = db.session.execute(
        select(Imported.reference, Imported.measure_id).where(Imported.origin == origin)
    )
    known = {reference: here[measure_id] for reference, measure_id in rows}
    if _is_own(origin):
        known = {str(one): place for one, place in here.items()} | known
    return known


def _readings(measures: set[int]) -> dict[int, frozenset[tuple[int, datetime, Fraction]]]:
    found: defaultdict[int, set[tuple[int, datetime, Fraction]]] = defaultdict(set)
    columns = (Reading.measure_id, Reading.series, Reading.taken_at, Reading.value)
    for ids in in_batches(measures):
        rows = db.session.execute(select(*columns).where(Reading.measure_id.in_(ids)))
        for measure_id, series, taken_at, value in rows:
            found[measure_id].add((series, taken_at, value))
    return {one: frozenset(readings) for one, readings in found.items()}


def _comments(measures: set[int]) -> dict[int, frozenset[tuple[int, datetime]]]:
    found: defaultdict[int, set[tuple[int, datetime]]] = defaultdict(set)
    columns = (Comment.measure_id, Comment.person_id, Comment.made_at)
    for ids in in_batches(measures):
        rows = db.session.execute(select(*columns).where(Comment.measure_id.in_(ids)))
        for measure_id, person_id, made_at in rows:
            found[measure_id].add((person_id, made_at))
    return {one: frozenset(comments) for one, comments in found.items()}
