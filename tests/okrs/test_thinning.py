"""Which readings of something long over stay: all that anything shown by days needs."""

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from app.okrs.history import TracedReading
from app.okrs.thinning import dispensable

FIRST_DAY = date(2026, 1, 1)
BEFORE = datetime(2026, 3, 1, tzinfo=UTC)


def at(day: int, hour: int, value: int = 5, month: int = 1, **values: Any) -> TracedReading:
    """A reading that a source brought."""
    return TracedReading(
        **{
            "id": (month * 100 + day) * 100 + hour,
            "series": 1,
            "taken_at": datetime(2026, month, day, hour, tzinfo=UTC),
            "value": Fraction(value),
            "matching_count": value,
            "completed_count": 0,
            "check_in_id": None,
            "is_beside": False,
            "source_id": 7,
            "integration_name": "abacus",
        }
        | values
    )


def by_hand(day: int, hour: int, value: int = 5) -> TracedReading:
    return at(day, hour, value, check_in_id=day, source_id=None, integration_name=None)


def gone(*readings: TracedReading, before: datetime = BEFORE) -> list[tuple[int, int]]:
    """The days and hours of those that nothing needs."""
    found = dispensable(readings, FIRST_DAY, before)
    return [(one.taken_at.day, one.taken_at.hour) for one in readings if one.id in found]


def test_of_each_day_the_last_stays() -> None:
    first = at(1, 1)
    assert gone(first, at(2, 1), at(2, 2), at(2, 3), at(3, 1), at(3, 2)) == [(2, 1), (2, 2), (3, 1)]


def test_days_are_those_of_the_zone() -> None:
    oslo = BEFORE.astimezone(ZoneInfo("Europe/Oslo"))
    readings = at(1, 1), at(2, 21), at(2, 22), at(2, 23), at(3, 1), at(3, 22)
    assert gone(*readings) == [(2, 21), (2, 22), (3, 1)]
    assert gone(*readings, before=oslo) == [(2, 21), (2, 23), (3, 1)]


def test_the_first_of_each_source_and_series_stays() -> None:
    assert gone(at(1, 1), at(1, 2), at(1, 3)) == [(1, 2)]
    others = [at(2, hour, source_id=8) for hour in (1, 2, 3)]
    assert gone(at(1, 1), *others) == [(2, 2)]
    others = [at(2, hour, series=2) for hour in (1, 2, 3)]
    assert gone(at(1, 1), *others) == [(2, 2)]


def test_the_last_that_a_source_brought_stays_beside_one_of_no_source() -> None:
    told = [at(2, hour, source_id=None, integration_name=None) for hour in (4, 5, 6)]
    assert gone(at(1, 1), at(2, 1), at(2, 2), *told) == [(2, 1), (2, 5)]


def test_the_lowest_and_the_highest_of_the_items_days_stay() -> None:
    assert gone(at(1, 1), at(2, 1, 9), at(2, 2, 8), at(2, 3, 2), at(2, 4, 3), at(2, 5)) == [
        (2, 2),
        (2, 4),
    ]
    early = [at(2, hour, value, month=12) for hour, value in ((1, 5), (2, 90), (3, -90), (4, 5))]
    early = [replace_year(one) for one in early]
    assert gone(*early, at(2, 1, 9), at(2, 2, 2), at(2, 3)) == [(2, 2), (2, 3)]


def replace_year(reading: TracedReading) -> TracedReading:
    return at(
        reading.taken_at.day,
        reading.taken_at.hour,
        int(reading.value),
        month=12,
        taken_at=reading.taken_at.replace(year=2025),
    )


def test_what_a_person_gave_stays_with_what_it_followed_and_stands_in_for() -> None:
    beside = [at(2, hour, hour, is_beside=True) for hour in (4, 5, 6)]
    readings = at(1, 1, 1), at(2, 1), at(2, 2), by_hand(2, 3), *beside, at(2, 7), at(2, 8, 9)
    assert gone(*readings) == [(2, 1), (2, 7)]


def test_what_is_not_so_long_ago_stays() -> None:
    lately = [at(1, hour, month=3) for hour in (0, 1, 2)]
    assert gone(at(1, 1), at(28, 1, month=2), at(28, 2, month=2), *lately) == [(28, 1)]
