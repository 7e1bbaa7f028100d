"""One clock for all hosts: that of the database's server."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from app.db import db, make_engine, utcnow
from app.server_time import server_time

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


def test_without_a_server_they_are_our_own(app: Flask) -> None:
    assert is_about(datetime.now(UTC)) and server_time.is_to_be_read
