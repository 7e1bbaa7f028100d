"""Days and moments as other tools write them.

Which of two numbers is the month is never guessed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from app.okrs.fields import YEARS

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = (
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?:\s*(?P<zone>UTC|GMT|Z|[+-]\d{2}:?\d{2}))?)?"
)
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})" + _TIME, re.ASCII)
_NUMBERS = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[/.-])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4})" + _TIME, re.ASCII
)
_WORD = r"(?P<word>[A-Za-z]{3,9})"
_WORDS = (
    re.compile(_WORD + r"\.? (?P<day>\d{1,2}),? (?P<year>\d{4})" + _TIME, re.ASCII),
    re.compile(r"(?P<day>\d{1,2})\.? " + _WORD + r"\.?,? (?P<year>\d{4})" + _TIME, re.ASCII),
)
_LONGEST = 64


@dataclass(frozen=True)
class Doubt:
    """Days written with this mark between their numbers may be meant either way."""

    mark: str
    example: str


def doubts(texts: Iterable[str]) -> list[Doubt]:
    """What has to be asked: for each mark one of its days, unless others of its days settle it."""
    open_ones: dict[str, str] = {}
    settled: dict[str, set[str]] = {}
    for found in _numbers_in(texts):
        one, two = int(found["one"]), int(found["two"])
        if order := _order_of(one, two):
            settled.setdefault(found["mark"], set()).add(order)
        elif one != two:
            open_ones.setdefault(found["mark"], found.string)
    return [
        Doubt(mark, example)
        for mark, example in sorted(open_ones.items())
        if len(settled.get(mark, ())) != 1
    ]


def _numbers_in(texts: Iterable[str]) -> Iterator[re.Match[str]]:
    """Those of the texts that are days of nothing but numbers."""
    for text in texts:
        found = _NUMBERS.fullmatch(text) if len(text) <= _LONGEST else None
        if found is not None:
            yield found


def _order_of(one: int, two: int) -> str:
    """Which of two numbers before a year comes first, as they themselves tell; else empty."""
    if one <= 12 and two <= 12:
        return ""
    return DAY_FIRST if one > 12 else MONTH_FIRST


class Calendar:
    """Reads days and moments, by what was settled in the file or answered about it."""

    def __init__(self, texts: Iterable[str], answers: Mapping[str, str], zone: ZoneInfo) -> None:
        self._zone = zone
        self._orders: dict[str, str] = {}
        for found in _numbers_in(texts):
            if order := _order_of(int(found["one"]), int(found["two"])):
                self._orders.setdefault(found["mark"], order)
        self._orders |= answers

    def day(self, text: str) -> date | None:
        """None where it is no day, or none of this century."""
        moment = self._read(text)
        if moment is None:
            return None
        return moment.astimezone(self._zone).date() if isinstance(moment, datetime) else moment

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def moment(self, text: str) -> datetime | None:
        """A day alone is taken for its noon, and a time without a zone for the workspace's."""
        found = self._read(text)
        if found is None or isinstance(found, datetime):
            return found
        return datetime.combine(found, time(12), self._zone).astimezone(UTC)

    def _read(self, text: str) -> date | datetime | None:
        text = text.strip()
        if not text or len(text) > _LONGEST:
            return None
        for pattern in (_ISO, _NUMBERS, *_WORDS):
            found = pattern.fullmatch(text)
            if found is not None:
                return self._checked(found)
        return None

    def _checked(self, found: re.Match[str]) -> date | datetime | None:
        year, month, day = self._numbers(found.groupdict())
        try:
            read = date(year, month, day)
            if read.year not in YEARS:
                return None
            return self._at(read, found) if found["hour"] else read
        except ValueError:
            return None

    def _numbers(self, parts: Mapping[str, str]) -> tuple[int, int, int]:
        year = int(parts["year"])
        if "word" in parts:
            word = parts["word"][:3].lower()
            return year, _MONTHS.index(word) + 1 if word in _MONTHS else 0, int(parts["day"])
        if "month" in parts:
            return year, int(parts["month"]), int(parts["day"])
        one, two = int(parts["one"]), int(parts["two"])
        order = _order_of(one, two) or self._orders.get(parts["mark"], "")
        if order == MONTH_FIRST:
            return year, one, two
        # Without an answer only a day that is the same either way can be read.
        return year, two if order == DAY_FIRST or one == two else 0, one

    def _at(self, day: date, found: re.Match[str]) -> datetime:
        hour = int(found["hour"])
        if found["half"]:
            hour = hour % 12 + (12 if found["half"] in "pP" else 0)
        microsecond = int((found["fraction"] or "0")[:6].ljust(6, "0"))
        at = time(hour, int(found["minute"]), int(found["second"] or 0), microsecond)
        return datetime.combine(day, at, self._offset(found["zone"])).astimezone(UTC)

    def _offset(self, zone: str | None) -> ZoneInfo | timezone:
        if zone is None:
            return self._zone
        if zone[0] not in "+-":
            return UTC
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        span = timedelta(hours=hours, minutes=minutes)
        return timezone(-span if zone[0] == "-" else span)
