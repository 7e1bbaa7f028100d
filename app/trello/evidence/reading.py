"""Evidence: the cards that were counted, kept mostly as what came and went since the row before.

A row's base is always the row before it of the same version. One in every `CHAIN` at the latest
holds the whole set, so that any set is read with one statement from a bounded number of rows.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, select

from app.db import db
from app.okrs.models import Evidence, SourceVersion
from app.trello.card_records import CardRecord

CHAIN = 20
"""How many rows build on each other at most, the whole one among them."""

Cards = dict[str, CardRecord]
"""A set of counted cards by their ids, each as it was called when it entered."""

_evidence, _versions = (
    Evidence.metadata.tables["evidence"],
    SourceVersion.metadata.tables["source_version"],
)
COLUMNS = (
    _evidence.c.id,
    _evidence.c.source_version_id,
    _evidence.c.taken_at,
    _evidence.c.base_id,
    _evidence.c.payload,
)
"""What `fold` needs of a row."""


@dataclass(frozen=True)
class Change:
    """A moment from which another set of cards counted."""

    evidence_id: int
    version_id: int
    taken_at: datetime
    matching_count: int
    completed_count: int
    entered: Sequence[CardRecord]
    left: Sequence[CardRecord]
    marked: Sequence[CardRecord]
    """Those that stayed, but were completed, or are no longer."""
    is_first: bool
    """True where nothing was counted before: then nothing is said to have entered."""
    is_recount: bool
    """True where it was counted by other criteria before."""


def fold(rows: Iterable[Any]) -> Iterator[tuple[Any, Cards]]:
    """Each row, the oldest first, with its whole set; those before the first whole one are
    passed over."""
    cards: Cards | None = None
    for row in rows:
        content = json.loads(zlib.decompress(row.payload))
        if row.base_id is None:
            cards = {record["id"]: record for record in content}
        elif cards is not None:
            left = set(content["left"])
            cards = {key: record for key, record in cards.items() if key not in left}
            cards.update((record["id"], record) for record in content["entered"])
        if cards is not None:
            yield row, cards


def history(
    source_id: int, count: int, until_id: int | None = None
) -> tuple[list[CardRecord], list[Change]]:
    """The cards that counted after the newest change, or after that of `until_id`, and the last
    `count` changes up to then, the newest first. One statement."""
    asked = {"of_source": source_id, "most": count + CHAIN, "until": until_id}
    rows = db.session.execute(_newest(until_id is not None), asked).all()
    changes: list[Change] = []
    before: tuple[Any, Cards] | None = None
    for row, cards in fold(reversed(rows)):
        changes.append(_change(row, cards, before))
        before = row, cards
    newest = list(before[1].values()) if before else []
    return newest, changes[::-1][:count]


def evidence_at(source_id: int, moment: datetime) -> int | None:
    """The id of the evidence that held at the moment; None before the first."""
    found: int | None = db.session.scalar(
        _of_source(source_id, _evidence.c.id)
        .where(_evidence.c.taken_at <= moment)
        .order_by(_evidence.c.id.desc())
        .limit(1)
    )
    return found


def next_change(source_id: int, after_id: int | None) -> datetime | None:
    """When the next set of cards began to count; the first one where `after_id` is None."""
    found: datetime | None = db.session.scalar(
        _of_source(source_id, _evidence.c.taken_at)
        .where(_evidence.c.id > (after_id or 0))
        .order_by(_evidence.c.id)
        .limit(1)
    )
    return found


@cache
def _newest(has_end: bool) -> Select[Any]:
    query = _of_source(bindparam("of_source"), *COLUMNS).order_by(_evidence.c.id.desc())
    if has_end:
        query = query.where(_evidence.c.id <= bindparam("until"))
    return query.limit(bindparam("most"))


def _of_source(source_id: int | BindParameter[int], *columns: Any) -> Select[Any]:
    own = select(_versions.c.id).where(_versions.c.source_id == source_id)
    return select(*columns).where(_evidence.c.source_version_id.in_(own))


def _change(row: Any, cards: Cards, before: tuple[Any, Cards] | None) -> Change:
    earlier, old = before or (None, {})
    stayed = [(record, old[key]) for key, record in cards.items() if key in old]
    return Change(
        evidence_id=row.id,
        version_id=row.source_version_id,
        taken_at=row.taken_at,
        matching_count=len(cards),
        completed_count=sum(record["completed"] for record in cards.values()),
        entered=[record for key, record in cards.items() if key not in old],
        left=[record for key, record in old.items() if key not in cards],
        marked=[now for now, then in stayed if now["completed"] != then["completed"]],
        is_first=earlier is None,
        is_recount=earlier is not None and earlier.source_version_id != row.source_version_id,
    )
