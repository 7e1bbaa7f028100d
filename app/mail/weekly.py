"""The weekly reminder and summary: at each person's own day and hour, and never empty."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import or_, select

from app.accounts.models import Person, workspace
from app.db import db, utcnow
from app.mail import outbox
from app.mail.kinds import REMINDER, SUMMARY, WEEKLY, Kind
from app.okrs.loading import Item
from app.okrs.owned import is_kept_by_people, last_check_ins, progress_then, running_items
from app.okrs.rows import Row, rows_for
from app.okrs.standing import STATUS_WORDS
from app.pages import number

WEEK = timedelta(days=7)
FRESH_FOR = timedelta(days=6)
"""A check-in younger than this is this week's: one made after the last reminder is not."""


@dataclass(frozen=True)
class Remembered:
    """An item that wants a check-in."""

    row: Row
    last: datetime | None
    """When it was checked in last."""


@dataclass(frozen=True)
class Summed:
    """An item with how it went this week, in words."""

    row: Row
    change: str


def people_due() -> Sequence[int]:
    """The ids of those for whom it is the day and past the hour of their weekly mail, and who did
    not get it yet. A day that went by while no worker ran is left out. Two statements."""
    now = utcnow()
    wants = or_(*(getattr(Person, kind.wish or "") for kind in WEEKLY))
    people = db.session.scalars(select(Person).where(Person.is_active, wants)).all()
    keys = {
        key: person.id
        for person in people
        for kind in WEEKLY
        if (key := _key_if_due(person, kind, now))
    }
    told = outbox.known_keys(list(keys)) if keys else set()
    return sorted({person_id for key, person_id in keys.items() if key not in told})


def write_for(person_id: int) -> None:
    """Write what is due to someone, in a transaction of its own."""
    person = db.session.get(Person, person_id)
    if person is None:
        return
    now = utcnow()
    keys = {kind: _key_if_due(person, kind, now) for kind in WEEKLY}
    told = outbox.known_keys([key for key in keys.values() if key])
    due = {kind: key for kind, key in keys.items() if key and key not in told}
    rows = rows_for(running_items(person, workspace().today())) if due else []
    found = {kind: _FINDERS[kind](rows, now) for kind in due}
    with db.writing():
        for kind, key in due.items():
            if found[kind]["entries"]:
                outbox.write(person, kind, key, **found[kind])
            else:
                outbox.note_nothing_to_tell(person, kind, key)


def _key_if_due(person: Person, kind: Kind, now: datetime) -> str | None:
    """By the clock on the person's wall, so that a change to summer time moves nothing."""
    local = now.astimezone(person.zone)
    if not kind.is_wanted_by(person) or local.weekday() != person.mail_weekday:
        return None
    if local.hour < person.mail_hour:
        return None
    year, week, _ = local.isocalendar()
    return f"{kind.name}:{person.id}:{year}-W{week:02}"


def _to_remember(rows: Sequence[Row], now: datetime) -> dict[str, Any]:
    """Those that no data keeps current, and of which nobody said anything this week."""
    by_hand = [row for row in rows if is_kept_by_people(row.item.measure)]
    last = last_check_ins([row.item for row in by_hand])
    entries = [
        Remembered(row, last.get(row.item.measure_id))
        for row in by_hand
        if not _is_fresh(last.get(row.item.measure_id), now)
    ]
    return {"entries": entries}


def _is_fresh(last: datetime | None, now: datetime) -> bool:
    return last is not None and now - last < FRESH_FOR


def _to_sum_up(rows: Sequence[Row], now: datetime) -> dict[str, Any]:
    then = progress_then([row.item for row in rows], now - WEEK)
    entries = [Summed(row, _change(row, then, now)) for row in rows]
    counts = Counter(row.standing.status for row in rows)
    words = [f"{counts[one]} {word.lower()}" for one, word in STATUS_WORDS.items() if counts[one]]
    return {"entries": entries, "counts": ", ".join(words)}


def _change(row: Row, then: dict[int, Fraction], now: datetime) -> str:
    """ "up 5 points this week", "unchanged this week", "new this week" """
    item: Item = row.item
    if now - item.created_at < WEEK:
        return "new this week"
    change = row.standing.progress - then[item.measure_id]
    size = number(abs(change))
    if change == 0:
        return "unchanged this week"
    if size == "0":
        size = "less than 0.1"
    way = "up" if change > 0 else "down"
    return f"{way} {size} {'point' if size == '1' else 'points'} this week"


_FINDERS = {REMINDER: _to_remember, SUMMARY: _to_sum_up}
