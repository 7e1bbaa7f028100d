"""Writing a backup of a database that is in use, and bringing one back, each proved by sums.

Both databases give the same rows, so a backup of one can be brought back into the other.
"""

import json
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlalchemy.exc import IntegrityError

from app.backup.archive import Damaged, reading_lines, writing_lines
from app.backup.rows import (
    VERSION_TABLE,
    Sum,
    go_on_from,
    last_id,
    read_rows,
    sum_of,
    tables_of,
    write_rows,
)
from app.db import make_engine
from app.migrating import knows, upgrade
from app.version import tally_version

FORMAT = 1
SUFFIX = ".tally"
_DRAFT = ".draft"
_CHECK = "tally-check-"
_LONGEST = timedelta(days=1)
"""After which one that has not ended was killed."""


class CannotBackUp(Exception):
    """Why there is nothing to back up; the message says what to do."""


class CannotRestore(Exception):
    """Why nothing was brought back; the message says what to do."""


@dataclass(frozen=True)
class Contents:
    """What a backup says of itself."""

    made_at: datetime
    version: str
    revision: str
    """The schema it was made from."""
    sums: dict[str, Sum]
    """By the names of the tables."""

    @property
    def row_count(self) -> int:
        return sum(one.row_count for one in self.sums.values())


def make_backup(
    engine: Engine, directory: Path, scratch: Path, keys: Sequence[str], now: datetime
) -> Path:
    """Write all that the database holds at one moment into a file of the directory, read it back
    into a database of its own, and compare. Nobody who works meanwhile has to wait.

    That database lies in `scratch`, for it can be read without a key. Raises Damaged where the
    comparison fails, OSError where there is no room, CannotBackUp where no Tally was ever started
    on this database; then no file is left.
    """
    if not inspect(engine).has_table(VERSION_TABLE):
        raise CannotBackUp(
            f"There is no Tally in {engine.url.render_as_string()} yet. "
            "If yours is elsewhere, set DATA_DIR or DATABASE_URL as where it runs."
        )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clear_away(directory, scratch, now)
    path = directory / f"tally-{now.astimezone(UTC):%Y%m%d-%H%M%S-%f}{SUFFIX}"
    draft = path.with_suffix(_DRAFT)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with writing_lines(file, keys) as packed, _at_one_moment(engine) as connection:
                for line in _lines(connection, now):
                    packed.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with tempfile.TemporaryDirectory(prefix=_CHECK, dir=scratch) as folder:
            restore(draft, f"sqlite:///{folder}/check.sqlite3", keys)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _clear_away(directory: Path, scratch: Path, now: datetime) -> None:
    """What was left by one that was killed; not what another one is just writing."""
    for path in [*directory.glob(f"tally-*{_DRAFT}"), *scratch.glob(f"{_CHECK}*")]:
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < (now - _LONGEST).timestamp():
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def newest_first(directory: Path) -> list[Path]:
    """The backups in a directory; their names sort by time."""
    return sorted(directory.glob(f"tally-*{SUFFIX}"), reverse=True)


def restore(
    path: Path,
    database_url: str,
    keys: Sequence[str],
    *,
    may_replace: bool = False,
    as_it_was: bool = False,
) -> Contents:
    """Bring back what a backup holds, into a database where nobody is yet, and compare.

    Older ones are brought back as they were, then, unless `as_it_was`, to the newest schema.
    With `may_replace` it takes the place of what is there. Raises Damaged and CannotRestore; what
    is there goes only when all of the file has been read, and nobody is left in it if that fails.
    """
    with reading_lines(path, keys) as raw:
        head = _head_of_whole(_parsed(raw, path.name), path.name)
    _make_empty(database_url, head["revision"], may_replace)
    with reading_lines(path, keys) as raw:
        lines = _parsed(raw, path.name)
        next(lines)
        engine = make_engine(database_url)
        try:
            with engine.connect() as found:
                connection = found.execution_options(sqlite_write=True)
                with connection.begin():
                    sums = _fill(connection, lines, path.name)
        except IntegrityError as error:
            raise Damaged(f"{path.name} is damaged: its rows can't be put together.") from error
        finally:
            engine.dispose()
    if not as_it_was:
        upgrade(database_url)
    return Contents(
        made_at=datetime.fromisoformat(head["made_at"]),
        version=head["version"],
        revision=head["revision"],
        sums=sums,
    )


@contextmanager
def _at_one_moment(engine: Engine) -> Iterator[Connection]:
    """All that is read comes from the moment of the first read, whatever is written meanwhile."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


def _lines(connection: Connection, now: datetime) -> Iterator[Any]:
    yield {
        "tally_backup": FORMAT,
        "version": tally_version(),
        "revision": connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")),
        "made_at": now.astimezone(UTC).isoformat(),
        "database": connection.dialect.name,
    }
    sums = {}
    for table in tables_of(connection):
        names = [column.name for column in table.columns]
        yield {"table": table.name, "columns": names, "last_id": last_id(connection, table)}
        total = Sum()
        for row in read_rows(connection, table):
            total = total.with_row(dict(zip(names, row, strict=True)))
            yield row
        sums[table.name] = [total.row_count, f"{total.digest:064x}"]
    yield {"end": sums}


def _parsed(lines: Iterator[bytes], name: str) -> Iterator[Any]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError as error:
            raise Damaged(f"{name} is damaged: a line of it can't be read.") from error


def _head_of_whole(lines: Iterator[Any], name: str) -> dict[str, Any]:
    """What a backup says of itself, once all of it was read to its end. Raises Damaged, and
    CannotRestore where this Tally does not know what is in it."""
    head = next(lines, None)
    if not isinstance(head, dict) or head.get("tally_backup") != FORMAT:
        raise CannotRestore(f"{name} was made by a newer Tally: upgrade this one first.")
    if not knows(head["revision"]):
        raise CannotRestore(
            f"The backup has schema {head['revision']}, which this Tally does not know: "
            "it was made by a newer one. Upgrade first."
        )
    last = deque(lines, maxlen=1)
    _sums_at_end(last.pop() if last else None, name)
    return head


def _sums_at_end(line: Any, name: str) -> dict[str, Sum]:
    """What the last line tells, by the names of the tables. Raises Damaged if this is another."""
    if not isinstance(line, dict) or "end" not in line:
        raise Damaged(f"{name} is damaged: its end is missing. Take another one.")
    return {one: Sum(count, int(digest, 16)) for one, (count, digest) in line["end"].items()}


def _make_empty(database_url: str, revision: str, may_replace: bool) -> None:
    """Tables of that schema without rows. Raises CannotRestore where someone is in there."""
    engine = make_engine(database_url)
    try:
        with engine.connect() as found:
            connection = found.execution_options(sqlite_write=True)
            with connection.begin():
                _drop_all(connection, may_replace)
    finally:
        engine.dispose()
    upgrade(database_url, revision)


def _drop_all(connection: Connection, may_replace: bool) -> None:
    names = inspect(connection).get_table_names()
    if (
        not may_replace
        and "person" in names
        and connection.scalar(text("SELECT count(*) FROM person"))
    ):
        raise CannotRestore(
            "DATABASE_URL names a database that is in use: people are in it. Name an empty one, "
            "or move this one aside first."
        )
    known = {"person", VERSION_TABLE}
    if names and not known <= set(names):
        raise CannotRestore(
            "DATABASE_URL names a database with tables that are not Tally's. Name an empty one."
        )
    metadata = MetaData()
    metadata.reflect(connection)
    metadata.drop_all(connection)


def _fill(connection: Connection, lines: Iterator[Any], name: str) -> dict[str, Sum]:
    """Insert all rows and compare. Raises Damaged; the caller rolls back."""
    tables = {table.name: table for table in tables_of(connection)}
    for table in reversed(list(tables.values())):
        connection.execute(table.delete())  # what migrations put in
    line = next(lines, None)
    while isinstance(line, dict) and "table" in line:
        table, numbers = tables[line["table"]], line["last_id"]
        rows = _Rows(lines)
        write_rows(connection, table, line["columns"], rows)
        go_on_from(connection, table, numbers)
        line = rows.next_line
    expected = _sums_at_end(line, name)
    for table_name, total in expected.items():
        if sum_of(connection, tables[table_name]) != total:
            raise Damaged(f"{name} does not come back as it was: table {table_name} differs.")
    return expected


class _Rows:
    """The rows up to the next line that is none, which is kept."""

    def __init__(self, lines: Iterator[Any]) -> None:
        self._lines = lines
        self.next_line: Any = None

    def __iter__(self) -> Iterator[list[Any]]:
        for line in self._lines:
            if not isinstance(line, list):
                self.next_line = line
                return
            yield line
