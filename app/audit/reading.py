"""Reading the audit log: a page of it, or all that a filter leaves, the newest first."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Text, cast, or_, select

from app.audit.forms import NOBODY, FilterForm
from app.audit.models import AuditEntry
from app.audit.places import addresses
from app.audit.words import action_words, detail_words
from app.db import db

ENTRIES_A_PAGE = 50
ENTRIES_A_CHUNK = 1000

Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True)
class EntryRow:
    """An entry as it is shown."""

    entry: AuditEntry
    address: str | None
    """Of the thing's page; None where it has none, or is no longer there."""
    actor_address: str | None
    """Of the page of whoever did it: names are chosen freely, and several may bear the same."""

    @property
    def who(self) -> str:
        return self.entry.actor_name or "Someone not signed in"

    @property
    def name(self) -> str:
        """Of the thing; empty where it is no other than the person who did it."""
        entry = self.entry
        is_own = entry.thing_kind == "person" and entry.thing_id == entry.actor_id
        return "" if is_own else entry.thing_name

    @property
    def did(self) -> str:
        """In words, which the name may follow."""
        return action_words(self.entry.action, is_named=bool(self.name))

    @property
    def details(self) -> list[str]:
        return detail_words(self.entry.detail)


@dataclass(frozen=True)
class LogPage:
    rows: Sequence[EntryRow]
    next_before: int | None
    """Before which id the next page begins; None on the last one."""


def conditions(form: FilterForm, zone: ZoneInfo) -> Conditions:
    """What a valid form asks for; its days are days in this zone, both included."""
    wanted: list[ColumnElement[bool]] = []
    if form.person.data == NOBODY:
        wanted.append(AuditEntry.actor_id.is_(None))
    elif form.person.data:
        wanted.append(AuditEntry.actor_id == int(form.person.data))
    if form.action.data:
        wanted.append(AuditEntry.action == form.action.data)
    if form.kind.data:
        wanted.append(AuditEntry.thing_kind == form.kind.data)
    if form.first.data:
        wanted.append(AuditEntry.happened_at >= _midnight(form.first.data, zone))
    if form.last.data:
        day_after = form.last.data + timedelta(days=1)
        wanted.append(AuditEntry.happened_at < _midnight(day_after, zone))
    if form.text.data:
        wanted.append(_says(form.text.data))
    return wanted


def log_page(wanted: Conditions, before: int | None) -> LogPage:
    """One statement for the entries, and one for each kind of thing that they speak of."""
    query = select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc())
    if before is not None:
        query = query.where(AuditEntry.id < before)
    found = db.session.scalars(query.limit(ENTRIES_A_PAGE + 1)).all()
    shown = found[:ENTRIES_A_PAGE]
    known = addresses(
        (kind, id_) for one in shown for kind, id_ in (_thing(one), _actor(one)) if id_ is not None
    )
    rows = [EntryRow(one, _of(known, _thing(one)), _of(known, _actor(one))) for one in shown]
    return LogPage(rows, shown[-1].id if len(found) > ENTRIES_A_PAGE else None)


def _thing(entry: AuditEntry) -> tuple[str, int | None]:
    return entry.thing_kind, entry.thing_id


def _actor(entry: AuditEntry) -> tuple[str, int | None]:
    return "person", entry.actor_id


def _of(known: Mapping[tuple[str, int], str], place: tuple[str, int | None]) -> str | None:
    kind, id_ = place
    return None if id_ is None else known.get((kind, id_))


def chunks(wanted: Conditions, up_to: int) -> Iterator[Sequence[Row[AuditEntry]]]:
    """All entries with this id or a lower one, some at a time, each in a transaction of its own.

    Whoever takes them may be slow, and must hold up nobody meanwhile.
    """
    columns = select(*AuditEntry.__table__.columns).where(*wanted).order_by(AuditEntry.id.desc())
    before = up_to + 1
    while True:
        rows = db.session.execute(
            columns.where(AuditEntry.id < before).limit(ENTRIES_A_CHUNK)
        ).all()
        db.end_reading()
        if rows:
            yield rows
        if len(rows) < ENTRIES_A_CHUNK:
            return
        before = rows[-1].id


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _says(text: str) -> ColumnElement[bool]:
    """Whether an entry has this text: in the name of whom or what, in a detail, in the address."""
    # Details are stored as JSON, in which all but ASCII is escaped.
    escaped = json.dumps(text)[1:-1]
    return or_(
        AuditEntry.actor_name.icontains(text, autoescape=True),
        AuditEntry.thing_name.icontains(text, autoescape=True),
        AuditEntry.address.icontains(text, autoescape=True),
        cast(AuditEntry.detail, Text).icontains(escaped, autoescape=True),
    )


def last_of(action: str) -> AuditEntry | None:
    """The newest entry that says this."""
    newest = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc())
    return db.session.scalar(newest.limit(1))
