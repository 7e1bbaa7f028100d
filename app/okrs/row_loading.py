"""Items of both kinds loaded as rows, by their measures."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from app.db import db
from app.okrs.measure_loading import load_sources
from app.okrs.models import KeyResult, Measure, Objective
from app.okrs.rows import Row, rows_for


def rows_of(measure_ids: Sequence[int], place: str = "") -> dict[int, Row]:
    """Rows by the ids of their measures; the items come in one statement, their sources in another.

    Only for ids of items that were found to be there for the person who looks.
    """
    found = db.session.scalars(
        select(Measure)
        .where(Measure.id.in_(measure_ids))
        .options(
            joinedload(Measure.objective).options(
                joinedload(Objective.owner), joinedload(Objective.cycle), joinedload(Objective.team)
            ),
            joinedload(Measure.key_result).options(
                joinedload(KeyResult.owner),
                joinedload(KeyResult.objective).options(
                    joinedload(Objective.cycle), joinedload(Objective.team)
                ),
            ),
        )
    ).all()
    load_sources(found)
    items = []
    for measure in found:
        items.append(measure.item)
        set_committed_value(items[-1], "measure", measure)  # what led to it is what it leads to
    return {row.item.measure_id: row for row in rows_for(items, place)}
