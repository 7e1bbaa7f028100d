"""What lies directly under roll-ups, read for explaining a figure and for changing shares."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.db import in_batches
from app.okrs.models import (
    ROLL_UP,
    KeyResult,
    Measure,
    Objective,
)
from app.okrs.rollup.audiences import audiences_of, is_as_private
from app.okrs.rollup.contributions import Part, RolledUp
from app.okrs.standing import progress_of, value_of


class StoredPart(NamedTuple):
    """A part as it is stored; a roll-up among them may be about to come to something else."""

    item: Objective | KeyResult
    measure: Measure
    counts: bool = True
    """False of a private objective under one that more people see: no figure depends on who looks
    at it."""

    @property
    def measure_id(self) -> int:
        return self.measure.id

    def as_part(self, found: Mapping[int, RolledUp] = MappingProxyType({})) -> Part:
        """With what was found out about it just now, unless it has ended with something else."""
        measure, anew = self.measure, found.get(self.measure.id)
        progress = progress_of(measure, value_of(measure))
        ended_as = measure.ended_as
        if measure.kind == ROLL_UP:
            ended_as = ended_as or (anew.ended_as if anew else measure.parts_ended_as)
            if anew is not None and measure.final_value is None:
                progress = anew.progress
        return Part(measure.id, progress, self.item.share, ended_as)


def stored_parts(
    session: Session, objectives: Sequence[Objective], how: Mapping[str, bool]
) -> dict[int, list[StoredPart]]:
    """What lies directly under each of these, by their ids: key results in their order, then
    objectives. In a few statements for hundreds of them, executed with the options in `how`."""
    found: dict[int, list[StoredPart]] = {one.id: [] for one in objectives}
    for batch in in_batches(objectives):
        key_results = session.execute(
            _key_results_of(batch).add_columns(KeyResult, Measure), execution_options=how
        )
        for objective_id, key_result, measure in key_results:
            found[objective_id].append(StoredPart(key_result, measure))
    return _with_aligned(session, objectives, how, found)


def _key_results_of(objectives: Sequence[Objective]) -> Select[int]:
    return (
        select(KeyResult.objective_id)
        .join(Measure, Measure.id == KeyResult.measure_id)
        .where(
            KeyResult.objective_id.in_([one.id for one in objectives]),
            KeyResult.deleted_at.is_(None),
        )
        .order_by(KeyResult.position, KeyResult.id)
    )


def _with_aligned(
    session: Session,
    objectives: Sequence[Objective],
    how: Mapping[str, bool],
    found: dict[int, list[StoredPart]],
) -> dict[int, list[StoredPart]]:
    for batch in in_batches(objectives):
        above = {one.measure_id: one for one in batch}
        aligned = session.execute(
            select(Objective, Measure)
            .join(Measure, Measure.id == Objective.measure_id)
            .where(Objective.parent_measure_id.in_(above), Objective.deleted_at.is_(None))
            .order_by(Objective.id),
            execution_options=how,
        ).all()
        audiences = audiences_of(session, [(above[_parent(one)], one) for one, _ in aligned])
        for objective, measure in aligned:
            parent = above[_parent(objective)]
            counts = is_as_private(parent, objective, audiences)
            found[parent.id].append(StoredPart(objective, measure, counts))
    return found


def loaded_parts(
    session: Session, objective: Objective, aligned: Sequence[Objective]
) -> list[StoredPart]:
    """The same of one that is loaded with its key results and with all that is aligned under it;
    a statement or two only for private ones."""
    audiences = audiences_of(session, [(objective, one) for one in aligned])
    return [
        *(StoredPart(one, one.measure) for one in objective.key_results),
        *(
            StoredPart(one, one.measure, is_as_private(objective, one, audiences))
            for one in aligned
        ),
    ]


def _parent(objective: Objective) -> int:
    if objective.parent_measure_id is None:
        raise RuntimeError("only aligned objectives are asked for")
    return objective.parent_measure_id
