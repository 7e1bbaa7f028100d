"""Figures as other tools write them: "3,637,839", "25%", "1.234,56", "€ 12", exact."""

import re
from dataclasses import dataclass
from fractions import Fraction

from app.exact import exact_number

_MOST_DIGITS, _MOST_PLACES = 15, 12
_SKIPPED = re.compile(r"[\s\u00a0\u2009\u202f'\u2019]")
_FIGURE = re.compile(r"([+-]?)(\d[\d.,]*|[.,]\d+)", re.ASCII)
_EXACT = re.compile(r"-?\d{1,39}/[1-9]\d{0,38}", re.ASCII)
"""What a column for an exact number has room for."""
_LONG = re.compile(
    r"-?(\d{1,320}/[1-9]\d{0,319}|0x[0-9a-f]{1,20000}/0x[1-9a-f][0-9a-f]{0,19999})", re.ASCII
)
"""What `exact_text` writes of what no decimal is, such as the mean of many figures."""
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Figure:
    value: Fraction
    is_percent: bool
    unit: str
    """What stood beside it, such as "€"."""


def read_figure(text: str) -> Figure | None:
    """None where it is no number, or one that is too long to be meant."""
    compact = _SKIPPED.sub("", text).replace("\u2212", "-")
    if not compact or len(compact) > _LONGEST:
        return None
    bare = compact.removesuffix("%")
    if _EXACT.fullmatch(bare):
        return Figure(Fraction(bare), bare != compact, "%" if bare != compact else "")
    found = _FIGURE.search(compact)
    if found is None:
        return None
    before, after = compact[: found.start()], compact[found.end() :]
    if any(sign.isdigit() for sign in before + after):
        return None
    value = _value(found[2])
    if value is None:
        return None
    is_negative = found[1] == "-" or before == "-"
    unit = (before.strip("-+") + after).strip()
    return Figure(-value if is_negative else value, unit == "%", unit)


def read_long_figure(text: str) -> Fraction | None:
    """As `read_figure`, where there is room for a value with any number of digits."""
    if _LONG.fullmatch(text):
        value = exact_number(text)
        return value if abs(value) < 10**_MOST_DIGITS else None
    figure = read_figure(text)
    return figure.value if figure is not None else None


def _value(digits: str) -> Fraction | None:
    whole, point, places = _split(digits)
    if re.search(r"\D", whole) or re.search(r"\D", places):
        return None
    if len(whole.lstrip("0")) > _MOST_DIGITS:
        return None
    return Fraction(f"{whole or '0'}.{places[:_MOST_PLACES] or '0'}")


def _split(digits: str) -> tuple[str, str, str]:
    """The whole part, the decimal mark and the places. Which mark is which, the figure tells."""
    last_comma, last_dot = digits.rfind(","), digits.rfind(".")
    if last_comma >= 0 and last_dot >= 0:
        mark = "," if last_comma > last_dot else "."
        whole, _, places = digits.rpartition(mark)
        return whole.replace("," if mark == "." else ".", ""), mark, places
    mark = "," if last_comma >= 0 else "."
    if digits.count(mark) > 1 or (mark == "," and re.fullmatch(r"\d{1,3},\d{3}", digits)):
        return re.sub(r"(?<=\d)[.,](?=\d{3}(?:\D|$))", "", digits), "", ""
    whole, _, places = digits.partition(mark)
    return whole, mark, places
