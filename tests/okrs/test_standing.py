"""Progress, expectation and status, exact at every edge."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.okrs.models import KPI, PERCENT, ROLL_UP, Cycle, KeyResult, Objective
from app.okrs.standing import (
    AT_RISK,
    BEHIND,
    NOT_STARTED,
    ON_TRACK,
    Goal,
    Thresholds,
    days_of,
    expected_on,
    standing_at,
    standing_of,
    status_for,
)
from tests.okrs.items import FIRST_DAY, LAST_DAY, TODAY, make_measure

DAYS = (FIRST_DAY, LAST_DAY)
USUAL = Thresholds()
PERCENTAGE = Goal(Fraction(0), Fraction(100))
fractions = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1))


def status(day: date, progress: str, thresholds: Thresholds = USUAL) -> str:
    value = Fraction(progress)
    return standing_at(value, PERCENTAGE, DAYS, day, thresholds).status


@pytest.mark.parametrize(
    ("day", "progress", "expected", "wanted"),
    [
        (date(2026, 1, 1), "0", 0, ON_TRACK),
        (date(2026, 1, 2), "0", 1, BEHIND),
        (date(2026, 2, 20), "50", 50, ON_TRACK),
        (date(2026, 2, 20), "49.9", 50, BEHIND),
        (date(2026, 2, 20), "25", 50, BEHIND),
        (date(2026, 2, 20), "24.9", 50, AT_RISK),
        (date(2026, 4, 11), "75", 100, BEHIND),
        (date(2026, 4, 11), "74.9", 100, AT_RISK),
        (date(2025, 12, 31), "0", 0, NOT_STARTED),
        (date(2025, 12, 31), "80", 0, NOT_STARTED),
        (date(2026, 4, 12), "99.999999", 100, BEHIND),
    ],
)
def test_the_table_of_the_product(day: date, progress: str, expected: int, wanted: str) -> None:
    assert expected_on(day, DAYS) == expected
    assert status(day, progress) == wanted


def test_thresholds_are_the_workspaces() -> None:
    strict = Thresholds(behind_above=Fraction(5), at_risk_above=Fraction(10))
    assert status(TODAY, "45", strict) == ON_TRACK
    assert status(TODAY, "44.999999", strict) == BEHIND
    assert status(TODAY, "39.999999", strict) == AT_RISK


def test_a_single_day_expects_everything_on_that_day() -> None:
    assert expected_on(TODAY, (TODAY, TODAY)) == 100
    assert expected_on(TODAY - timedelta(days=1), (TODAY, TODAY)) == 0


@pytest.mark.parametrize(
    ("value", "start", "target", "progress", "is_met"),
    [
        ("20", "15", "35", 25, False),
        ("9", "0", "20", 45, False),
        ("20", "0", "20", 100, True),
        ("25", "0", "20", 125, True),
        ("30", "30", "0", 0, False),
        ("6", "30", "0", 80, False),
        ("0", "30", "0", 100, True),
        ("36", "30", "0", -20, False),
        ("-1", "0", "-2", 50, False),
    ],
)
def test_a_kpi_is_judged_by_the_way_from_start_to_target(
    value: str, start: str, target: str, progress: int, is_met: bool
) -> None:
    goal = Goal(Fraction(start), Fraction(target))
    found = standing_at(Fraction(value), goal, DAYS, TODAY, USUAL)
    assert found.progress == progress
    assert found.is_target_met is is_met
    assert 0 <= found.clamped <= 100


def test_thirds_are_kept_exactly() -> None:
    found = standing_at(Fraction(1), Goal(Fraction(0), Fraction(3)), DAYS, TODAY, USUAL)
    assert found.progress == Fraction(100, 3)
    assert found.gap == 50 - Fraction(100, 3)


def an_objective(*key_results: KeyResult, kind: str = ROLL_UP) -> Objective:
    cycle = Cycle(name="Spring", starts_on=FIRST_DAY, ends_on=LAST_DAY)
    objective = Objective(title="People find us", cycle=cycle, measure=make_measure(kind))
    for one in key_results:
        one.objective = objective
    objective.measure.start_value, objective.measure.target_value = Fraction(0), Fraction(100)
    return objective


def a_key_result(value: str | None, start: int = 0, target: int = 100) -> KeyResult:
    kind = PERCENT if (start, target) == (0, 100) else KPI
    measure = make_measure(kind, start_value=start, target_value=target)
    measure.value = None if value is None else Fraction(value)
    return KeyResult(title="Publish", measure=measure)


def test_a_roll_up_stands_where_its_stored_progress_says() -> None:
    objective = an_objective()
    objective.measure.value, objective.measure.part_count = Fraction(110, 3), 3
    found = standing_of(objective, TODAY, USUAL)
    assert found.progress == found.value == Fraction(110, 3)
    assert (found.status, found.is_target_met) == (BEHIND, False)
    objective.measure.value = Fraction(100)
    found = standing_of(objective, TODAY, USUAL)
    assert (found.status, found.is_target_met) == (ON_TRACK, True)


def test_a_roll_up_of_nothing_has_not_started() -> None:
    found = standing_of(an_objective(), TODAY, USUAL)
    assert (found.status, found.progress, found.value) == (NOT_STARTED, 0, 0)
    assert found.expected == 50


def test_an_objective_with_a_measure_of_its_own_is_judged_by_that() -> None:
    objective = an_objective(a_key_result("100"), kind=PERCENT)
    objective.measure.value = Fraction(10)
    assert standing_of(objective, TODAY, USUAL).progress == 10


def test_before_the_first_reading_the_value_is_the_start() -> None:
    key_result = a_key_result(None, start=30, target=0)
    an_objective(key_result)
    found = standing_of(key_result, TODAY, USUAL)
    assert (found.value, found.progress) == (30, 0)


def test_own_days_go_before_those_of_the_cycle() -> None:
    key_result = a_key_result("50")
    objective = an_objective(key_result)
    objective.starts_on = date(2026, 2, 1)
    assert days_of(objective) == (date(2026, 2, 1), LAST_DAY)
    assert days_of(key_result) == (FIRST_DAY, LAST_DAY)
    key_result.ends_on = date(2026, 3, 1)
    assert days_of(key_result) == (FIRST_DAY, date(2026, 3, 1))
    key_result.starts_on, key_result.ends_on = date(2026, 5, 1), None
    assert days_of(key_result) == (date(2026, 5, 1), date(2026, 5, 1))


@given(days, days, days, days)
def test_expectation_never_falls(first: date, second: date, one: date, other: date) -> None:
    first, last = sorted((first, second))
    earlier, later = sorted((one, other))
    expected = [expected_on(day, (first, last)) for day in (earlier, later)]
    assert 0 <= expected[0] <= expected[1] <= 100
    assert expected_on(last, (first, last)) == 100
    assert expected_on(first, (first, last)) == (100 if first == last else 0)


@given(fractions, fractions, fractions)
def test_progress_is_0_at_the_start_and_100_at_the_target(
    start: Fraction, target: Fraction, share: Fraction
) -> None:
    if start == target:
        return
    goal = Goal(start, target)
    assert goal.progress(start) == 0
    assert goal.progress(target) == 100
    assert goal.progress(start + (target - start) * share) == share * 100


@given(fractions, fractions)
def test_less_gap_is_never_a_worse_status(one: Fraction, other: Fraction) -> None:
    order = [ON_TRACK, BEHIND, AT_RISK]
    small, large = sorted((one, other))
    assert order.index(status_for(small, USUAL)) <= order.index(status_for(large, USUAL))
    least = Fraction(1, 10**30)
    assert [status_for(gap, USUAL) for gap in (Fraction(0), least)] == [ON_TRACK, BEHIND]
    assert [status_for(gap, USUAL) for gap in (Fraction(25), 25 + least)] == [BEHIND, AT_RISK]
