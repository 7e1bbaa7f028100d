"""Everything recorded of one measure, loaded in a number of statements that never grows."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.db import db
from app.okrs.integrations import Integration, PastPart, integration_named, integration_of
from app.okrs.models import Change, CheckIn, Measure, Reading, Source, SourceVersion

LONGEST = 50
"""Check-ins that are loaded, and entries on an item's page."""


@dataclass(frozen=True)
class TracedReading:
    """A reading, and the source and the integration that brought it; without one a person did."""

    reading: Reading
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
        return self.integration.evidence_url(self.source_id, self.reading.taken_at)


@dataclass(frozen=True)
class History:
    """What its page shows of everything recorded of one measure."""

    readings: list[TracedReading]
    """All of them, oldest first."""
    changes: list[Change]
    check_ins: list[CheckIn]
    check_in_count: int
    """In all; only the newest are loaded."""
    past: PastPart | None
    """What was rebuilt of the time before the link."""

    def newest(self, series: int) -> Reading | None:
        """The last reading of a series that was shown."""
        shown = (one.reading for one in reversed(self.readings) if not one.reading.is_beside)
        return next((one for one in shown if one.series == series), None)


def history_of(measure: Measure) -> History:
    """Three statements and those of the integration, however long the history is."""
    # Whose value stands in for what is counted; elsewhere nobody asks for it.
    given = joinedload(Reading.check_in).joinedload(CheckIn.person)
    readings = db.session.execute(
        select(Reading, Source.__table__.c.id, Source.__table__.c.integration)
        .outerjoin(SourceVersion, SourceVersion.id == Reading.source_version_id)
        .outerjoin(Source.__table__, Source.__table__.c.id == SourceVersion.source_id)
        .where(Reading.measure_id == measure.id)
        .order_by(Reading.taken_at, Reading.id)
        .options(*([given] if measure.override else []))
    )
    check_ins = db.session.execute(
        select(CheckIn, func.count().over())
        .where(CheckIn.measure_id == measure.id)
        .options(joinedload(CheckIn.person))
        .order_by(CheckIn.made_at.desc(), CheckIn.id.desc())
        .limit(LONGEST)
    ).all()
    # All of the marked ones, since the chart shows them; there are few.
    changes = db.session.scalars(
        select(Change)
        .where(Change.measure_id == measure.id)
        .options(joinedload(Change.person))
        .order_by(Change.made_at.desc(), Change.id.desc())
    )
    return History(
        readings=[TracedReading(*row) for row in readings],
        changes=list(changes),
        check_ins=[check_in for check_in, _ in check_ins],
        check_in_count=check_ins[0][1] if check_ins else 0,
        past=integration_of(measure.source).past(measure) if measure.source else None,
    )
