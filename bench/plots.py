"""Plots of lines as SVG, legible on light and on dark ground."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 136, 36, 44
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 }
.grid { stroke: #ccc }
.line { fill: none; stroke-width: 2 }
.a { stroke: #0a6fb8 } .b { stroke: #b8540a } .c { stroke: #2c7a3f } .d { stroke: #7a3f9c }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd }
  .grid { stroke: #555 }
  .a { stroke: #6ab7f0 } .b { stroke: #f0a060 } .c { stroke: #7ccf90 } .d { stroke: #c79be6 }
}
"""
_DASHES = ("", "7 4", "2 3", "9 3 2 3")
"""Colour never stands alone."""


@dataclass(frozen=True)
class Line:
    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Plot:
    """Upwards from 0; across from the first place to the last, by their logarithms if told so."""

    title: str
    across: str
    places: Sequence[float]
    """Which have their number beneath."""
    lines: Sequence[Line]
    by_logarithm: bool = False

    def svg(self) -> str:
        top = _round_top(max(value for line in self.lines for _, value in line.points))
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            f'role="img" aria-label="{escape(self.title)}">',
            f"<style>{_STYLE}</style>",
            f'<text class="title" x="{_LEFT}" y="20">{escape(self.title)}</text>',
        ]
        for step in range(5):
            value = top * step / 4
            y = self._up(value, top)
            parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>')
            parts.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value:,.5g}</text>')
        for place in self.places:
            x, y = self._across(place), _HEIGHT - _BOTTOM + 18
            parts.append(f'<text x="{x}" y="{y}" text-anchor="middle">{place:,.5g}</text>')
        middle, words = (_LEFT + _WIDTH - _RIGHT) // 2, escape(self.across)
        parts.append(f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">{words}</text>')
        names = self._name_heights(top)
        for line, letter, dash, y in zip(self.lines, "abcd", _DASHES, names, strict=False):
            path = "L".join(f"{self._across(x)} {self._up(v, top)}" for x, v in line.points)
            parts.append(f'<path class="line {letter}" stroke-dasharray="{dash}" d="M{path}"/>')
            x = _WIDTH - _RIGHT + 8
            parts.append(f'<text x="{x}" y="{y + 4}">{escape(line.name)}</text>')
        return "\n".join([*parts, "</svg>\n"])

    def _name_heights(self, top: float) -> list[float]:
        """Each beside the end of its line, or as near as stands clear of the others."""
        ends = [self._up(line.points[-1][1], top) for line in self.lines]
        heights, lowest = dict[int, float](), float(_HEIGHT)
        for number in sorted(range(len(ends)), key=lambda one: -ends[one]):
            heights[number] = lowest = min(ends[number], lowest - 16)
        return [heights[number] for number in range(len(ends))]

    def _across(self, place: float) -> float:
        first, last = self.places[0], self.places[-1]
        if self.by_logarithm:
            first, last, place = log10(first), log10(last), log10(place)
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * (place - first) / (last - first), 1)

    def _up(self, value: float, top: float) -> float:
        return round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top, 1)


def _round_top(most: float) -> float:
    """The next of 1, 2, 4 and 8 times a power of ten."""
    power = 10.0 ** (ceil(log10(most)) - 1) if most else 1.0
    return next(power * factor for factor in (1, 2, 4, 8, 10, 20) if power * factor >= most)
