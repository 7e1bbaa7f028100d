"""Shares and the figure that they lead to: the rules of the product, each worked out by hand."""

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.okrs.models import CLOSED, POSTPONED
from app.okrs.rollup.contributions import Part, as_fixed, contributions, mean, roll_up, shares

Typed = str | int | None


def exact(*typed: Typed) -> list[Fraction | None]:
    return [None if one is None else Fraction(one) for one in typed]


@pytest.mark.parametrize(
    ("rule", "fixed", "wanted"),
    [
        ("nothing there", [], []),
        ("one alone", [None], [100]),
        ("equal at first", [None, None], [50, 50]),
        ("equal, exactly", [None] * 3, ["100/3"] * 3),
        ("a fixed one stays, one other has the rest", [70, None], [70, 30]),
        ("a fixed one stays, the others rebalance", [70, None, None], [70, 15, 15]),
        ("and again as one more comes", [70, None, None, None], [70, 10, 10, 10]),
        ("two fixed", [50, None, 20, None], [50, 15, 20, 15]),
        ("with no free share left a newcomer gets 0 %", [60, 40, None], [60, 40, 0]),
        ("and so do two", [60, 40, None, None], [60, 40, 0, 0]),
        ("one left of three fixed: scaled to 100", [50, 30], ["125/2", "75/2"]),
        ("the last one left has all", [20], [100]),
        ("0 % is allowed", [0, None], [0, 100]),
        ("0 % beside fixed ones", [0, 100], [0, 100]),
        ("0 % stays 0 when the others are scaled", [0, 40, 40], [0, 50, 50]),
        ("all at 0 % are as if nothing were there", [0, 0], [0, 0]),
        ("one came back, so there are more than 100: scaled", [60, 60], [50, 50]),
        ("and the free one gets nothing", [80, 80, None], [50, 50, 0]),
        ("decimals", ["33.33", None, None], ["33.33", "33.335", "33.335"]),
    ],
)
def test_shares_by_the_rules(rule: str, fixed: list[Typed], wanted: list[Typed]) -> None:
    assert shares(exact(*fixed)) == exact(*wanted), rule


def part(progress: Typed, share: Typed = None, ended_as: str | None = None) -> Part:
    return Part(0, *exact(progress), *exact(share), ended_as)


@pytest.mark.parametrize(
    ("rule", "parts", "progress", "part_count", "ended_as"),
    [
        ("nothing there", [], 0, 0, None),
        ("the mean at first", [part(30), part(60)], 45, 2, None),
        ("thirds exactly", [part(10), part(0), part(0)], "10/3", 3, None),
        ("clamped above", [part(250), part(10)], 55, 2, None),
        ("clamped below", [part(-50), part(10)], 5, 2, None),
        ("weighted", [part(100, 70), part(0)], 70, 2, None),
        ("weighted, the others equal", [part(50, 40), part(100), part(0)], 50, 3, None),
        ("a newcomer gives nothing", [part(50, 100), part(100)], 50, 1, None),
        ("at 0 % it gives nothing", [part(100, 0), part(20)], 20, 1, None),
        ("all at 0 %", [part(100, 0), part(100, 0)], 0, 0, None),
        (
            "closed ones count with what they closed with",
            [part(80, None, CLOSED), part(0)],
            40,
            2,
            None,
        ),
        ("postponed ones are left out", [part(100, None, POSTPONED), part(20)], 20, 1, None),
        (
            "and their share is spread",
            [part(100, 50, POSTPONED), part(20, 25), part(60, 25)],
            40,
            2,
            None,
        ),
        (
            "over the free ones first",
            [part(100, 50, POSTPONED), part(20, 40), part(60)],
            44,
            2,
            None,
        ),
        ("all closed", [part(80, None, CLOSED), part(60, None, CLOSED)], 70, 2, CLOSED),
        ("all postponed", [part(80, None, POSTPONED)], 0, 0, POSTPONED),
        ("mixed", [part(80, None, CLOSED), part(60, None, POSTPONED)], 80, 1, CLOSED),
        ("one still runs", [part(80, None, CLOSED), part(60)], 70, 2, None),
        ("one still runs at 0 %", [part(80, None, CLOSED), part(60, 0)], 80, 1, None),
    ],
)
def test_a_roll_up_by_the_rules(
    rule: str, parts: Sequence[Part], progress: Typed, part_count: int, ended_as: str | None
) -> None:
    found = roll_up(parts)
    assert [found.progress] == exact(progress), rule
    assert (found.part_count, found.ended_as) == (part_count, ended_as), rule


def test_what_a_part_gives_is_told_in_points() -> None:
    given = contributions([part(250, 20), part(50)])
    assert [(one.share, one.gives) for one in given] == [(20, 20), (80, 40)]


def test_the_plain_mean() -> None:
    assert mean(exact(250, -50, 10)) == Fraction(110, 3)  # type: ignore[arg-type]
    assert mean([]) is None


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["125/2", "75/2"], ["62.5", "37.5"]),
        (["100/3"] * 3, ["33.333333", "33.333333", "33.333334"]),
        (["100/3", "200/3", 0], ["33.333333", "66.666667", 0]),
        ([0, 0], [0, 0]),
        ([], []),
    ],
)
def test_shares_as_people_type_them_still_sum_to_100(
    given: list[Typed], wanted: list[Typed]
) -> None:
    assert as_fixed([one for one in exact(*given) if one is not None]) == exact(*wanted)


fixed = st.none() | st.fractions(min_value=0, max_value=100, max_denominator=1000)
progresses = st.fractions(min_value=-200, max_value=300, max_denominator=1000)


@given(st.lists(fixed, max_size=9))
def test_shares_sum_to_100_or_all_are_0(typed: list[Fraction | None]) -> None:
    found = shares(typed)
    assert sum(found) == (100 if any(found) else 0)
    assert all(0 <= one <= 100 for one in found)
    assert any(found) is any(one != 0 for one in typed)
    kept = [one for one in typed if one is not None]
    if None in typed and sum(kept) <= 100:
        assert [one for one, was in zip(found, typed, strict=True) if was is not None] == kept
    assert sum(as_fixed(found)) == sum(found)


@given(st.lists(st.tuples(progresses, fixed), min_size=1, max_size=8), progresses)
def test_a_roll_up_stays_between_0_and_100_and_rises_with_its_parts(
    parts: list[tuple[Fraction, Fraction | None]], rise: Fraction
) -> None:
    before = [Part(0, progress, share) for progress, share in parts]
    after = [Part(0, parts[0][0] + abs(rise), parts[0][1]), *before[1:]]
    assert 0 <= roll_up(before).progress <= roll_up(after).progress <= 100
