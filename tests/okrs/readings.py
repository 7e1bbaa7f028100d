"""Readings of past days, made directly, committed."""

from datetime import UTC, date, datetime, time
from fractions import Fraction

from app.db import db
from app.okrs.models import Measure, Reading
from app.okrs.rollup.settling import note_change_of_figure


def read(measure: Measure, day: date, value: int, at: time = time(12)) -> None:
    """Let the measure be read at this on a day, as its newest reading."""
    moment = datetime.combine(day, at, UTC)
    measure = db.session.merge(measure)
    db.session.add(
        Reading(
            measure_id=measure.id, series=measure.series, taken_at=moment, value=Fraction(value)
        )
    )
    measure.value, measure.valued_at = Fraction(value), moment
    note_change_of_figure(db.session(), [measure.id])
    db.session.commit()
