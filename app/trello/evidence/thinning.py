"""Letting go of evidence of days long past: of each stays what held at its end, and whatever a
reading leads to. What stays is written anew where it built on what goes."""

import json
import zlib
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from app.accounts.models import workspace
from app.db import db
from app.okrs.holding import hold_ids
from app.okrs.models import Evidence, Reading, Source, SourceVersion
from app.trello.evidence.reading import COLUMNS, Cards, fold


def thin(source_id: int, before: datetime, most_steps: int) -> int:
    """Of a source that no other item counts by. At most so many transactions, one for each run of
    rows that build on each other; returns their number."""
    own = select(SourceVersion.id).where(SourceVersion.source_id == source_id)
    measure_id = db.session.scalars(
        select(Source.__table__.c.measure_id).where(Source.__table__.c.id == source_id)
    ).one()
    rows = db.session.execute(
        select(Evidence.id, Evidence.source_version_id, Evidence.taken_at, Evidence.base_id)
        .where(Evidence.source_version_id.in_(own))
        .order_by(Evidence.id)
    ).all()
    readings = db.session.execute(
        select(Reading.taken_at, Reading.evidence_id)
        .where(Reading.source_version_id.in_(own))
        .order_by(Reading.taken_at)
    ).all()
    kept = _needed(rows, before, readings)
    db.end_reading()
    count = 0
    for chain in _chains(rows):
        gone = [row.id for row in chain if row.id not in kept]
        if gone and count == most_steps:
            return count
        if gone:
            _rewrite(measure_id, [row.id for row in chain], set(gone))
            count += 1
    return count


def _needed(rows: Sequence[Any], before: datetime, readings: Sequence[Any]) -> set[int]:
    """The ids of those that stay: also the first and the newest of each version, since one begins
    what is told of it and the next count builds on the other."""
    zone = workspace().zone
    moments = [one.taken_at for one in readings]
    kept = {one.evidence_id for one in readings}
    kept |= {row.id for row in rows if row.taken_at >= before}
    kept |= {row.id for row in rows[:1]} | {row.id for row in rows[-1:]}
    for one, following in pairwise(rows):
        if one.source_version_id != following.source_version_id:
            kept |= {one.id, following.id}
    ends = rows[-1].taken_at if rows else before
    for row in reversed(rows[:-1]):
        begins = row.taken_at
        is_last_of_day = begins.astimezone(zone).date() != ends.astimezone(zone).date()
        has_reading = bisect_left(moments, begins) < bisect_left(moments, ends)
        if begins < ends and (is_last_of_day or has_reading):
            kept.add(row.id)
        ends = min(begins, ends)  # a later row hides it wherever the clock was set back
    return kept


def _chains(rows: Sequence[Any]) -> Iterator[list[Any]]:
    """The rows, which come in the order of their versions, from each whole one to the next."""
    chain: list[Any] = []
    for row in rows:
        if row.base_id is None and chain:
            yield chain
            chain = []
        chain.append(row)
    if chain:
        yield chain


def _rewrite(measure_id: int, ids: Collection[int], gone: Collection[int]) -> None:
    with db.writing() as session:
        # A sync that is under way builds on the newest, and another worker may have been here.
        hold_ids({measure_id})
        rows = session.execute(
            select(*COLUMNS).where(Evidence.id.in_(ids)).order_by(Evidence.id)
        ).all()
        changed = list(_rebuilt(rows, gone))
        if changed:
            session.connection().execute(_REBUILD, changed)
        session.execute(
            delete(Evidence).where(Evidence.id.in_(gone)),
            execution_options={"synchronize_session": False},
        )


_REBUILD = (
    update(Evidence.__table__)  # type: ignore[arg-type]  # a Table, by then
    .where(Evidence.id == bindparam("row_id"))
    .values(base_id=bindparam("builds_on"), payload=bindparam("content"))
)


def _rebuilt(rows: Sequence[Any], gone: Collection[int]) -> Iterator[dict[str, Any]]:
    """Those that built on a row that goes, building on the one before them that stays."""
    last_id, last = None, Cards()
    for row, cards in fold(rows):
        if row.id in gone:
            continue
        if row.base_id != last_id:
            entered = [record for key, record in cards.items() if last.get(key) != record]
            left = [key for key in last if key not in cards]
            is_small = last_id is not None and 2 * (len(entered) + len(left)) <= len(cards)
            content = {"entered": entered, "left": left} if is_small else list(cards.values())
            text = json.dumps(content, separators=(",", ":"))
            builds_on = last_id if is_small else None
            yield {
                "row_id": row.id,
                "builds_on": builds_on,
                "content": zlib.compress(text.encode(), 6),
            }
        last_id, last = row.id, cards
