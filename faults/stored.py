"""What an installation has stored, read straight from its database, and what is wrong."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg

from faults.truth import Figures, Truth

Rows = Any
"""A connection of either database: both answer execute() with rows."""


class Stored:
    """The database of an installation, through connections that only read."""

    def __init__(self, open_rows: Callable[[], Rows], truth: Truth) -> None:
        self._open, self._truth = open_rows, truth

    def unsettled(self) -> list[str]:
        """What is still to be done: values that are not the board's, and runs under way."""
        found = []
        with closing(self._open()) as rows:
            for measure_id, figures in self._values(rows).items():
                if figures != (wanted := self._truth.now(measure_id)):
                    found.append(f"measure {measure_id}: {_said(figures)}, not {_said(wanted)}")
            found += [
                f"run {run_id} is {status}"
                for run_id, status in rows.execute(
                    "select id, status from trello_sync_run where status in ('queued', 'running')"
                )
            ]
        return found

    def damage(self) -> list[str]:
        """What no time will mend: things lost, doubled, or never true."""
        with closing(self._open()) as rows:
            return [
                *self._losses(rows),
                *self._false_readings(rows),
                *self._doubled(rows),
                *self._unsound(rows),
            ]

    def counts(self) -> dict[str, int]:
        """How much there is, for the report."""
        with closing(self._open()) as rows:
            return {
                table: rows.execute(f"select count(*) from {table}").fetchone()[0]
                for table in ("source", "source_version", "reading", "trello_sync_run")
            }

    def _unsound(self, rows: Rows) -> Iterator[str]:
        """What SQLite finds in its file; PostgreSQL proves the checksums of its
        pages as it reads them."""
        if isinstance(rows, sqlite3.Connection):
            for row in rows.execute("pragma integrity_check"):
                if row != ("ok",):
                    yield f"integrity: {row}"
            for row in rows.execute("pragma foreign_key_check"):
                yield f"foreign key: {row}"

    def comments(self) -> list[str]:
        with closing(self._open()) as rows:
            return [text for (text,) in rows.execute("select text from comment")]

    def _values(self, rows: Rows) -> dict[int, Figures | None]:
        linked = rows.execute(
            "select m.id, m.value, m.matching_count, m.completed_count from measure m"
            " join source s on s.measure_id = m.id and s.ended_at is null"
        )
        return {
            measure_id: None if value is None else (Fraction(value), matching, completed)
            for measure_id, value, matching, completed in linked
        }

    def _losses(self, rows: Rows) -> Iterator[str]:
        there = {one for (one,) in rows.execute("select id from source_version")}
        for version_id in self._truth.versions.keys() - there:
            yield f"the link's version {version_id} is lost"
        for measure_id in self._truth.present.keys() - self._values(rows).keys():
            yield f"the item of measure {measure_id} is lost, or its link"
        doubled = rows.execute(
            "select board_id from trello_sync_run where status in ('queued', 'running')"
            " group by board_id having count(*) > 1"
        )
        yield from (f"board {board_id} has two unfinished runs" for (board_id,) in doubled)

    def _false_readings(self, rows: Rows) -> Iterator[str]:
        readings: dict[int, list[Figures]] = defaultdict(list)
        for version_id, value, matching, completed in rows.execute(
            "select source_version_id, value, matching_count, completed_count from reading"
            " where source_version_id is not null order by id"
        ):
            readings[version_id].append((Fraction(value), matching, completed))
        for version_id, points in readings.items():
            version = self._truth.versions[version_id]
            if not version.has_had(points):
                said = " ".join(_said(point) for point in points[-8:])
                true = " ".join(_said(point) for point in version.log[-8:])
                yield f"version {version_id} has points that never were: {said}; true: {true}"

    def _doubled(self, rows: Rows) -> Iterator[str]:
        last: dict[int, tuple[object, ...]] = {}
        for reading_id, measure_id, *point in rows.execute(
            "select r.id, r.measure_id, v.source_id, r.value, r.matching_count, r.completed_count"
            " from reading r join source_version v on v.id = r.source_version_id order by r.id"
        ):
            if last.get(measure_id) == tuple(point):
                yield f"reading {reading_id} of measure {measure_id} says nothing new"
            last[measure_id] = tuple(point)


def in_file(path: Path) -> Callable[[], Rows]:
    return lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=15)


def on_server(url: str) -> Callable[[], Rows]:
    return lambda: psycopg.connect(url, connect_timeout=5, autocommit=True)


def _said(figures: Figures | None) -> str:
    return "nothing" if figures is None else "{}({}/{})".format(figures[0], *figures[:0:-1])
