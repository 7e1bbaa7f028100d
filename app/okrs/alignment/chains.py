"""Chains of alignment, followed by the database in any depth, through what is deleted too."""

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, func, literal, select
from sqlalchemy.orm import Session, aliased

from app.okrs.models import KeyResult, Objective
from app.okrs.rollup.models import SettlingTurn


def hold_alignments(session: Session) -> None:
    """Let nobody else align anything until the commit: two at once could close a ring.

    Held after people and connections and before measures, as settling holds it.
    """
    session.execute(select(SettlingTurn.id).with_for_update())


def objective_at(measure_id: SQLColumnExpression[Any]) -> ColumnElement[int]:
    """The id of the objective that has this measure, or one of whose key results has it."""
    objective, key_result = aliased(Objective), aliased(KeyResult)
    return func.coalesce(
        select(objective.id).where(objective.measure_id == measure_id).scalar_subquery(),
        select(key_result.objective_id)
        .where(key_result.measure_id == measure_id)
        .scalar_subquery(),
    )


def closes_ring(session: Session, objective_id: int, parent_measure_id: int) -> bool:
    """Whether the objective would be above itself, were it aligned under the item with this
    measure: itself, a key result of its own, or what lies under either."""
    parent = literal(parent_measure_id)
    chain = select(objective_at(parent).label("id")).cte("chain", recursive=True)
    chain = chain.union(
        select(objective_at(Objective.parent_measure_id))
        .select_from(chain)
        .join(Objective, Objective.id == chain.c.id)
        .where(Objective.parent_measure_id.is_not(None))
    )
    return bool(session.scalar(select(exists().where(chain.c.id == objective_id))))
