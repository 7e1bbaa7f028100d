"""Figures as people type and read them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.okrs.figures import (
    figure_text,
    goal_words,
    measure_words,
    parse_figure,
    short_words,
    value_words,
)
from app.okrs.models import KPI, PERCENT
from tests.okrs.items import make_measure


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", "20"),
        ("1,200.5", "1200.5"),
        ("1 200", "1200"),
        ("1\u202f200,000".replace(",", "\u00a0"), "1200000"),
        ("12,345,678", "12345678"),
        ("-3", "-3"),
        ("\u22123", "-3"),
        ("+0.000001", "0.000001"),
        (" 5. ", "5"),
        ("007", "7"),
        ("999999999999999.999999", "999999999999999.999999"),
    ],
)
def test_numbers_are_read_exactly(text: str, value: str) -> None:
    assert parse_figure(text) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1,2,3x", "Write a number, such as 20 or 1,200.5."),
        ("twenty", "Write a number, such as 20 or 1,200.5."),
        ("1/3", "Write a number, such as 20 or 1,200.5."),
        ("1e5", "Write a number, such as 20 or 1,200.5."),
        ("٣", "Write a number, such as 20 or 1,200.5."),
        (".5", "Write a number, such as 20 or 1,200.5."),
        ("--1", "Write a number, such as 20 or 1,200.5."),
        ("nan", "Write a number, such as 20 or 1,200.5."),
        ("1,5", "Write decimals with a point, as in 1,200.5."),
        ("1.200,5", "Write decimals with a point, as in 1,200.5."),
        ("12,34", "Write decimals with a point, as in 1,200.5."),
        ("1234567890123456", "Write at most 15 digits before the point."),
        ("9" * 5000, "Write at most 15 digits before the point."),
        ("0.1234567", "Write at most 6 digits after the point."),
    ],
)
def test_what_is_no_number_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_figure(text)
    assert str(error.value) == sentence


@given(st.integers(-(10**21) + 1, 10**21 - 1))
def test_a_figure_comes_back_as_it_was_shown(millionths: int) -> None:
    value = Fraction(millionths, 10**6)
    assert parse_figure(figure_text(value)) == value


def test_words() -> None:
    rising = make_measure(KPI, start_value=0, target_value=20, unit="posts")
    falling = make_measure(KPI, start_value=30, target_value=0, unit="")
    share = make_measure(PERCENT)
    assert goal_words(rising, Fraction(9)) == "9 of 20 posts"
    assert goal_words(falling, Fraction(12)) == "12, from 30 to 0"
    assert goal_words(share, Fraction(100, 3)) == "33.3 %"
    assert measure_words(rising) == "KPI, 0 to 20 posts"
    assert measure_words(share) == "Percent complete"
    assert short_words(rising, Fraction(9)) == "9 of 20 posts"
    assert short_words(falling, Fraction(12)) == "12 → 0"
    vast = make_measure(KPI, start_value=10**12, target_value=25 * 10**11, unit="euros")
    assert short_words(vast, Fraction("1434567890123.45")) == "1.43 tn → 2.5 tn euros"
    assert short_words(vast, Fraction(999_999_999)) == "999,999,999 → 2.5 tn euros"
    assert short_words(share, Fraction(30)) == ""
    share.completed_count, share.matching_count = 3, 1000
    assert short_words(share, Fraction(3, 10)) == "3 of 1,000"


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("posts", "1 post"),
        ("pieces", "1 piece"),
        ("boxes", "1 box"),
        ("replies", "1 replies"),
        ("NPS", "1 NPS"),
        ("kg", "1 kg"),
        ("s", "1 s"),
        ("bonus", "1 bonus"),
        ("of 100", "1 of 100"),
        ("", "1"),
    ],
)
def test_one_of_a_unit_is_said_in_the_singular(unit: str, said: str) -> None:
    measure = make_measure(KPI, start_value=0, target_value=20, unit=unit)
    assert value_words(measure, Fraction(1)) == said
    assert value_words(measure, Fraction(2)) == f"2 {unit}".rstrip()
    assert goal_words(measure, Fraction(1)) == f"1 of 20 {unit}".rstrip()


def test_a_target_of_one_is_said_in_the_singular() -> None:
    falling = make_measure(KPI, start_value=3, target_value=1, unit="bugs")
    assert short_words(falling, Fraction(2)) == "2 → 1 bug"
    assert measure_words(falling) == "KPI, 3 to 1 bug"
