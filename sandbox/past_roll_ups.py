"""What a sample objective came to over the quarter, as settling would have stored it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import utcnow
from app.okrs.models import Measure, Objective, Reading
from app.okrs.rollup.contributions import Part, roll_up
from app.okrs.rollup.settling import note_change_of_figure
from app.okrs.standing import progress_of, value_of

_EVERY = timedelta(days=3)


def roll_up_the_past(
    session: Session, objective: Objective, begun: datetime, aligned: Sequence[Objective] = ()
) -> None:
    """Readings of the objective up to now, from those of its key results and of what is aligned
    under it; the last is settled."""
    session.flush()  # what they count is written past the objects
    measures = [one.measure for one in (*objective.key_results, *aligned)]
    for measure in measures:
        session.refresh(measure)
    moment, now = begun + _EVERY, utcnow()
    while moment < now:
        elapsed = Fraction((moment - begun) / (now - begun)).limit_denominator(1000)
        parts = [Part(one.id, _progress(session, one, moment, elapsed)) for one in measures]
        came_to = roll_up(parts).progress
        session.add(Reading(measure=objective.measure, series=1, taken_at=moment, value=came_to))
        moment += _EVERY
    note_change_of_figure(session, [objective.measure_id])


def _progress(session: Session, measure: Measure, moment: datetime, elapsed: Fraction) -> Fraction:
    """By the last check-in until then; what is counted is taken to have come evenly."""
    if measure.sources:
        return progress_of(measure, value_of(measure)) * elapsed
    query = select(Reading.value).where(Reading.measure_id == measure.id)
    last = query.where(Reading.taken_at <= moment).order_by(Reading.taken_at.desc()).limit(1)
    value = session.scalar(last)
    return progress_of(measure, measure.start_value if value is None else value)
