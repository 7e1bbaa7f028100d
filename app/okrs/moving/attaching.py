"""What hangs on the items of an import: people, tags, viewers, check-ins, readings, comments."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from app.accounts.models import Person
from app.db import db, in_batches
from app.okrs.changes import IMPORTED
from app.okrs.comments.models import Comment
from app.okrs.models import (
    ROLL_UP,
    Change,
    CheckIn,
    ItemOwner,
    ItemTag,
    Measure,
    Objective,
    ObjectiveViewer,
    ObjectiveViewerTeam,
    Reading,
)
from app.okrs.moving.made_places import Places
from app.okrs.moving.making import Values, put_rows, told
from app.okrs.moving.models import Imported, WaitingSource
from app.okrs.moving.planned import NEW, PlannedRow
from app.okrs.readings import by_age

Pairs = Sequence[tuple[PlannedRow, int]]
"""Rows, each with the id of its measure."""


def attach_people_and_tags(pairs: Pairs, places: Places) -> None:
    """Set them anew, for what is changed as well."""
    known = [measure_id for row, measure_id in pairs if row.item is not None]
    for batch in in_batches(known):
        db.session.execute(delete(ItemOwner).where(ItemOwner.measure_id.in_(batch)))
        db.session.execute(delete(ItemTag).where(ItemTag.measure_id.in_(batch)))
    owners: list[Values] = []
    tags: list[Values] = []
    for row, measure_id in pairs:
        state, _ = told(row)
        further = sorted(state.further_owners - {state.owner})
        owners += [{"measure_id": measure_id, "person_id": one} for one in further]
        tags += [
            {"measure_id": measure_id, "tag_id": places.tags[key]} for key in sorted(state.tags)
        ]
    put_rows(ItemOwner, owners)
    put_rows(ItemTag, tags)


def attach_viewers(pairs: Pairs, places: Places) -> None:
    """Of new objectives that are private; of what is here already no file says who sees it."""
    sights = {
        measure_id: sight
        for row, measure_id in pairs
        if row.fate == NEW and (sight := told(row)[0].sight) is not None
    }
    people: list[Values] = []
    teams: list[Values] = []
    for batch in in_batches(sights):
        found = db.session.execute(
            select(Objective.id, Objective.measure_id).where(Objective.measure_id.in_(batch))
        ).all()
        for objective_id, measure_id in found:
            sight = sights[measure_id]
            people += [
                {"objective_id": objective_id, "person_id": one} for one in sorted(sight.viewers)
            ]
            team_ids = {places.team(one) for one in sight.teams}
            teams += [{"objective_id": objective_id, "team_id": one} for one in team_ids]
    put_rows(ObjectiveViewer, people)
    put_rows(ObjectiveViewerTeam, teams)


def remember(pairs: Pairs, origin: str, by: Person, now: datetime) -> None:
    """Where the items came from, in the table for the next import and in their timelines."""
    put_rows(
        Imported,
        [
            {"measure_id": measure_id, "origin": origin, "reference": row.node.reference}
            for row, measure_id in pairs
            if row.fate == NEW
        ],
    )
    put_rows(
        Change,
        [
            {
                "measure_id": measure_id,
                "person_id": by.id,
                "made_at": now,
                "what": IMPORTED,
                "before": "",
                "after": ", ".join(row.changes),
            }
            for row, measure_id in pairs
        ],
    )
    waiting: list[Values] = []
    for row, measure_id in pairs:
        link = told(row)[1].link
        if row.waits_anew and link is not None:
            integration, definition = link
            waiting.append(
                {
                    "measure_id": measure_id,
                    "integration": integration,
                    "definition": definition,
                }
            )
    put_rows(WaitingSource, waiting)


def put_down_what_was_said(pairs: Pairs) -> None:
    """Check-ins with their readings, other readings, and comments."""
    said = [(measure_id, one) for row, measure_id in pairs for one in row.check_ins]
    put_rows(
        CheckIn,
        [
            {
                "measure_id": measure_id,
                "person_id": one.person_id,
                "made_at": one.made_at,
                "note": one.note,
                "value": one.value,
                "confidence": one.confidence,
                "imported_key": one.key,
            }
            for measure_id, one in said
        ],
    )
    by_key: dict[str, int] = {}
    for batch in in_batches(one.key for _, one in said if one.value is not None):
        known = select(CheckIn.imported_key, CheckIn.id).where(CheckIn.imported_key.in_(batch))
        by_key |= {key: number for key, number in db.session.execute(known) if key is not None}
    put_rows(
        Reading,
        [
            {
                "measure_id": measure_id,
                "series": one.series,
                "taken_at": one.taken_at,
                "value": one.value,
                "matching_count": one.matching,
                "completed_count": one.completed,
                "check_in_id": by_key.get(one.check_in_key),
                "is_beside": one.is_beside,
            }
            for row, measure_id in pairs
            for one in sorted(row.readings, key=lambda reading: reading.taken_at)
        ],
    )
    put_rows(
        Comment,
        [
            {
                "measure_id": measure_id,
                "person_id": one.person_id,
                "made_at": one.made_at,
                "edited_at": one.edited_at,
                "text": one.text,
            }
            for row, measure_id in pairs
            for one in row.comments
        ],
    )


def renew_values(pairs: Pairs) -> None:
    """Of items that were here before: the newest reading is the present value, unless a source or
    the parts of a roll-up bring it, or the item has ended."""
    renewed = {
        measure_id: row.item.measure
        for row, measure_id in pairs
        if row.item is not None and row.readings and _is_by_hand(row.item.measure)
    }
    for batch in in_batches(renewed):
        newest = by_age().where(Reading.measure_id.in_(batch)).subquery()
        for found in db.session.execute(select(newest).where(newest.c.place == 1)):
            measure = renewed[found.measure_id]
            measure.value, measure.valued_at = found.value, found.taken_at


def _is_by_hand(measure: Measure) -> bool:
    return measure.source is None and measure.kind != ROLL_UP and not measure.has_ended
