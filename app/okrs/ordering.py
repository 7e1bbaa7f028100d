"""The order of an objective's key results. Commits nothing."""

from collections.abc import Sequence

from sqlalchemy import select

from app.audit.log import record
from app.db import db
from app.okrs.changes import record_of
from app.okrs.holding import hold
from app.okrs.models import KeyResult, Objective

UP, DOWN = "up", "down"


def move(key_result: KeyResult, way: str) -> Sequence[KeyResult]:
    """Let it change places with its neighbour, if it has one; the order that this gives.

    Nobody else moves one of them until the commit: two people at once make two moves. Under an
    objective that has ended everything stays where it is.
    """
    hold(key_result.objective.measure)
    order = list(in_order(key_result.objective))
    if key_result not in order or key_result.objective.measure.has_ended:  # meanwhile
        return order
    place = order.index(key_result)
    other = place - 1 if way == UP else place + 1
    if not 0 <= other < len(order):
        return order
    order[place], order[other] = order[other], order[place]
    for position, one in enumerate(order):
        one.position = position
    record("key_result.moved", *record_of(key_result), before=place + 1, after=other + 1)
    return order


def in_order(objective: Objective) -> Sequence[KeyResult]:
    return db.session.scalars(
        select(KeyResult)
        .where(KeyResult.objective_id == objective.id, KeyResult.deleted_at.is_(None))
        .order_by(KeyResult.position, KeyResult.id)
        .execution_options(populate_existing=True)
    ).all()
