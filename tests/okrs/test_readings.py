"""Readings by a source: kept when something changed, and the newest is the present value."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.loading import key_result_for, measure_for, objective_for
from app.okrs.models import KeyResult, Measure, Objective, Reading, SourceVersion
from app.okrs.readings import record_reading
from tests.okrs.abacus import AbacusSource

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def source(key_result: KeyResult, bob: Person) -> AbacusSource:
    source = AbacusSource(measure_id=key_result.measure_id, linked_by_id=bob.id)
    source.versions.append(SourceVersion(definition={}))
    db.session.add(source)
    db.session.commit()
    return source


def record(source: AbacusSource, hours: int, value: int, matching: int, completed: int) -> bool:
    reading = record_reading(
        source.measure,
        NOON + timedelta(hours=hours),
        Fraction(value),
        matching,
        completed,
        source.versions[-1],
        None,
    )
    db.session.commit()
    return reading is not None


def test_only_a_change_is_kept(source: AbacusSource) -> None:
    assert record(source, 0, 9, 9, 7)
    assert not record(source, 1, 9, 9, 7)
    assert record(source, 2, 9, 9, 8)
    assert record(source, 3, 10, 10, 8)
    assert record(source, 4, 9, 9, 8)
    measure = db.session.get_one(Measure, source.measure_id, populate_existing=True)
    assert (measure.value, measure.matching_count, measure.completed_count) == (9, 9, 8)
    assert measure.valued_at == NOON + timedelta(hours=4)


def test_new_criteria_with_the_same_figures_are_no_reading(source: AbacusSource) -> None:
    record(source, 0, 9, 9, 7)
    source.versions.append(SourceVersion(definition={"other": True}))
    db.session.commit()
    assert not record(source, 1, 9, 9, 7)


def test_a_new_series_begins_with_a_reading(source: AbacusSource) -> None:
    record(source, 0, 9, 9, 7)
    source.measure.series = 2
    assert record(source, 1, 9, 9, 7)
    series = db.session.scalars(select(Reading.series).order_by(Reading.id))
    assert list(series) == [1, 2]


def test_nothing_is_committed(source: AbacusSource) -> None:
    version = source.versions[-1]
    assert record_reading(source.measure, NOON, Fraction(1), 1, 0, version, None) is not None
    db.session.rollback()
    assert db.session.scalars(select(Reading)).all() == []


def test_loaders_give_the_item_behind_a_measure(
    bob: Person, carol: Person, objective: Objective, key_result: KeyResult
) -> None:
    assert objective_for(carol, objective.id).id == objective.id
    assert key_result_for(bob, key_result.id, to_edit=True).id == key_result.id
    for item in (objective, key_result):
        assert measure_for(carol, item.measure_id).item.id == item.id
