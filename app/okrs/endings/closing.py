"""Closing items and opening them again. Nothing here commits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from app.access import hold_me
from app.accounts.models import Person
from app.audit.log import record
from app.db import db, utcnow
from app.okrs.changes import REOPENED, note_change, record_of
from app.okrs.endings.proposals import Proposal, proposals_for
from app.okrs.figures import goal_words
from app.okrs.holding import hold_all, refuse_deleted
from app.okrs.integrations import wake
from app.okrs.loading import Item
from app.okrs.models import CLOSED, KeyResult, Measure, Objective
from app.okrs.rollup.settling import note_change_of_figure
from app.pages import number


@dataclass(frozen=True)
class Ending:
    """What an item is closed with."""

    value: Fraction
    """Of a roll-up its progress."""
    score: Fraction | None
    note: str = ""

    @classmethod
    def proposed(cls, proposal: Proposal) -> "Ending":
        return cls(proposal.value, proposal.score)


class EndedMeanwhile(Exception):
    """Something that was to be ended has ended, or a cycle was closed, since the page was made."""


def hold_items(items: Sequence[Item], beside: Iterable[Measure] = ()) -> None:
    """Read the items anew, with the key results of objectives; nobody else edits, checks in or
    ends them until the commit. 404 where one was deleted meanwhile.

    `beside` are the measures of what else is written. All are held in one step, see `holding`.
    Raises EndedMeanwhile where an objective got another key result just then, which is not held.
    """
    hold_me()
    objective_ids = [one.id for one in items if isinstance(one, Objective)]
    parts = db.session.scalars(
        select(KeyResult)
        .where(KeyResult.objective_id.in_(objective_ids), KeyResult.deleted_at.is_(None))
        .options(joinedload(KeyResult.measure))
    )
    measures = {one.measure_id: one.measure for one in [*items, *parts]}
    hold_all({*measures.values(), *beside})
    refuse_deleted(items)
    _read_anew(items)
    found = [part for one in items if isinstance(one, Objective) for part in one.key_results]
    if any(part.measure_id not in measures for part in found):
        raise EndedMeanwhile
    for one in [*items, *found]:
        set_committed_value(one, "measure", measures[one.measure_id])


def _read_anew(items: Sequence[Item]) -> None:
    """In a number of statements that does not grow. Objectives last, as key results bring theirs
    without what belongs to it."""
    key_results = select(KeyResult).options(
        joinedload(KeyResult.owner), joinedload(KeyResult.objective).joinedload(Objective.cycle)
    )
    objectives = select(Objective).options(
        joinedload(Objective.owner),
        joinedload(Objective.cycle),
        joinedload(Objective.team),
        selectinload(Objective.key_results).joinedload(KeyResult.owner),
    )
    of_these = [one.measure_id for one in items]
    anew = {"populate_existing": True}
    for query, kind in ((key_results, KeyResult), (objectives, Objective)):
        again = query.where(kind.measure_id.in_(of_these))
        db.session.scalars(again, execution_options=anew).all()


def open_parts(item: Item) -> list[KeyResult]:
    """The key results of an objective that have not ended."""
    if not isinstance(item, Objective):
        return []
    return [one for one in item.key_results if not one.measure.has_ended]


def close_with_parts(item: Item, ending: Ending, by: Person) -> None:
    """Close the item, and its open key results each with what is proposed for it."""
    moment, parts = utcnow(), open_parts(item)
    proposals = proposals_for(parts)
    for part in parts:
        close(part, Ending.proposed(proposals[part.measure_id]), by, moment)
    close(item, ending, by, moment)


def close(item: Item, ending: Ending, by: Person, moment: datetime) -> None:
    """Close the item with this. What ends in one step bears one moment."""
    measure = item.measure
    measure.ended_as, measure.ended_at, measure.ended_by = CLOSED, moment, by
    measure.final_value, measure.score = ending.value, ending.score
    measure.closing_note = ending.note
    words = goal_words(measure, ending.value)
    score = None if ending.score is None else number(ending.score, 2)
    note_change(measure, by, CLOSED, after=f"{words}, score {score}" if score else words)
    note_change_of_figure(db.session(), [measure.id])
    kind, number_, title = record_of(item)
    said = {"final_value": words, "score": score, "note": ending.note or None}
    record(f"{kind}.closed", kind, number_, title, by=by, **said)


def ended_with(objective: Objective) -> list[KeyResult]:
    """The key results that ended in one step with their objective."""
    moment = objective.measure.ended_at
    return [
        one
        for one in objective.key_results
        if moment is not None and one.measure.has_ended and one.measure.ended_at == moment
    ]


def reopen(items: Sequence[Item], by: Person) -> None:
    """Undo how they ended. What counts by a source is counted again at once."""
    for item in items:
        measure = item.measure
        measure.ended_as = measure.ended_at = measure.ended_by = None
        measure.final_value = measure.score = None
        measure.closing_note = ""
        note_change(measure, by, REOPENED)
        kind, number_, title = record_of(item)
        record(f"{kind}.reopened", kind, number_, title, by=by)
    measures = [one.measure for one in items]
    wake(measures)
    note_change_of_figure(db.session(), [one.id for one in measures])
