"""Where the recent pace leads, by exact arithmetic, and when nothing is said."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.okrs.forecast import Forecast, forecast
from app.okrs.forecast_words import Wording, forecast_words
from tests.okrs.items import FIRST_DAY, LAST_DAY, TODAY

CARDS = Wording("20 cards", noun="card")


def values(*figures: float, every: int = 1, until: date = TODAY) -> dict[date, Fraction]:
    """Figures of days that end with `until`, so many days apart."""
    first = until - timedelta(days=every * (len(figures) - 1))
    return {
        first + timedelta(days=every * place): Fraction(str(figure))
        for place, figure in enumerate(figures)
    }


def ahead(
    known: Mapping[date, Fraction],
    target: int = 20,
    today: date = TODAY,
    known_until: date | None = None,
    days: tuple[date, date] = (FIRST_DAY, LAST_DAY),
    is_decrease: bool = False,
) -> Forecast | None:
    until = known_until or today
    return forecast(known, Fraction(target), days, today, until, is_decrease)


def sure(found: Forecast | None) -> Forecast:
    assert found is not None
    return found


def test_a_steady_pace_needs_no_range() -> None:
    found = sure(ahead(values(*range(15), every=2), target=24))
    assert (found.since, found.known_until, found.days) == (date(2026, 1, 23), TODAY, 28)
    assert found.pace == Fraction(1, 2)
    # Ten are lacking, at one every other day.
    assert found.finish == TODAY + timedelta(days=20)
    assert found.needed == Fraction(10, 50)


def test_a_pace_that_is_the_same_every_day_is_one_day_exactly() -> None:
    found = sure(ahead(values(*range(29)), target=38))
    assert found.slow == found.pace == found.quick == 1
    assert forecast_words(found, replace(CARDS, goal="38 cards")) == (
        "At the pace of the last 4 weeks (7 cards a week) it would reach 38 cards about 2 Mar. "
        "To reach it by 11 Apr it needs 1.4 cards a week."
    )


def test_a_varying_pace_has_a_range() -> None:
    # None in the first two weeks, then one a day.
    found = sure(ahead(values(*[0] * 14, *range(15)), target=28))
    assert found.pace == Fraction(1, 2)
    assert found.slow < found.pace < found.quick
    assert forecast_words(found, replace(CARDS, goal="28 cards")) == (
        "At the pace of the last 4 weeks (3.5 cards a week) it would reach 28 cards about 20 Mar, "
        f"between {found.earliest:%-d %b} and {found.latest:%-d %b}. "
        "To reach it by 11 Apr it needs 2 cards a week."
    )


def test_days_without_a_reading_hold_the_value_before() -> None:
    sparse = {TODAY - timedelta(days=after): Fraction(9 - after // 4) for after in (28, 16, 8)}
    dense = {
        day: max(((known, value) for known, value in sparse.items() if known <= day))[1]
        for day in (TODAY - timedelta(days=after) for after in range(29))
    }
    assert ahead(sparse) == ahead(dense)


def test_only_the_last_four_weeks_count() -> None:
    recent = values(*range(29))
    before = {TODAY - timedelta(days=after): Fraction(1000) for after in range(29, 60)}
    assert ahead(recent, target=40) == ahead(before | recent, target=40)


def test_of_a_short_item_a_third_counts() -> None:
    days = (TODAY - timedelta(days=20), TODAY + timedelta(days=15))
    assert sure(ahead(values(*range(20)), target=40, days=days)).days == 12
    brief = (TODAY - timedelta(days=9), TODAY + timedelta(days=3))
    assert sure(ahead(values(*range(20)), target=40, days=brief)).days == 7


def test_a_decrease_runs_the_other_way() -> None:
    known = values(*range(58, 29, -1))
    found = sure(ahead(known, target=0, is_decrease=True))
    assert (found.pace, found.finish) == (1, TODAY + timedelta(days=30))
    assert forecast_words(found, Wording("0 bugs", "bugs")) == (
        "At the pace of the last 4 weeks (7 fewer bugs a week) it would reach 0 bugs about 22 Mar. "
        "To reach it by 11 Apr it needs 4.2 fewer bugs a week."
    )


@pytest.mark.parametrize(
    ("known", "options"),
    [
        ({}, {}),
        (values(5), {}),
        (values(1, 2, 3, 4, 5, 6, 7), {}),  # six days
        (values(*[5] * 29), {}),
        (values(*[5] * 20, *[6] * 9), {}),  # one change
        (values(*range(29)), {"target": 28}),  # met
        (values(*range(29)), {"target": 10}),
        (values(*range(29)), {"today": LAST_DAY, "target": 90}),
        (values(*range(29)), {"today": LAST_DAY + timedelta(days=1), "target": 90}),
        (values(*range(29)), {"today": FIRST_DAY - timedelta(days=1), "target": 90}),
        (
            values(1, 5, 9, every=7, until=TODAY - timedelta(days=15)),
            {"known_until": TODAY - timedelta(days=15)},
        ),
        ({TODAY + timedelta(days=1): Fraction(1)}, {}),
        (
            values(*range(29), until=FIRST_DAY - timedelta(days=1)),
            {"today": FIRST_DAY, "known_until": FIRST_DAY - timedelta(days=1), "target": 90},
        ),
    ],
)
def test_nothing_is_said_of_too_little(
    known: dict[date, Fraction], options: dict[str, int]
) -> None:
    assert ahead(known, **options) is None


def test_a_week_and_two_changes_are_enough() -> None:
    assert ahead(values(1, 1, 2, 2, 2, 3, 3, 3)) is not None


def test_weekly_check_ins_are_enough_and_tell_nothing_of_the_days_after() -> None:
    last = TODAY - timedelta(days=3)
    found = sure(ahead(values(1, 3, 5, every=7, until=last), known_until=last))
    assert (found.days, found.known_until, found.pace) == (14, last, Fraction(2, 7))
    assert found.finish == last + timedelta(days=53)


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        (
            [9, 8, 8, 8, 8, 8, 8, 7],
            "At the pace of the last 7 days it would not reach 20 cards. "
            "To reach it by 11 Apr it needs 1.9 cards a week.",
        ),
        (
            [7, 8, 8, 8, 8, 8, 8, 7],
            "At the pace of the last 7 days it would not reach 20 cards. "
            "To reach it by 11 Apr it needs 1.9 cards a week.",
        ),
        (
            [0, 0, 0, 0, 0, 0.1, 0.1, 0.2],
            "At the pace of the last 7 days (0.2 cards a week) it would take more than a year "
            "to reach 20 cards. To reach it by 11 Apr it needs 2.8 cards a week.",
        ),
        (
            [*[2] * 18, 3, 2, 2, 3, 4, 6],
            "At the pace of the last 23 days (1.2 cards a week) it would reach 20 cards about "
            "12 May or later. To reach it by 11 Apr it needs 2 cards a week.",
        ),
        (
            [*[2] * 13, 10, *[9] * 15],
            "At the pace of the last 4 weeks (1.8 cards a week) it would reach 20 cards about "
            "5 Apr, 13 Mar at the earliest. To reach it by 11 Apr it needs 1.6 cards a week.",
        ),
    ],
)
def test_a_pace_that_does_not_lead_there_says_so(figures: list[float], sentence: str) -> None:
    assert forecast_words(sure(ahead(values(*figures))), CARDS) == sentence


@pytest.mark.parametrize(
    ("slow", "between"),
    [
        ("0.1", "about 21 Jan 2027, between 28 Dec and 19 Feb 2027."),
        ("0.19", "about 21 Jan 2027, between 28 Dec and 23 Jan 2027."),
    ],
)
def test_another_year_is_named(slow: str, between: str) -> None:
    found = Forecast(
        since=date(2026, 11, 25),
        known_until=date(2026, 12, 23),
        value=Fraction(0),
        target=Fraction(29, 5),
        last_day=date(2027, 2, 1),
        today=date(2026, 12, 23),
        pace=Fraction(1, 5),
        slow=Fraction(slow),
        quick=Fraction(29, 25),
    )
    assert between in forecast_words(found, CARDS)
    later = replace(found, quick=Fraction(29, 55))
    assert ", between 3 Jan and " in forecast_words(later, CARDS)


def test_in_the_last_week_days_are_counted() -> None:
    today = LAST_DAY - timedelta(days=3)
    found = sure(ahead(values(*range(15), until=today), today=today))
    assert forecast_words(found, CARDS).endswith(
        "To reach it by 11 Apr it needs 6 cards in 3 days."
    )
    tomorrow = LAST_DAY - timedelta(days=1)
    found = sure(ahead(values(*range(15), until=tomorrow), target=15, today=tomorrow))
    assert forecast_words(found, CARDS).endswith("it needs 1 card in 1 day.")


@pytest.mark.parametrize(
    ("wording", "value", "is_decrease", "text"),
    [
        (Wording("", noun="card"), "1", False, "1 card"),
        (Wording("", noun="card"), "2.5", True, "2.5 fewer cards"),
        (Wording("", unit="posts"), "2.5", False, "2.5 posts"),
        (Wording(""), "2.5", False, "2.5"),
        (Wording(""), "2.5", True, "2.5 less"),
        (Wording("", unit="%"), "1", False, "1 point"),
        (Wording("", unit="%"), "3", True, "3 fewer points"),
        (Wording("", unit="€"), "1200", True, "1,200 € less"),
        (Wording("", noun="card"), "0.03333", False, "0.033 cards"),
    ],
)
def test_amounts_in_words(wording: Wording, value: str, is_decrease: bool, text: str) -> None:
    assert wording.amount(Fraction(value), is_decrease) == text


figures_ = st.lists(st.integers(0, 60), min_size=1, max_size=60)


@given(figures_, st.integers(-10, 70), st.integers(0, 99), st.booleans())
def test_the_likely_pace_lies_in_the_range_and_the_needed_one_suffices(
    figures: list[int], target: int, day: int, is_decrease: bool
) -> None:
    today = FIRST_DAY + timedelta(days=day)
    found = ahead(values(*figures, until=today), target, today, is_decrease=is_decrease)
    if found is None:
        return
    assert found.slow <= found.pace <= found.quick
    assert found.is_decrease is is_decrease
    left = Fraction((LAST_DAY - today).days)
    assert found.value_after(left, found.needed) == target
    for pace in (found.slow, found.pace, found.quick):
        reached = found.reached_at(pace)
        if reached is not None:
            days = Fraction((reached - today).days)
            way = -1 if is_decrease else 1
            assert (found.value_after(days, pace) - target) * way >= 0
            assert days == 1 or (found.value_after(days - 1, pace) - target) * way < 0


@given(figures_, st.integers(1, 1000))
def test_values_upside_down_lead_as_far(figures: list[int], target: int) -> None:
    up = ahead(values(*figures), target)
    down = ahead(
        {day: -value for day, value in values(*figures).items()}, -target, is_decrease=True
    )
    assert (up is None) is (down is None)
    if up is not None and down is not None:
        assert (up.slow, up.pace, up.quick) == (down.slow, down.pace, down.quick)


@given(st.integers(0, 50), st.integers(1, 60))
def test_equal_readings_say_nothing(value: int, count: int) -> None:
    assert ahead(values(*[value] * count), target=100) is None
