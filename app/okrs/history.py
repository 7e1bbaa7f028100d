"""Everything recorded of one measure, loaded in a number of statements that never grows."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, exists, func, literal, null, select, union_all

from app.accounts.models import Person
from app.db import db
from app.okrs.comments.models import Comment, Mention
from app.okrs.integrations import Integration, PastPart, integration_named, integration_of
from app.okrs.models import Change, CheckIn, Measure, Reading, Source, SourceVersion

LONGEST = 50
"""Entries on a page of the timeline."""
CHECK_IN, COMMENT = "check-in", "comment"


class TracedReading(NamedTuple):
    """A reading, and the source and the integration that brought it; without one a person did."""

    id: int
    series: int
    taken_at: datetime
    value: Fraction
    matching_count: int | None
    completed_count: int | None
    check_in_id: int | None
    is_beside: bool
    source_id: int | None
    integration_name: str | None

    @property
    def integration(self) -> Integration | None:
        return integration_named(self.integration_name) if self.integration_name else None

    @property
    def evidence_url(self) -> str:
        """The page with the things that were counted then; empty where there are none."""
        if self.integration is None or self.source_id is None:
            return ""
        return self.integration.evidence_url(self.source_id, self.taken_at)


class TracedChange(NamedTuple):
    """An edit, and who made it; without a name Tally did."""

    made_at: datetime
    what: str
    before: str
    after: str
    person_name: str | None


class Saying(NamedTuple):
    """What someone said of the item: a check-in or a comment."""

    kind: str
    id: int
    person_id: int
    person_name: str
    made_at: datetime
    text: str
    edited_at: datetime | None
    value: Fraction | None
    confidence: int | None
    override: str | None


@dataclass(frozen=True)
class History:
    """What its page shows of everything recorded of one measure."""

    readings: list[TracedReading]
    """All of them, oldest first."""
    changes: list[TracedChange]
    sayings: list[Saying]
    saying_count: int
    """In all; only the newest are loaded."""
    has_unseen_mentions: bool
    """Of the person who looks."""
    past: PastPart | None
    """What was rebuilt of the time before the link."""

    def given(self, series: int) -> Saying | None:
        """What was said with the last reading of a series that was shown, among the newest."""
        shown = (one for one in reversed(self.readings) if not one.is_beside)
        newest = next((one for one in shown if one.series == series), None)
        said = (one for one in self.sayings if one.kind == CHECK_IN)
        return next((one for one in said if newest and one.id == newest.check_in_id), None)


def history_of(measure: Measure, person: Person, pages: int = 1) -> History:
    """Three statements and those of the integration, however long the history is."""
    of_measure = {"of_measure": measure.id}
    of_person = of_measure | {"of_person": person.id, "most": LONGEST * pages}
    sayings = db.session.execute(_sayings(), of_person).all()
    return History(
        readings=readings_of(measure.id),
        changes=list(map(TracedChange._make, db.session.execute(_changes(), of_measure))),
        sayings=[Saying(*one) for *one, _, _ in sayings],
        saying_count=sayings[0].in_all if sayings else 0,
        has_unseen_mentions=bool(sayings and sayings[0].has_unseen),
        past=integration_of(measure.source).past(measure) if measure.source else None,
    )


def readings_of(measure_id: int) -> list[TracedReading]:
    """All of a measure, of whatever series, oldest first."""
    found = db.session.execute(_readings(), {"of_measure": measure_id})
    return list(map(TracedReading._make, found))


# Each is made once: that takes longer than to ask it. And by the columns, since there are hundreds
# of rows: objects would take several times as long.


@cache
def _readings() -> Select[Any]:
    reading, version, source = (one.__table__.c for one in (Reading, SourceVersion, Source))
    return (
        select(
            reading.id,
            reading.series,
            reading.taken_at,
            reading.value,
            reading.matching_count,
            reading.completed_count,
            reading.check_in_id,
            reading.is_beside,
            source.id,
            source.integration,
        )
        .select_from(Reading.__table__)
        .outerjoin(SourceVersion.__table__, version.id == reading.source_version_id)
        .outerjoin(Source.__table__, source.id == version.source_id)
        .where(reading.measure_id == bindparam("of_measure"))
        .order_by(reading.taken_at, reading.id)
    )


@cache
def _changes() -> Select[Any]:
    """All of the marked ones, since the chart shows them; there are few."""
    change, person = (one.__table__.c for one in (Change, Person))
    return (
        select(change.made_at, change.what, change.before, change.after, person.name)
        .select_from(Change.__table__)
        .outerjoin(Person.__table__, person.id == change.person_id)
        .where(change.measure_id == bindparam("of_measure"))
        .order_by(change.made_at.desc(), change.id.desc())
    )


@cache
def _sayings() -> Select[Any]:
    """Check-ins and comments, the newest first, each with how many there are in all, and whether
    any of them mentions the person, who has yet to see it."""
    check_in, comment, mention, person = (
        one.__table__.c for one in (CheckIn, Comment, Mention, Person)
    )
    of_check_ins = select(
        literal(CHECK_IN).label("kind"),
        check_in.id,
        check_in.person_id,
        check_in.made_at,
        check_in.note.label("text"),
        check_in.edited_at,
        check_in.value,
        check_in.confidence,
        check_in.override,
    ).where(check_in.measure_id == bindparam("of_measure"))
    of_comments = select(
        literal(COMMENT),
        comment.id,
        comment.person_id,
        comment.made_at,
        comment.text,
        comment.edited_at,
        null(),
        null(),
        null(),
    ).where(comment.measure_id == bindparam("of_measure"))
    found = union_all(of_check_ins, of_comments).subquery()
    said = found.c
    unseen = exists().where(
        mention.person_id == bindparam("of_person"),
        mention.measure_id == bindparam("of_measure"),
        mention.seen_at.is_(None),
    )
    return (
        select(
            said.kind,
            said.id,
            said.person_id,
            person.name,
            said.made_at,
            said.text,
            said.edited_at,
            said.value,
            said.confidence,
            said.override,
            func.count().over().label("in_all"),
            unseen.label("has_unseen"),
        )
        .select_from(found)
        .join(Person.__table__, person.id == said.person_id)
        .order_by(said.made_at.desc(), said.kind, said.id.desc())
        .limit(bindparam("most"))
    )
