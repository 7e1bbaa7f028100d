"""Rows in every table, by the tables as they are in the database."""

import json
import zlib
from datetime import date, datetime, timedelta

from sqlalchemy import MetaData

from app.db import utcnow

ONE_ROW = ("workspace", "trello_app")
PUT_IN = ("settling_turn",)
"""Tables whose rows the migrations bring."""
VALUES = {
    "is_private": False,
    "role": "admin",
    "level": "team",
    "guard": None,
    "override": None,
    "ended_as": None,
    "comment_id": None,
    "kind": "percent",
    "sharing": "private",
    "status": "done",
    "start_value": "0",
    "target_value": "100",
    "value": "1",
    "behind_above": "0",
    "at_risk_above": "25",
    "time_zone": "UTC",
}
"""Of columns that take no other text, or not any."""


def fill(engine):
    """Three rows in each table but that of evidence, each with all that the database demands and
    pointing at the rows of its number.

    By the tables as they are in the database, which may be those of the first revision.
    """
    tables = tables_of(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if table.name in ("alembic_version", "evidence", *PUT_IN):
                continue
            numbers = (1,) if table.name in ONE_ROW else (1, 2, 3)
            rows = [_row(table, number, _now(engine)) for number in numbers]
            connection.execute(table.insert(), rows)


def _row(table, number, now):
    usual = {int: number, str: f"it {number}", bool: True, bytes: b"it", object: {}, datetime: now}
    usual[date] = now.date() + timedelta(days=number)
    row = {}
    for column in table.columns:
        points_at = {key.column.table.name for key in column.foreign_keys}
        if column.name in VALUES:
            row[column.name] = VALUES[column.name]
        elif points_at - {"evidence"} or not column.nullable:
            row[column.name] = usual[column.type.python_type]
    return row


def tables_of(engine):
    tables = MetaData()
    tables.reflect(engine)
    return tables


def _now(engine):
    return utcnow().replace(tzinfo=None) if engine.dialect.name == "sqlite" else utcnow()


def whole(*ids):
    return [{"id": one} for one in ids]


def delta(entered, left):
    return {"entered": whole(*entered), "left": left}


def fill_evidence(engine, contents):
    """Evidence of the first source, each that is a change building on the one before, and the
    readings that it proves."""
    tables, now = tables_of(engine).tables, _now(engine)
    with engine.begin() as connection:
        for number, content in enumerate(contents, 1):
            base = {"base_id": number - 1} if isinstance(content, dict) else {}
            payload = zlib.compress(json.dumps(content).encode())
            row = {"id": number, "source_version_id": 1, "taken_at": now, "digest": str(number)}
            connection.execute(tables["evidence"].insert().values(payload=payload, **row, **base))
            reading = {"id": 100 + number, "check_in_id": None, "evidence_id": number}
            reading = _row(tables["reading"], 1, now) | reading
            connection.execute(tables["reading"].insert().values(reading))
