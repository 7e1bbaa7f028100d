"""The days that a period's name speaks of: "Q1 2025", "1Q25", "Quarter 1 FY25", "Annual 2025"."""

import re
from calendar import month_name
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

from app.okrs.cycles import month_start

Days = tuple[date, date]

_YEAR = r"(?:FY|CY)?\s*'?(?P<year>20\d\d|\d\d)(?:\s*/\s*\d{2,4})?"
_GAP = r"[\s,./_-]*"
_PARTS = (
    ("quarter", 3, rf"(?:Q(?:uarter)?{_GAP}(?P<part>[1-4])|(?P<other>[1-4]){_GAP}Q(?:uarter)?)"),
    ("half", 6, rf"(?:H(?:alf)?{_GAP}(?P<part>[12])|(?P<other>[12]){_GAP}H(?:alf)?)"),
)
_PATTERNS = [
    (months, re.compile(pattern, re.IGNORECASE | re.ASCII))
    for _, months, part in _PARTS
    for pattern in (rf"{part}{_GAP}{_YEAR}", rf"{_YEAR}{_GAP}{part}")
]
_ANNUAL = re.compile(
    rf"(?:Annual|Year|Yearly)?{_GAP}{_YEAR}{_GAP}(?:Annual|Year|Yearly)?", re.IGNORECASE | re.ASCII
)
_MONTH = re.compile(r"(?P<word>[A-Za-z]{3,9})\.? (?P<year>20\d\d)", re.ASCII)
_MONTH_NAMES = {name[:3].lower(): number for number, name in enumerate(month_name) if name}
_LONGEST = 40


def guessed_days(name: str, first_month: int) -> Days | None:
    """By the workspace's calendar; for someone to look at, since calendars differ."""
    name = name.strip()
    if len(name) > _LONGEST:
        return None
    for months, pattern in _PATTERNS:
        found = pattern.fullmatch(name)
        if found is not None:
            part = int(found["part"] or found["other"])
            return _months(_year(found["year"]), first_month + (part - 1) * months, months)
    found = _ANNUAL.fullmatch(name)
    if found is not None:
        return _months(_year(found["year"]), first_month, 12)
    found = _MONTH.fullmatch(name)
    month = _MONTH_NAMES.get(found["word"][:3].lower()) if found else None
    return _months(int(found["year"]), month, 1) if found and month else None


def usual_days(days: Iterable[tuple[date | None, date | None]]) -> Days | None:
    """What most items of a period have for days; None where none has both."""
    whole = [(first, last) for first, last in days if first and last and first <= last]
    counted = Counter(whole).most_common(1)
    return counted[0][0] if counted else None


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _months(year: int, month: int, count: int) -> Days:
    """So many months from the first of this one on."""
    return month_start(year, month), month_start(year, month + count) - timedelta(days=1)
