"""`flask --app app schema`: what an upgrade asks before it touches the database."""

import socket

import pytest
from click.testing import Result
from flask import Flask

from app import beats
from app.db import db, make_engine
from app.migrating import upgrade

HERE = socket.gethostname()


def run(app: Flask) -> Result:
    db.session.remove()
    return app.test_cli_runner().invoke(args=["schema"])


@pytest.mark.both_databases
def test_the_newest_is_known_whoever_is_at_work(app: Flask) -> None:
    beats.beat("web2-41")
    result = run(app)
    assert result.exit_code == 0
    assert "The database has the newest schema." in result.output


@pytest.mark.both_databases
def test_an_older_one_may_be_migrated_while_no_other_host_works_in_it(
    app: Flask, empty_url: str
) -> None:
    upgrade(empty_url, "0001")
    engine = make_engine(empty_url)
    db.bind(engine)
    beats.beat(f"{HERE}-40")  # which the upgrade stops itself
    assert run(app).exit_code == 3
    beats.beat("web2-41")
    result = run(app)
    assert result.exit_code == 4
    assert "Workers of other hosts use the database (web2-41)" in result.output
    db.session.remove()
    engine.dispose()
