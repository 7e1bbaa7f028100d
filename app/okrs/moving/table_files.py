"""Writing the table of items as CSV and as a workbook."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as SheetCell

from app.okrs.figures import figure_text
from app.okrs.moving.cells import defuse
from app.okrs.moving.table import Cell

_BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for something else, and spoils every name that is not ASCII."""
_ROWS_AT_ONCE = 200
_WIDEST = 16_384
"""Columns that a sheet may have."""


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The text of the file, a few rows at a time."""
    yield _BYTE_ORDER_MARK + _text([list(header)])
    left = iter(rows)
    while chunk := list(islice(left, _ROWS_AT_ONCE)):
        yield _text([_csv_cell(cell) for cell in row] for row in chunk)


def workbook(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("OKRs")
    sheet.freeze_panes = "C2"
    for row in (header, *rows):
        sheet.append([_sheet_cell(sheet, cell) for cell in row[:_WIDEST]])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _text(rows: Iterable[Sequence[str]]) -> str:
    page = io.StringIO()
    # With quotes around all, for where the separator is a semicolon.
    csv.writer(page, quoting=csv.QUOTE_ALL).writerows(rows)
    return page.getvalue()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return figure_text(cell) if isinstance(cell, Fraction) else defuse(cell)


def _sheet_cell(sheet: Any, cell: Cell) -> SheetCell | Decimal | None:
    if cell is None:
        return None
    if isinstance(cell, Fraction):
        return Decimal(figure_text(cell))
    made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", cell))
    made.data_type = "s"  # whatever it begins with: never a formula
    return made
