"""What lies directly under roll-ups, read for settling and for explaining a figure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, or_, select, union
from sqlalchemy.orm import Session, aliased

from app.db import in_batches
from app.okrs.models import (
    ROLL_UP,
    ItemOwner,
    KeyResult,
    Measure,
    Objective,
    ObjectiveViewer,
    ObjectiveViewerTeam,
)
from app.okrs.rollup.contributions import Part, RolledUp
from app.okrs.standing import progress_of, value_of
from app.teams.models import Team, TeamMember


@dataclass(frozen=True)
class StoredPart:
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


@dataclass(frozen=True)
class Branch:
    """A roll-up with what lies directly under it and counts."""

    measure: Measure
    parts: Sequence[StoredPart]


def affected_roll_ups(session: Session, measure_ids: Collection[int]) -> dict[int, Branch]:
    """The roll-ups among these measures and in the chains above them, by their measures' ids;
    nobody else changes them until the commit.

    A chain ends where an objective is judged by a measure of its own, or has ended.
    """
    above: dict[Objective, Measure] = {}
    for batch in in_batches(measure_ids):
        above |= _chain(session, batch)
    lying_under = _stored_figures(session, list(above), {"populate_existing": True})
    return {
        measure.id: Branch(measure, [part for part in lying_under[one.id] if part.counts])
        for one, measure in above.items()
    }


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


def _stored_figures(
    session: Session, objectives: Sequence[Objective], how: Mapping[str, bool]
) -> dict[int, list[StoredPart]]:
    """The same for settling alone: of key results, of which there are many at every sync, only
    the columns that a figure follows from."""
    found: dict[int, list[StoredPart]] = {one.id: [] for one in objectives}
    for batch in in_batches(objectives):
        for row in session.execute(_key_results_of(batch).add_columns(*_FIGURES)):
            of_row = cast(Any, row)
            found[row.objective_id].append(StoredPart(of_row, of_row))
    return _with_aligned(session, objectives, how, found)


_FIGURES = (
    KeyResult.share,
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
        audiences = _audiences(session, [(above[_parent(one)], one) for one, _ in aligned])
        for objective, measure in aligned:
            parent = above[_parent(objective)]
            counts = _is_as_private(parent, objective, audiences)
            found[parent.id].append(StoredPart(objective, measure, counts))
    return found


def loaded_parts(
    session: Session, objective: Objective, aligned: Sequence[Objective]
) -> list[StoredPart]:
    """The same of one that is loaded with its key results and with all that is aligned under it;
    a statement or two only for private ones."""
    audiences = _audiences(session, [(objective, one) for one in aligned])
    return [
        *(StoredPart(one, one.measure) for one in objective.key_results),
        *(
            StoredPart(one, one.measure, _is_as_private(objective, one, audiences))
            for one in aligned
        ),
    ]


def _parent(objective: Objective) -> int:
    if objective.parent_measure_id is None:
        raise RuntimeError("only aligned objectives are asked for")
    return objective.parent_measure_id


def _chain(session: Session, measure_ids: Collection[int]) -> dict[Objective, Measure]:
    """The roll-ups with their measures, held as they are committed."""
    parent = aliased(Objective)
    is_roll_up = and_(Measure.kind == ROLL_UP, Measure.ended_as.is_(None))
    itself = select(Objective.id).join(Measure, Measure.id == Objective.measure_id)
    of_key_result = itself.join(KeyResult, KeyResult.objective_id == Objective.id)
    of_aligned = (
        select(parent.id)
        .join(Objective, Objective.parent_measure_id == parent.measure_id)
        .join(Measure, Measure.id == parent.measure_id)
    )
    beginning = union(
        itself.where(is_roll_up, Objective.measure_id.in_(measure_ids)),
        of_key_result.where(is_roll_up, KeyResult.measure_id.in_(measure_ids)),
        of_aligned.where(is_roll_up, Objective.measure_id.in_(measure_ids)),
    )
    chain = select(beginning.subquery().c.id).cte("chain", recursive=True)
    chain = chain.union(of_aligned.join(chain, chain.c.id == Objective.id).where(is_roll_up))
    rows = session.execute(
        select(Objective, Measure)
        .join(Measure, Measure.id == Objective.measure_id)
        .where(Objective.id.in_(select(chain.c.id)))
        .order_by(Measure.id)
        .with_for_update(of=Measure, key_share=True)
        .execution_options(populate_existing=True)
    )
    # Who held one of them meanwhile may have given it another measure, or ended it.
    return {one: measure for one, measure in rows if _is_settled(measure)}


def _is_settled(measure: Measure) -> bool:
    return measure.kind == ROLL_UP and not measure.has_ended


def _is_as_private(
    parent: Objective, child: Objective, audiences: Mapping[int, frozenset[int]]
) -> bool:
    """Whether everyone who sees the parent sees the child too; admins see both."""
    if not child.is_private:
        return True
    return parent.is_private and audiences[parent.id] <= audiences[child.id]


def _audiences(
    session: Session, pairs: Iterable[tuple[Objective, Objective]]
) -> dict[int, frozenset[int]]:
    """Who sees the private ones among these, as ids of people; asked only where it matters."""
    private = {one.id for pair in pairs if all(one.is_private for one in pair) for one in pair}
    if not private:
        return {}
    found: dict[int, set[int]] = defaultdict(set)
    is_asked: ColumnElement[bool] = Objective.id.in_(private)
    lead_or_member = or_(Team.lead_id.is_not(None), TeamMember.person_id.is_not(None))
    by_team = (
        select(Objective.id, TeamMember.person_id, Team.lead_id)
        .join(ObjectiveViewerTeam, ObjectiveViewerTeam.objective_id == Objective.id)
        .join(Team, Team.id == ObjectiveViewerTeam.team_id)
        .outerjoin(TeamMember, TeamMember.team_id == Team.id)
        .where(is_asked, lead_or_member)
    )
    by_name = union(
        select(Objective.id, Objective.owner_id).where(is_asked),
        select(Objective.id, ItemOwner.person_id)
        .join(ItemOwner, ItemOwner.measure_id == Objective.measure_id)
        .where(is_asked),
        select(ObjectiveViewer.objective_id, ObjectiveViewer.person_id).where(
            ObjectiveViewer.objective_id.in_(private)
        ),
    )
    for objective_id, *people in [*session.execute(by_name), *session.execute(by_team)]:
        found[objective_id].update(one for one in people if one is not None)
    return {one: frozenset(found[one]) for one in private}
