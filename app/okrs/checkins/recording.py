"""Saying, mending and taking back a check-in. The measure must be held; nothing here commits."""

from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Person, workspace
from app.audit.log import record
from app.db import db, utcnow
from app.okrs.changes import CHECK_IN, note_change, record_of
from app.okrs.checkins.rereading import reading_of, revalue
from app.okrs.figures import value_words
from app.okrs.loading import Item
from app.okrs.mentions import mention
from app.okrs.models import CheckIn, Measure, Reading
from app.okrs.readings import record_check_in
from app.pages import day, number


@dataclass(frozen=True)
class Said:
    """What a person says in a check-in."""

    value: Fraction | None
    note: str
    confidence: int | None
    override: str | None = None
    """How long the value is to stand in for what the item's source counts."""


def check_in(item: Item, said: Said, by: Person) -> CheckIn:
    """Say it now."""
    measure = item.measure
    made = CheckIn(
        measure=measure,
        person_id=by.id,
        note=said.note,
        confidence=said.confidence,
        made_at=utcnow(),
    )
    db.session.add(made)
    if said.value is not None:
        record_check_in(measure, made, said.value, said.override)
        if said.override is not None:
            words = value_words(measure, said.value)
            record("override.begun", *record_of(item), by=by, value=words)
    mention(item, made, said.note, by)
    return made


def last_id(measure: Measure) -> int:
    """The id of the newest check-in, 0 without one: what a form shows that it has seen."""
    newest = select(func.max(CheckIn.id)).where(CheckIn.measure_id == measure.id)
    return db.session.scalar(newest) or 0


def is_repeat(measure: Measure, said: Said, by: Person, seen_id: int | None) -> bool:
    """Whether the person has said just this since they saw the form, as by pressing twice."""
    if seen_id is None:
        return False
    since = db.session.scalars(
        select(CheckIn).where(
            CheckIn.measure_id == measure.id, CheckIn.person_id == by.id, CheckIn.id > seen_id
        )
    )
    return any(
        (one.value, one.note, one.confidence) == (said.value, said.note, said.confidence)
        for one in since
    )


def newer_value(measure: Measure, said: Said, by: Person, seen_id: int | None) -> CheckIn | None:
    """The check-in whose value what is said would take the place of, where somebody else made it
    since the form was opened, and with another value."""
    if seen_id is None or said.value is None:
        return None
    newest = db.session.scalar(
        select(CheckIn)
        .join(Reading, Reading.check_in_id == CheckIn.id)
        .where(CheckIn.measure_id == measure.id, CheckIn.id > seen_id)
        .where(Reading.series == measure.series)
        .order_by(CheckIn.id.desc())
        .options(joinedload(CheckIn.person))
        .limit(1)
    )
    if newest is None or newest.person_id == by.id or newest.value == said.value:
        return None
    return newest


def edit(item: Item, made: CheckIn, said: Said, by: Person, *, keeps_value: bool) -> None:
    """Say something else in its place, at its own moment; the timeline tells that it was."""
    if keeps_value:
        said = Said(made.value, said.note, said.confidence)
    if (made.value, made.note, made.confidence) == (said.value, said.note, said.confidence):
        return
    before, has_new_note = _words(item.measure, made, by), made.note != said.note
    if made.value != said.value:
        revalue(item.measure, made, said.value)
    made.note, made.confidence, made.edited_at = said.note, said.confidence, utcnow()
    after = ", ".join([*_figures(item.measure, made), *(["another note"] if has_new_note else [])])
    note_change(item.measure, by, CHECK_IN, before, after or "a note")
    record("check_in.edited", *record_of(item), by=by, before=before, after=after)
    mention(item, made, said.note, by)


def delete(item: Item, made: CheckIn, by: Person) -> None:
    """Take it back with its reading; the timeline tells that it was there."""
    said = _words(item.measure, made, by)
    if made.value is not None:
        revalue(item.measure, made, None)
    note_change(item.measure, by, CHECK_IN, before=said)
    record("check_in.deleted", *record_of(item), by=by, check_in=said)
    db.session.delete(made)


def _words(measure: Measure, made: CheckIn, by: Person) -> str:
    """ "1 Feb 2026, 9 posts, confidence 7"; with whose it is, where another speaks of it."""
    whose = [] if made.person_id == by.id else [made.person.name]
    when = day(made.made_at.astimezone(workspace().zone))
    return ", ".join([*whose, when, *_figures(measure, made)])


def _figures(measure: Measure, made: CheckIn) -> list[str]:
    said = []
    if made.value is not None:
        reading = reading_of(made)
        is_present = reading is not None and reading.series == measure.series
        said.append(value_words(measure, made.value) if is_present else number(made.value, 6))
    if made.confidence is not None:
        said.append(f"confidence {made.confidence}")
    return said
