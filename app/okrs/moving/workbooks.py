"""Writing the table of items as a workbook. Imported where one is written: openpyxl takes ten
megabytes, and most processes never need it."""

import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as SheetCell

from app.okrs.figures import figure_text
from app.okrs.moving.table import Cell

_WIDEST = 16_384
"""Columns that a sheet may have."""


def workbook(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("OKRs")
    sheet.freeze_panes = "C2"
    for row in (header, *rows):
        sheet.append([_sheet_cell(sheet, cell) for cell in row[:_WIDEST]])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _sheet_cell(sheet: Any, cell: Cell) -> SheetCell | Decimal | None:
    if cell is None:
        return None
    if isinstance(cell, Fraction):
        return Decimal(figure_text(cell))
    made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", cell))
    made.data_type = "s"  # whatever it begins with: never a formula
    return made
