"""Roll-ups with what lies under them, as settling needs them after every sync: columns alone, by
statements that are built once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import BindParameter, Select, and_, bindparam, select, union
from sqlalchemy.orm import Session, aliased

from app.db import in_batches
from app.okrs.models import ROLL_UP, KeyResult, Measure, Objective
from app.okrs.rollup.audiences import audiences_of, is_as_private
from app.okrs.rollup.parts import StoredPart


class RollUp(NamedTuple):
    """An objective that is judged by what lies under it, with what that came to last."""

    id: int
    is_private: bool
    measure_id: int
    series: int
    value: Fraction | None
    valued_at: datetime | None
    part_count: int
    parts_ended_as: str | None


@dataclass(frozen=True)
class Branch:
    """A roll-up with what lies directly under it and counts."""

    above: RollUp
    parts: list[StoredPart] = field(default_factory=list)


def affected_roll_ups(session: Session, measure_ids: Collection[int]) -> dict[int, Branch]:
    """The roll-ups among these measures and in the chains above them, by their measures' ids;
    nobody else changes them until the commit.

    A chain ends where an objective is judged by a measure of its own, or has ended.
    """
    found: dict[int, Branch] = {}
    for batch in in_batches(measure_ids):
        for above in _chain_above(session, batch):
            found[above.measure_id] = Branch(above)
    _add_key_results(session, {one.above.id: one for one in found.values()})
    _add_aligned(session, found)
    return found


def _chain_above(session: Session, measure_ids: Collection[int]) -> Iterable[RollUp]:
    """The roll-ups, their measures held as they are committed."""
    for row in session.connection().execute(_chain(), {"changed": measure_ids}):
        kind, ended_as, *columns = row
        # Who held one of them meanwhile may have given it another measure, or ended it.
        if kind == ROLL_UP and ended_as is None:
            yield RollUp(*columns)


def _add_key_results(session: Session, by_objective: Mapping[int, Branch]) -> None:
    for batch in in_batches(by_objective):
        for row in session.connection().execute(_key_results(), {"objectives": batch}):
            of_row = cast(Any, row)
            by_objective[row.objective_id].parts.append(StoredPart(of_row, of_row))


def _add_aligned(session: Session, by_measure: Mapping[int, Branch]) -> None:
    for batch in in_batches(by_measure):
        rows = session.connection().execute(_aligned(), {"above": batch}).all()
        pairs = [
            (by_measure[row.parent_measure_id].above, _Aligned(row.objective_id, row.is_private))
            for row in rows
        ]
        audiences = audiences_of(session, pairs)
        for row, (above, child) in zip(rows, pairs, strict=True):
            if is_as_private(above, child, audiences):
                of_row = cast(Any, row)
                by_measure[above.measure_id].parts.append(StoredPart(of_row, of_row))


class _Aligned(NamedTuple):
    id: int
    is_private: bool


_FIGURES = (
    Measure.id,
    Measure.kind,
    Measure.start_value,
    Measure.target_value,
    Measure.guard,
    Measure.warning_value,
    Measure.value,
    Measure.final_value,
    Measure.part_count,
    Measure.parts_ended_as,
    Measure.ended_as,
)
"""What the figure of a part follows from, besides its share."""


@cache
def _key_results() -> Select[*tuple[Any, ...]]:
    return (
        select(KeyResult.objective_id, KeyResult.share, *_FIGURES)
        .join(Measure, Measure.id == KeyResult.measure_id)
        .where(
            KeyResult.objective_id.in_(bindparam("objectives", expanding=True)),
            KeyResult.deleted_at.is_(None),
        )
        .order_by(KeyResult.position, KeyResult.id)
    )


@cache
def _aligned() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Objective.parent_measure_id,
            Objective.id.label("objective_id"),
            Objective.is_private,
            Objective.share,
            *_FIGURES,
        )
        .join(Measure, Measure.id == Objective.measure_id)
        .where(
            Objective.parent_measure_id.in_(bindparam("above", expanding=True)),
            Objective.deleted_at.is_(None),
        )
        .order_by(Objective.id)
    )


@cache
def _chain() -> Select[*tuple[Any, ...]]:
    parent = aliased(Objective)
    changed: BindParameter[Any] = bindparam("changed", expanding=True)
    is_roll_up = and_(Measure.kind == ROLL_UP, Measure.ended_as.is_(None))
    itself = select(Objective.id).join(Measure, Measure.id == Objective.measure_id)
    of_key_result = itself.join(KeyResult, KeyResult.objective_id == Objective.id)
    of_aligned = (
        select(parent.id)
        .join(Objective, Objective.parent_measure_id == parent.measure_id)
        .join(Measure, Measure.id == parent.measure_id)
    )
    beginning = union(
        itself.where(is_roll_up, Objective.measure_id.in_(changed)),
        of_key_result.where(is_roll_up, KeyResult.measure_id.in_(changed)),
        of_aligned.where(is_roll_up, Objective.measure_id.in_(changed)),
    )
    chain = select(beginning.subquery().c.id).cte("chain", recursive=True)
    chain = chain.union(of_aligned.join(chain, chain.c.id == Objective.id).where(is_roll_up))
    return (
        select(
            Measure.kind,
            Measure.ended_as,
            Objective.id,
            Objective.is_private,
            Measure.id,
            Measure.series,
            Measure.value,
            Measure.valued_at,
            Measure.part_count,
            Measure.parts_ended_as,
        )
        .join(Measure, Measure.id == Objective.measure_id)
        .where(Objective.id.in_(select(chain.c.id)))
        .order_by(Measure.id)
        .with_for_update(of=Measure, key_share=True)
    )
