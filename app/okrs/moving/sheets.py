"""Rows of cells, as text, from CSV of any flavour and from workbooks; read as a stream."""

import codecs
import csv
import io
import warnings
import zipfile
from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException

from app.okrs.moving.limits import LONGEST_CELL, MOST_COLUMNS, TALLEST_SHEET
from app.okrs.moving.neutral import Table, Unreadable

SEPARATORS = (",", ";", "\t")
_CHUNK = 64 * 1024
_DAMAGED = "The workbook is damaged, or it is none. Open it in a spreadsheet and save it anew."
_BROKEN = (
    zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError,
    AttributeError, IndexError, OSError, EOFError, OverflowError,
)  # fmt: skip
"""What openpyxl raises for a workbook that does not keep to its rules."""


def csv_tables(file: IO[bytes]) -> Generator[Table]:
    """The file as each of the separators would have it, one after the other."""
    encoding = _encoding_of(file)
    for separator in SEPARATORS:
        file.seek(0)
        # Not closed: that would close the file itself, which is read once more.
        text = io.TextIOWrapper(file, encoding, newline="")
        try:
            yield _csv_rows(text, separator)
        finally:
            text.detach()


def workbook_tables(file: IO[bytes]) -> Generator[Table]:
    """Every sheet of a workbook."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and the like, which nobody reads here
            book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
    except _BROKEN as error:
        raise Unreadable(_trouble_with(error)) from error
    with closing(book):
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # some tools write wrong ones
            yield _sheet_rows(sheet)


def _encoding_of(file: IO[bytes]) -> str:
    head = file.read(_CHUNK)
    file.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even or odd:
        half = len(head) // 4
        if odd > half and not even:
            return "utf-16-le"
        if even > half and not odd:
            return "utf-16-be"
        raise Unreadable("This is no text. Send CSV, XLSX, ZIP or JSON.")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _csv_rows(text: io.TextIOWrapper, separator: str) -> Table:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(text, delimiter=separator, strict=True)
    number = 0
    try:
        for row in reader:
            number += 1
            _check_width(row)
            yield row
    except csv.Error as error:
        place = f"After row {number}" if number else "At its beginning"
        raise Unreadable(
            f"{place} the file can't be read: quotes that do not match, or a cell of more than "
            f"{LONGEST_CELL:,} characters."
        ) from error
    except UnicodeError as error:
        raise Unreadable(
            "The text is in an encoding that is none of UTF-8, UTF-16 and Windows-1252. "
            "Save the file as “CSV UTF-8”."
        ) from error


def _sheet_rows(sheet: Any) -> Table:
    try:
        for row in islice(sheet.iter_rows(), TALLEST_SHEET):
            _check_width(row)
            yield [_cell_text(cell) for cell in row]
    except _BROKEN as error:
        raise Unreadable(_trouble_with(error)) from error


def _trouble_with(error: Exception) -> str:
    """Entities are told of by a library that openpyxl asks, and may hide behind its own error."""
    if isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException):
        return "The workbook has XML entities in it, which no export has."
    return _DAMAGED


def _check_width(row: Sequence[Any]) -> None:
    if len(row) > MOST_COLUMNS:
        raise Unreadable(f"A row has more than {MOST_COLUMNS:,} cells.")


def _cell_text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return _number_text(value, "%" in str(cell.number_format))
    return ""


def _number_text(value: int | float, is_percent: bool) -> str:
    exact = Decimal(repr(value))
    if not exact.is_finite():
        return ""
    if is_percent:
        exact *= 100
    text = f"{exact:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text}%" if is_percent else text
