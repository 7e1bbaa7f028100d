"""Aligning an objective, with a record of it. Nothing here commits."""

from sqlalchemy import select

from app.accounts.models import Person
from app.audit.log import record
from app.db import db
from app.okrs.alignment.chains import closes_ring
from app.okrs.changes import ALIGNMENT, note_change, record_of
from app.okrs.loading import objective_of
from app.okrs.models import Measure, Objective
from app.okrs.rollup.settling import note_change_of_figure
from app.okrs.rollup.shares import make_room

NOTHING = "nothing"


class Ring(Exception):
    """What the objective was to be aligned under lies under it."""


def align(objective: Objective, parent_measure_id: int | None, by: Person) -> None:
    """Put the objective under the item with this measure, or under nothing.

    Alignments have to be held. Raises Ring, having changed nothing.
    """
    old = objective.parent_measure_id
    if old == parent_measure_id:
        return
    if parent_measure_id is not None and closes_ring(db.session(), objective.id, parent_measure_id):
        raise Ring
    before, after = _parent(old), _parent(parent_measure_id)
    if after is not None and after.objective is not None:
        make_room(after.objective)
    objective.parent_measure_id = parent_measure_id
    objective.share = None  # it was of the old one
    note_change(objective.measure, by, ALIGNMENT, _public_words(before), _public_words(after))
    note_change_of_figure(db.session(), [objective.measure_id, *([old] if old else [])])
    was, now = _title(before), _title(after)
    record("objective.aligned", *record_of(objective), by=by, before=was, after=now)


def _parent(measure_id: int | None) -> Measure | None:
    if measure_id is None:
        return None
    return db.session.scalars(select(Measure).where(Measure.id == measure_id)).one()


def _title(parent: Measure | None) -> str:
    return parent.item.title if parent else NOTHING


def _public_words(parent: Measure | None) -> str:
    if parent is None:
        return NOTHING
    is_private = objective_of(parent.item).is_private
    return public_words(parent.item.title, is_private, parent.objective is not None)


def public_words(title: str, is_private: bool, is_objective: bool) -> str:
    """For the timeline, which people read who may not see what is private."""
    if not is_private:
        return title
    return "a private objective" if is_objective else "a key result of a private objective"
