"""From days and values to places in a chart, by whole-number arithmetic."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from app.okrs.plan import Place, Plan
from app.okrs.ticks import round_values, tick_texts

HEIGHT, TOP, BENEATH = 230, 24, 30
WIDTH = 10_000
"""Across, a place is so many hundredths of a percent of the width."""
CHARACTER = 7
"""About the width of a digit in the size of text used, to keep labels apart."""
_MOST_INTERVALS = 5


_ENDINGS = {
    places: [f".{rest:0{places}}".rstrip("0").rstrip(".") for rest in range(10**places)]
    for places in (1, 2)
}
"""All that may stand after a whole number of so many places: a chart has hundreds of them."""


class Spot(NamedTuple):
    """A place in the drawing, with the text that stands there, if any."""

    x: str
    y: str
    text: str = ""
    anchor: str = "middle"
    dx: int = 0
    """Pixels beside the place."""


class Scale:
    def __init__(self, plan: Plan) -> None:
        ticks, decimals = round_values(plan.values, _MOST_INTERVALS)
        texts = tick_texts(ticks, decimals)
        self.value_ticks = list(zip(ticks, texts, strict=True))
        self.axis_width = 10 + CHARACTER * max(map(len, texts))
        self.low, self.high = ticks[0], ticks[-1]
        self.top, self.bottom = TOP, HEIGHT - BENEATH
        self._end = plan.end
        # Of a value n/d it is (level * d - slope * n) / (size * d) tenths below the top edge.
        one = 10 * (self.bottom - self.top) / (self.high - self.low)
        level = 10 * self.bottom + self.low * one
        self._size = one.denominator * level.denominator
        self._level = level.numerator * one.denominator
        self._slope = one.numerator * level.denominator

    def across(self, at: int) -> int:
        """Hundredths of a percent."""
        return _rounded(at * WIDTH, self._end)

    def down(self, value: Fraction) -> int:
        """Tenths of a pixel."""
        over, under = value.as_integer_ratio()
        return _rounded(self._level * under - self._slope * over, self._size * under)

    def corner(self, place: Place) -> tuple[int, int]:
        """Across and down."""
        at, value = place
        return self.across(at), self.down(value)

    def x(self, at: int) -> str:
        return decimal(self.across(at), 2)

    def y(self, value: Fraction) -> str:
        return decimal(self.down(value), 1)

    def spots(self, places: Sequence[Place]) -> list[Spot]:
        return [Spot(self.x(at), self.y(value)) for at, value in places]


def decimal(parts: int, places: int) -> str:
    """So many tenths or hundredths, without trailing zeros."""
    endings = _ENDINGS[places]
    whole, rest = divmod(abs(parts), len(endings))
    return f"{'-' if parts < 0 else ''}{whole}{endings[rest]}"


def _rounded(over: int, under: int) -> int:
    """Half up."""
    return (2 * over + under) // (2 * under)
