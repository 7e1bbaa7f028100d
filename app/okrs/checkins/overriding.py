"""Values given by hand in spite of a source: whose they are, and how they end."""

from dataclasses import dataclass
from datetime import datetime

from app.accounts.models import Person
from app.audit.log import record
from app.db import db, utcnow
from app.okrs.changes import OVERRIDE, note_change, record_of
from app.okrs.figures import value_words
from app.okrs.history import Saying
from app.okrs.loading import Item
from app.okrs.models import ONCE, Measure, Reading
from app.okrs.readings import end_override, make_present, newest_reading
from app.okrs.standing import value_of


@dataclass(frozen=True)
class ByHand:
    """Whose value stands in for what a source counts, since when, and for how long."""

    person: str
    given_at: datetime | None
    is_once: bool
    """True where it stays until the source counts something else."""


def by_hand(measure: Measure, given: Saying | None = None) -> ByHand | None:
    """None where the source brings the value, or there is none.

    `given` is the check-in of the last shown reading, for those who have it.
    """
    if measure.override is None or measure.source is None:
        return None
    is_once = measure.override == ONCE
    if given is not None:
        return ByHand(given.person_name, given.made_at, is_once)
    newest = newest_reading(measure)
    if newest is None or newest.check_in is None:
        # The source may just have counted, since the measure was read.
        return ByHand("someone", measure.valued_at, is_once)
    return ByHand(newest.check_in.person.name, newest.check_in.made_at, is_once)


def automatic_words(measure: Measure) -> str:
    """What the measure's source counts now: "12 posts"; empty where it has yet to count."""
    value = measure.automatic_value
    if measure.override is None and measure.source is not None:
        value = measure.value if measure.source.counted_at is not None else None
    return "" if value is None else value_words(measure, value)


def resume(item: Item, by: Person) -> bool:
    """Let the source bring the value again, beginning with what it counts now; False where it
    does already. The measure must be held. Commits nothing."""
    measure = item.measure
    if measure.override is None:
        return False
    before = value_words(measure, value_of(measure))
    counted = newest_reading(measure, by_source=True)
    if counted is None or measure.automatic_value is None:
        _keep_until_counted(measure)
    else:
        shown = Reading(
            measure=measure,
            series=measure.series,
            taken_at=utcnow(),
            value=measure.automatic_value,
            matching_count=measure.matching_count,
            completed_count=measure.completed_count,
            source_version_id=counted.source_version_id,
            evidence_id=counted.evidence_id,
        )
        db.session.add(shown)
        make_present(measure, shown)
    end_override(measure)
    after = value_words(measure, value_of(measure))
    note_change(measure, by, OVERRIDE, before, after)
    record("override.ended", *record_of(item), by=by, before=before, after=after)
    return True


def _keep_until_counted(measure: Measure) -> None:
    """Before the first count the value stays, as one that stands in for nothing."""
    given = newest_reading(measure)
    if given is not None and given.check_in is not None:
        given.check_in.override = None
