"""A value given by hand in spite of a source: what is shown, and what is counted beside it.

The tables were worked out by hand from the rules: for once, until the automatic value next changes;
or until someone resumes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.changes import end_source, remeasure
from app.okrs.models import (
    KPI,
    ONCE,
    PERCENT,
    UNTIL_RESUMED,
    CheckIn,
    KeyResult,
    Measure,
    Reading,
    SourceVersion,
)
from app.okrs.readings import Counted, record_changes, record_check_in, record_reading
from tests.okrs.abacus import AbacusSource
from tests.okrs.items import make_measure

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
Step = tuple[str, int]
"""Counted this many, or given this value by hand: once or until resumed."""

SEQUENCES = [
    # steps; the value shown then, the override, the automatic value
    ([("count", 5)], "5", None, None),
    ([("count", 5), (ONCE, 7)], "7", ONCE, "5"),
    ([("count", 5), (ONCE, 7), ("count", 5)], "7", ONCE, "5"),
    ([("count", 5), (ONCE, 7), ("count", 6)], "6", None, None),
    ([("count", 5), (ONCE, 7), ("count", 6), ("count", 5)], "5", None, None),
    ([("count", 5), (ONCE, 7), ("count", 7)], "7", None, None),
    ([("count", 5), (ONCE, 5), ("count", 6)], "6", None, None),
    ([("count", 5), (ONCE, 7), (ONCE, 8), ("count", 5)], "8", ONCE, "5"),
    ([("count", 5), (UNTIL_RESUMED, 7)], "7", UNTIL_RESUMED, "5"),
    ([("count", 5), (UNTIL_RESUMED, 7), ("count", 6)], "7", UNTIL_RESUMED, "6"),
    ([("count", 5), (UNTIL_RESUMED, 7), ("count", 6), ("count", 5)], "7", UNTIL_RESUMED, "5"),
    ([("count", 5), (UNTIL_RESUMED, 7), ("count", 6), (ONCE, 8)], "8", ONCE, "6"),
    ([("count", 5), (UNTIL_RESUMED, 7), (ONCE, 8), ("count", 6)], "6", None, None),
    ([("count", 5), (ONCE, 7), (UNTIL_RESUMED, 8), ("count", 6)], "8", UNTIL_RESUMED, "6"),
    # The source has yet to count: its first count is a change.
    ([(ONCE, 7)], "7", ONCE, None),
    ([(ONCE, 7), ("count", 5)], "5", None, None),
    ([(UNTIL_RESUMED, 7), ("count", 5)], "7", UNTIL_RESUMED, "5"),
]


@pytest.fixture
def source(key_result: KeyResult, bob: Person) -> AbacusSource:
    source = AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id)
    source.versions.append(SourceVersion(definition={}))
    db.session.add(source)
    db.session.commit()
    return source


def play(source: AbacusSource, bob: Person, steps: Sequence[Step], in_bulk: bool = False) -> None:
    """The steps, an hour apart, each committed."""
    for hours, (what, value) in enumerate(steps):
        moment = NOON + timedelta(hours=hours)
        measure = source.measure
        if what != "count":
            check_in = CheckIn(measure=measure, person_id=bob.id, made_at=moment)
            db.session.add(check_in)
            record_check_in(measure, check_in, Fraction(value), what)
        elif in_bulk:
            figures = (Fraction(value), value, 0)
            version = source.versions[-1].id
            counted = Counted(measure.id, measure.series, version, moment, figures, None)
            record_changes(db.session(), [counted])
        else:
            record_reading(measure, moment, Fraction(value), value, 0, source.versions[-1], None)
        db.session.commit()
        db.session.expire_all()


def beside() -> list[tuple[int, bool]]:
    """All readings in their order: the value, and whether it stands beside."""
    readings = db.session.scalars(select(Reading).order_by(Reading.taken_at, Reading.id))
    return [(int(one.value), one.is_beside) for one in readings]


@pytest.mark.both_databases
@pytest.mark.parametrize(("steps", "shown", "override", "automatic"), SEQUENCES)
@pytest.mark.parametrize("in_bulk", [False, True], ids=["one", "in bulk"])
def test_what_is_shown_and_what_is_counted_beside_it(
    source: AbacusSource,
    bob: Person,
    steps: Sequence[Step],
    shown: str,
    override: str | None,
    automatic: str | None,
    in_bulk: bool,
) -> None:
    play(source, bob, steps, in_bulk)
    measure = source.measure
    expected = None if automatic is None else Fraction(automatic)
    assert (measure.value, measure.override, measure.automatic_value) == (
        Fraction(shown),
        override,
        expected,
    )
    counts = [value for what, value in steps if what == "count"]
    assert measure.matching_count == (counts[-1] if counts else None)
    newest = db.session.scalars(
        select(Reading)
        .where(Reading.is_beside.is_(False))
        .order_by(Reading.taken_at.desc(), Reading.id.desc())
    ).first()
    assert newest is not None
    assert (newest.value, newest.taken_at) == (measure.value, measure.valued_at)


def test_what_is_counted_meanwhile_is_kept_beside_what_is_shown(
    source: AbacusSource, bob: Person
) -> None:
    play(source, bob, [("count", 5), (UNTIL_RESUMED, 7), ("count", 6), ("count", 6), ("count", 8)])
    assert beside() == [(5, False), (7, False), (6, True), (8, True)]


def test_a_count_that_ends_it_is_shown_and_those_before_are_not(
    source: AbacusSource, bob: Person
) -> None:
    measure, version = source.measure, source.versions[-1]
    play(source, bob, [("count", 5), (ONCE, 7)])
    later = NOON + timedelta(hours=5)
    record_reading(measure, later, Fraction(5), 9, 4, version, None)  # other cards, as many counted
    db.session.commit()
    assert (measure.value, measure.matching_count, measure.completed_count) == (7, 9, 4)
    record_reading(measure, later + timedelta(hours=1), Fraction(6), 9, 4, version, None)
    db.session.commit()
    assert beside() == [(5, False), (7, False), (5, True), (6, False)]


def test_another_kind_of_measure_ends_it(source: AbacusSource, bob: Person) -> None:
    play(source, bob, [("count", 5), (UNTIL_RESUMED, 7)])
    remeasure(source.measure, bob, make_measure(PERCENT, start_value=0, target_value=100, unit=""))
    db.session.commit()
    measure = source.measure
    assert (measure.value, measure.override, measure.automatic_value) == (None, None, None)
    version = source.versions[-1]
    record_reading(measure, NOON + timedelta(days=1), Fraction(40), 5, 2, version, None)
    assert measure.value == 40


def test_another_target_does_not_end_it(source: AbacusSource, bob: Person) -> None:
    play(source, bob, [("count", 5), (UNTIL_RESUMED, 7)])
    remeasure(source.measure, bob, make_measure(KPI, start_value=0, target_value=30, unit=""))
    assert source.measure.override == UNTIL_RESUMED


def test_without_its_source_the_value_by_hand_stays_as_any_other(
    source: AbacusSource, bob: Person
) -> None:
    play(source, bob, [("count", 5), (UNTIL_RESUMED, 7)])
    end_source(source.measure, bob, "Abacus")
    db.session.commit()
    measure = db.session.get_one(Measure, source.measure_id, populate_existing=True)
    assert (measure.value, measure.override, measure.automatic_value) == (7, None, None)
