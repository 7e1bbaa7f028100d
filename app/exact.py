"""Exact numbers as columns keep them, and as text."""

from fractions import Fraction
from functools import lru_cache

from sqlalchemy import Dialect, String, Text
from sqlalchemy.types import TypeDecorator

_LONG = 1024
"""Bits from which on a number is kept in base 16."""


class Exact(TypeDecorator[Fraction]):
    """An exact number, kept as "7" or "100/3": no database rounds it, and none compares it."""

    impl = String(80)
    cache_ok = True

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> str | None:
        return None if value is None else str(Fraction(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Fraction | None:
        return None if value is None else _exact(value)


@lru_cache(maxsize=4096)
def _exact(text: str) -> Fraction:
    """From "7" or "100/3": Fraction would look for all else that a number may be written as.

    Kept, since a page reads dozens of them, the same ones at each look.
    """
    numerator, _, denominator = text.partition("/")
    return Fraction(int(numerator), int(denominator)) if denominator else Fraction(int(numerator))


def exact_text(value: Fraction) -> str:
    """A number of any length, without loss: "7", "100/3", "0x5…/0x3…"."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) < _LONG:
        return str(value)
    return f"{value.numerator:#x}/{value.denominator:#x}"


def exact_number(text: str) -> Fraction:
    """What `exact_text` wrote. Raises ValueError."""
    if "x" not in text:
        return _exact(text)
    numerator, _, denominator = text.partition("/")
    return Fraction(int(numerator, 16), int(denominator, 16))


class LongExact(TypeDecorator[Fraction]):
    """An exact number of any length, as a mean of hundreds of figures may have.

    Long ones are kept in base 16: Python refuses to write thousands of digits in base 10.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return exact_text(Fraction(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Fraction | None:
        return None if value is None else exact_number(value)
