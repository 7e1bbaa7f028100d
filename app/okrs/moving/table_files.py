"""Writing the table of items as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice

from app.okrs.figures import figure_text
from app.okrs.moving.cells import defuse
from app.okrs.moving.table import Cell

_BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for something else, and spoils every name that is not ASCII."""
_ROWS_AT_ONCE = 200


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The text of the file, a few rows at a time."""
    yield _BYTE_ORDER_MARK + _text([list(header)])
    left = iter(rows)
    while chunk := list(islice(left, _ROWS_AT_ONCE)):
        yield _text([_csv_cell(cell) for cell in row] for row in chunk)


def _text(rows: Iterable[Sequence[str]]) -> str:
    page = io.StringIO()
    # With quotes around all, for where the separator is a semicolon.
    csv.writer(page, quoting=csv.QUOTE_ALL).writerows(rows)
    return page.getvalue()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return figure_text(cell) if isinstance(cell, Fraction) else defuse(cell)
