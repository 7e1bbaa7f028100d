"""What would bring an item back on track, by exact arithmetic."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sqlalchemy import select

from app.accounts.models import Person, Workspace
from app.db import db
from app.okrs.models import KPI, PERCENT, ROLL_UP, Cycle, KeyResult, Measure, SourceVersion
from app.okrs.readings import record_reading
from app.okrs.remedy import Remedy, completed_lacking, remedy_for, step_of, value_at
from app.okrs.standing import (
    BEHIND,
    NOT_STARTED,
    ON_TRACK,
    Goal,
    Standing,
    Thresholds,
    standing_at,
    status_for,
)
from tests.okrs.abacus import Abacus, AbacusSource
from tests.okrs.items import FIRST_DAY, LAST_DAY, TODAY, make_key_result, make_measure
from tests.okrs.items import make_objective as make_item
from tests.support.client import Client

ITEM_DAYS = (FIRST_DAY, LAST_DAY)


def kpi(start: str, target: str, unit: str = "") -> Measure:
    return make_measure(KPI, start_value=start, target_value=target, unit=unit)


def percent(completed: int | None = None, matching: int | None = None) -> Measure:
    return make_measure(
        PERCENT,
        start_value=0,
        target_value=100,
        unit="",
        completed_count=completed,
        matching_count=matching,
    )


def standing(measure: Measure, value: Fraction, thresholds: Thresholds) -> Standing:
    return standing_at(value, Goal.of(measure), ITEM_DAYS, TODAY, thresholds)


def said(
    measure: Measure, value: str, noun: str | None = None, behind_above: str = "0"
) -> str | None:
    thresholds = Thresholds(Fraction(behind_above))
    found = remedy_for(measure, standing(measure, Fraction(value), thresholds), thresholds, noun)
    return found and found.text


# Half of the days are over: 50 % is expected.
@pytest.mark.parametrize(
    ("measure", "value", "noun", "sentence"),
    [
        (kpi("0", "20"), "7", "card", "3 more cards would bring it back on track."),
        (kpi("0", "20"), "9", "card", "1 more card would bring it back on track."),
        (kpi("0", "20", "posts"), "9", "card", "1 more card would bring it back on track."),
        (kpi("0", "25"), "7", "card", "6 more cards would bring it back on track."),
        (kpi("0", "5000"), "1", "card", "2,499 more cards would bring it back on track."),
        (kpi("30", "0"), "19", "card", "4 fewer cards would bring it back on track."),
        (kpi("30", "0"), "16", "card", "1 fewer card would bring it back on track."),
        (kpi("0", "20", "posts"), "7", None, "3 more posts would bring it back on track."),
        (kpi("0", "20", "posts"), "9", None, "1 more would bring it back on track."),
        (kpi("0", "20"), "7", None, "3 more would bring it back on track."),
        (kpi("30", "0", "bugs"), "19", None, "4 fewer bugs would bring it back on track."),
        (kpi("0.1", "0.35"), "0.2", None, "0.03 more would bring it back on track."),
        (kpi("0", "2", "hours"), "0.5", None, "0.5 more hours would bring it back on track."),
        (kpi("0", "2000", "€"), "700", None, "It would be back on track at 1,000 €."),
        (kpi("8", "2", "%"), "7.5", None, "It would be back on track at 5 %."),
    ],
)
def test_a_kpi_says_how_many_more_or_fewer(
    measure: Measure, value: str, noun: str | None, sentence: str
) -> None:
    assert said(measure, value, noun) == sentence


def test_a_percentage_says_how_many_more_of_the_matching() -> None:
    assert said(percent(3, 10), "30", "card") == (
        "2 more completed cards would bring it back on track."
    )
    assert said(percent(4, 9), "44.4", "card") == (
        "1 more completed card would bring it back on track."
    )


def test_a_percentage_by_hand_says_the_value() -> None:
    assert said(percent(), "38") == "It would be back on track at 50 %."
    assert said(percent(), "20", "card") == "It would be back on track at 50 %."


def test_the_workspaces_threshold_counts() -> None:
    assert said(kpi("0", "20"), "7", "card", behind_above="10") == (
        "1 more card would bring it back on track."
    )
    assert said(kpi("0", "20"), "8", "card", behind_above="10") is None


def test_nothing_is_said_where_nothing_could_bring_it() -> None:
    assert said(percent(0, 0), "0", "card") is None
    assert said(kpi("-5", "-25"), "3", "card") is None  # there are no fewer cards than none


def test_nothing_is_said_where_nothing_is_needed() -> None:
    fine, none = Thresholds(), standing(kpi("0", "20"), Fraction(5), Thresholds())
    for other in (
        replace(none, status=NOT_STARTED),
        replace(none, status=ON_TRACK),
        replace(none, status="closed"),
        replace(none, status="postponed"),
        replace(none, status=BEHIND, is_target_met=True),
    ):
        assert remedy_for(kpi("0", "20"), other, fine, "card") is None
    assert remedy_for(make_measure(ROLL_UP), none, fine, None) is None


typed = st.integers(-200_000, 200_000).map(lambda one: Fraction(one, 100))
thresholds_ = st.integers(0, 60).map(lambda one: Thresholds(Fraction(one), Fraction(80)))
expected_ = st.integers(0, 184).map(lambda day: Fraction(day * 100, 184))


def status_of(
    measure: Measure, value: Fraction, expected: Fraction, thresholds: Thresholds
) -> Standing:
    progress = (value - measure.start_value) / (measure.target_value - measure.start_value) * 100
    status = status_for(expected - progress, thresholds)
    return Standing(status, progress, expected, value, is_target_met=progress >= 100)


def amount_of(remedy: Remedy) -> Fraction:
    return Fraction(remedy.amount.split()[0].replace(",", ""))


@given(typed, typed, typed, expected_, thresholds_, st.booleans())
@example(Fraction(0), Fraction(20), Fraction(7), Fraction(50), Thresholds(), True)
@example(Fraction(30), Fraction(0), Fraction(19), Fraction(50), Thresholds(), True)
def test_a_kpis_remedy_suffices_and_one_less_does_not(
    start: Fraction,
    target: Fraction,
    value: Fraction,
    expected: Fraction,
    thresholds: Thresholds,
    is_counted: bool,
) -> None:
    assume(start != target)
    if is_counted:
        value = Fraction(abs(int(value)))
    measure = Measure(kind=KPI, start_value=start, target_value=target, unit="")
    before = status_of(measure, value, expected, thresholds)
    remedy = remedy_for(measure, before, thresholds, "card" if is_counted else None)
    if before.status == ON_TRACK:
        assert remedy is None
        return
    step = Fraction(1) if is_counted else step_of(measure, value)
    way = 1 if target > start else -1
    if remedy is None:
        assert is_counted and way < 0
        assert status_of(measure, Fraction(0), expected, thresholds).status != ON_TRACK
        return
    after = value + way * amount_of(remedy)
    assert status_of(measure, after, expected, thresholds).status == ON_TRACK
    assert status_of(measure, after - way * step, expected, thresholds).status != ON_TRACK


@given(st.integers(0, 400), st.integers(0, 400), expected_, thresholds_)
def test_a_percentages_remedy_suffices_and_one_less_does_not(
    one: int, other: int, expected: Fraction, thresholds: Thresholds
) -> None:
    completed, matching = sorted((one, other))
    measure = percent(completed, matching)
    share = Fraction(completed * 100, matching) if matching else Fraction(0)
    before = status_of(measure, share, expected, thresholds)
    remedy = remedy_for(measure, before, thresholds, "card")
    if before.status == ON_TRACK or not matching:
        assert remedy is None
        return
    assert remedy is not None  # all of them completed are always enough
    after = completed + int(amount_of(remedy))
    assert after <= matching
    for count, is_enough in ((after, True), (after - 1, False)):
        then = status_of(measure, Fraction(count * 100, matching), expected, thresholds)
        assert (then.status == ON_TRACK) is is_enough


@given(st.integers(-1000, 1000).map(lambda one: Fraction(one, 7)), expected_, thresholds_)
def test_a_percentage_said_suffices_and_a_tenth_less_does_not(
    value: Fraction, expected: Fraction, thresholds: Thresholds
) -> None:
    measure = percent()
    remedy = remedy_for(measure, status_of(measure, value, expected, thresholds), thresholds, None)
    if remedy is None:
        assert status_of(measure, value, expected, thresholds).status == ON_TRACK
        return
    shown = amount_of(remedy)
    assert status_of(measure, shown, expected, thresholds).status == ON_TRACK
    less = shown - Fraction(1, 10)
    assert status_of(measure, less, expected, thresholds).status != ON_TRACK


def test_the_parts_of_the_arithmetic() -> None:
    assert value_at(kpi("10", "30"), Fraction(25)) == 15
    assert completed_lacking(3, 10, Fraction(31)) == 1
    assert completed_lacking(3, 10, Fraction(30)) is None
    assert completed_lacking(3, 10, Fraction(101)) is None


def test_the_item_page_says_it(client: Client, bob: Person, cycle: Cycle, abacus: Abacus) -> None:
    key_result = counted_key_result(bob, cycle, beads=7)
    client.sign_in(bob)
    say = client.page(f"/key-results/{key_result.id}").one(".say")
    assert say.text == "Behind by 15 points. 3 more beads would bring it back on track."
    assert say.one("strong").text == "3 more beads"
    db.session.scalars(select(Workspace)).one().behind_above = Fraction(10)
    db.session.commit()
    say = client.page(f"/key-results/{key_result.id}").one(".say")
    assert say.text == "Behind by 15 points. 1 more bead would bring it back on track."


def counted_key_result(bob: Person, cycle: Cycle, beads: int) -> KeyResult:
    key_result = make_key_result(make_item(bob, cycle), bob)
    measure = key_result.measure
    source = AbacusSource(measure=measure, linked_by_id=bob.id)
    version = SourceVersion(definition={"beads": str(beads)})
    source.versions.append(version)
    db.session.add(source)
    db.session.flush()
    taken_at = key_result.created_at - timedelta(days=1)
    record_reading(measure, taken_at, Fraction(beads), beads, 0, version, None)
    db.session.commit()
    return key_result
