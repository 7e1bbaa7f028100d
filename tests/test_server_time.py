"""One clock for all hosts: that of the database's server."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text

from app.db import db, make_engine, utcnow
from app.server_time import ServerTime, server_time

AHEAD = timedelta(minutes=5)


def is_about(moment: datetime) -> bool:
    return abs(utcnow() - moment) < timedelta(minutes=1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_moments_are_those_of_the_server(
    app: Flask, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA wrong"))
        connection.execute(
            text(
                "CREATE FUNCTION wrong.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
                "$$SELECT pg_catalog.clock_timestamp() + interval '5 minutes'$$"
            )
        )
    assert is_about(datetime.now(UTC))
    own, real = db.engine, time.time
    db.bind(make_engine(f"{database_url}&options=-csearch_path%3Dwrong,pg_catalog,public"))
    try:
        db.session.execute(text("SELECT 1"))
        assert is_about(datetime.now(UTC) + AHEAD)
        # Our own clock is set: what is counted on with is not, and the server is asked again.
        monkeypatch.setattr(time, "time", lambda: real() + 3600)
        assert is_about(datetime.now(UTC) + AHEAD) and server_time.is_to_be_read
        db.session.rollback()
        db.session.execute(text("SELECT 1"))
        assert is_about(datetime.now(UTC) + AHEAD) and not server_time.is_to_be_read
    finally:
        db.session.remove()
        db.engine.dispose()
        db.bind(own)


class Driver:
    """A connection that tells a moment of summer as Berlin's clocks show it, and looks at ours
    while it is read."""

    def __init__(self, clock: ServerTime, shows: datetime) -> None:
        self.clock, self.shows = clock, shows
        self.seen_meanwhile: list[datetime] = []

    def execute(self, _statement: str) -> "Driver":
        return self

    def fetchone(self) -> tuple[datetime]:
        return (self.shows.astimezone(ZoneInfo("Europe/Berlin")),)

    def rollback(self) -> None:
        self.seen_meanwhile.append(self.clock.now())


def test_an_hour_that_comes_twice_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, steady = ServerTime(), time.monotonic
    last = datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC)  # clocks there go back ten seconds later
    clock.read(Driver(clock, last))
    monkeypatch.setattr(time, "monotonic", lambda: steady() + 20)
    assert timedelta(seconds=20) <= clock.now() - last < timedelta(seconds=60)
    assert clock.now().utcoffset() == timedelta(0)


def test_nobody_sees_half_of_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, steady = ServerTime(), time.monotonic
    first = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    clock.read(Driver(clock, first))
    monkeypatch.setattr(time, "monotonic", lambda: steady() + 3600)
    later = Driver(clock, first + timedelta(hours=1))
    clock.read(later)
    [seen] = later.seen_meanwhile
    assert abs(seen - later.shows) < timedelta(minutes=1)


def test_without_a_server_they_are_our_own(app: Flask) -> None:
    assert is_about(datetime.now(UTC)) and server_time.is_to_be_read
