"""The audit log as CSV, for a spreadsheet."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Row

from app.audit.models import AuditEntry
from app.audit.words import action_words, detail_words, kind_words
from app.pages import iso

HEADER = (
    "Number", "When (UTC)", "Who", "Their number", "Did", "Action", "Kind", "What", "Its number",
    "Details", "From",
)  # fmt: skip
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a cell that begins so for a formula, and would run it: the signs, their
wide forms, and what some skip before them."""
LONGEST_UNSEEN = 100
"""How far into a cell signs that no one sees are looked past."""
_BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for something else, and spoils every name that is not ASCII."""


def csv_lines(chunks: Iterable[Sequence[Row[AuditEntry]]]) -> Iterator[str]:
    """The text of the file, a chunk at a time."""
    yield _BYTE_ORDER_MARK + _text([HEADER])
    for rows in chunks:
        yield _text(_cells(row) for row in rows)


def _cells(row: Row[AuditEntry]) -> Sequence[object]:
    return (
        row.id,
        iso(row.happened_at),
        defused(row.actor_name),
        row.actor_id,
        defused(action_words(row.action)),
        defused(row.action),
        defused(kind_words(row.thing_kind)),
        defused(row.thing_name),
        row.thing_id,
        defused("; ".join(detail_words(row.detail))),
        defused(row.address),
    )


def defused(cell: str) -> str:
    """The cell as text: an apostrophe before what would be a formula."""
    seen = "".join(sign for sign in cell[:LONGEST_UNSEEN] if unicodedata.category(sign) != "Cf")
    return f"'{cell}" if seen.lstrip(" ").startswith(_FORMULAS) else cell


def _text(rows: Iterable[Sequence[object]]) -> str:
    page = io.StringIO()
    # With quotes around all, for where the separator is a semicolon.
    csv.writer(page, quoting=csv.QUOTE_ALL).writerows(rows)
    return page.getvalue()
