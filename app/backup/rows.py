"""The rows of any table as plain values, the same from SQLite and PostgreSQL.

Tables are read as the database itself describes them, so that an older schema can be read too.
"""

import base64
import hashlib
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Connection, LargeBinary, MetaData, Table, func, select, text
from sqlalchemy.types import Date, DateTime, TypeEngine

VERSION_TABLE = "alembic_version"
LEFT_OUT = frozenset(
    {"worker_beat", "trello_board_copy", "trello_pending_sign_in", "openid_return", VERSION_TABLE}
)
"""What is of no use a minute later, and the mark of the schema, which migrations set."""
_BATCH = 500


@dataclass(frozen=True)
class Sum:
    """What tells whether two tables hold the same rows, in whichever order."""

    row_count: int = 0
    digest: int = 0

    def with_row(self, values: Mapping[str, Any]) -> "Sum":
        one = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).digest()
        return Sum(self.row_count + 1, (self.digest + int.from_bytes(one, "big")) % (1 << 256))


def tables_of(connection: Connection) -> list[Table]:
    """All tables whose rows are kept, those first that others point at."""
    metadata = MetaData()
    with warnings.catch_warnings():
        # Indexes on expressions can't be described, and no rows are in them.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based")
        metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]
    for table in tables:
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type = JSON(none_as_null=bool(column.nullable))
    return tables


def read_rows(connection: Connection, table: Table) -> Iterator[list[Any]]:
    """Each row as values that JSON knows, in the order of the columns; never all at once."""
    types = [column.type for column in table.columns]
    rows = connection.execution_options(yield_per=_BATCH).execute(
        select(table).order_by(*table.primary_key.columns)
    )
    for row in rows:
        yield [_plain(value, of) for value, of in zip(row, types, strict=True)]


def write_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert what `read_rows` gave. Commits nothing."""
    types = {name: table.c[name].type for name in names}
    to_itself = [
        key.parent.name for key in table.foreign_keys if key.column.table is table
    ]  # the row it points at may come later
    pending = iter(rows)
    links = []
    while batch := [
        {name: _stored(value, types[name]) for name, value in zip(names, row, strict=True)}
        for row in islice(pending, _BATCH)
    ]:
        for values in batch:
            for name in to_itself:
                if values[name] is not None:
                    links.append((values["id"], name, values[name]))
                    values[name] = None
        connection.execute(table.insert(), batch)
    for row_id, name, value in links:
        connection.execute(table.update().where(table.c.id == row_id).values({name: value}))


def sum_of(connection: Connection, table: Table) -> Sum:
    total = Sum()
    names = [column.name for column in table.columns]
    for row in read_rows(connection, table):
        total = total.with_row(dict(zip(names, row, strict=True)))
    return total


def last_id(connection: Connection, table: Table) -> int | None:
    """The highest number given so far, maybe to a row that is gone; None where there are none."""
    if not _is_numbered(table):
        return None
    if connection.dialect.name == "postgresql":
        found = connection.scalar(_LAST_VALUE, {"table": f'"{table.name}"'})
    elif _counts_on(connection, table):
        found = connection.scalar(
            text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table.name}
        )
    else:
        found = connection.scalar(select(func.max(table.c.id)))
    return found or 0


def go_on_from(connection: Connection, table: Table, number: int | None) -> None:
    """Let the next row get a number above this one. Commits nothing."""
    if not number or not _is_numbered(table):
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_SET_VALUE, {"table": f'"{table.name}"', "number": number})
    elif _counts_on(connection, table):
        values = {"table": table.name, "number": number}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), values)
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:table, :number)"), values)


_SEQUENCE = "CAST(pg_get_serial_sequence(:table, 'id') AS regclass)"
_LAST_VALUE = text(f"SELECT pg_sequence_last_value({_SEQUENCE})")
_SET_VALUE = text(f"SELECT setval({_SEQUENCE}, :number)")


def _is_numbered(table: Table) -> bool:
    return [column.name for column in table.primary_key] == ["id"]


def _counts_on(connection: Connection, table: Table) -> bool:
    """Whether SQLite never gives a number of this table again."""
    made_by = connection.scalar(
        text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table"),
        {"table": table.name},
    )
    return "AUTOINCREMENT" in (made_by or "").upper()


def _plain(value: Any, of: TypeEngine[Any]) -> Any:
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(of, LargeBinary) and value is not None:
        return base64.b64encode(value).decode()
    return value


def _stored(value: Any, of: TypeEngine[Any]) -> Any:
    if value is None:
        return None
    if isinstance(of, DateTime):
        # SQLite keeps no zone; everything is UTC.
        moment = datetime.fromisoformat(value)
        return moment if getattr(of, "timezone", False) else moment.replace(tzinfo=None)
    if isinstance(of, Date):
        return date.fromisoformat(value)
    if isinstance(of, LargeBinary):
        return base64.b64decode(value)
    return value
