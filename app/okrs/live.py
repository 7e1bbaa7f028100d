"""Open pages that follow their figures: a short mark tells whether a shown figure still holds.

What is being counted is asked for instead whether that has ended: the figure may be the same.
"""

import hashlib
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import TypeVarTuple

from sqlalchemy import Select, and_, false, or_, select

from app.accounts.models import Person
from app.db import db
from app.exact import exact_text
from app.okrs.integrations import Need, all_integrations
from app.okrs.loading import Item, is_visible
from app.okrs.models import KeyResult, Measure, Objective, Source

Columns = TypeVarTuple("Columns")

MOST_MEASURES = 200
"""How many one page may ask about at once."""


def mark_of(measure: Measure) -> str:
    """Changes when what is shown of the measure does; not each time it is counted."""
    source = measure.source
    return _mark(
        (
            measure.value,
            measure.matching_count,
            measure.completed_count,
            measure.valued_at,
            measure.override,
            measure.automatic_value,
            measure.part_count,
            measure.parts_ended_as,
            measure.ended_as,
            source.id if source else None,
            source.frozen_reason if source else None,
            source.counted_at is not None if source else None,
        )
    )


def live_marks(item: Item, whole: bool = False) -> str:
    """The measures whose change makes the item look different, with their marks: "7:1f… 8:a0…".

    `whole` is for an objective's page, which shows its key results too.
    """
    measures = [item.measure]
    if whole and isinstance(item, Objective):
        measures += [one.measure for one in item.key_results]
    return " ".join(f"{one.id}:{mark_of(one)}" for one in measures)


def marks(person: Person, measure_ids: Collection[int]) -> dict[int, str]:
    """The present mark of each measure that the person may see, in one statement."""
    rows = db.session.execute(
        _of_those_visible(
            select(
                Measure.id,
                Measure.value,
                Measure.matching_count,
                Measure.completed_count,
                Measure.valued_at,
                Measure.override,
                Measure.automatic_value,
                Measure.part_count,
                Measure.parts_ended_as,
                Measure.ended_as,
                Source.id,
                Source.frozen_reason,
                Source.counted_at,
            ).outerjoin(Source, and_(Source.measure_id == Measure.id, Source.ended_at.is_(None))),
            person,
            measure_ids,
        )
    )
    return {
        id_: _mark((*figures, source_id, frozen, counted_at is not None if source_id else None))
        for id_, *figures, source_id, frozen, counted_at in rows
    }


def being_counted(person: Person, measure_ids: Collection[int]) -> list[int]:
    """Those of the measures that the person may see and whose count has not ended, likewise."""
    is_counted = (Measure.id.in_(one.being_counted()) for one in all_integrations())
    query = select(Measure.id).where(or_(false(), *is_counted)).order_by(Measure.id)
    return list(db.session.scalars(_of_those_visible(query, person, measure_ids)))


def mark_of_needs(needs: Iterable[Need]) -> str:
    """Changes when what is said to need the person does."""
    return _mark(needs)


def _of_those_visible(
    query: Select[*Columns], person: Person, measure_ids: Collection[int]
) -> Select[*Columns]:
    """The query of measures, for these alone and only where the person may see their item."""
    return (
        query.outerjoin(
            KeyResult, and_(KeyResult.measure_id == Measure.id, KeyResult.deleted_at.is_(None))
        )
        .join(
            Objective,
            or_(Objective.measure_id == Measure.id, Objective.id == KeyResult.objective_id),
        )
        .where(Measure.id.in_(measure_ids), is_visible(person))
    )


def _mark(shown: Iterable[object]) -> str:
    # Python refuses to write numbers of thousands of digits, as roll-ups may have.
    written = tuple(exact_text(one) if isinstance(one, Fraction) else one for one in shown)
    return hashlib.blake2b(repr(written).encode(), digest_size=6).hexdigest()
