"""The migrations lead to the models, on both databases, and keep what is there."""

import json
import os
import stat
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Boolean, bindparam, inspect, select, text
from sqlalchemy.exc import IntegrityError

from app.config import ROOT
from app.db import Model, db, make_engine
from app.migrating import alembic_config, upgrade
from app.names import as_compared
from tests.support.filled import PUT_IN, delta, fill, fill_evidence, tables_of, whole

FIRST = "0001"
COPIES = "trello_board_copy"
"""Kept for a minute at most, and emptied on either way."""


@pytest.fixture
def engine(empty_url):
    upgrade(empty_url)
    engine = make_engine(empty_url)
    yield engine
    db.session.remove()
    engine.dispose()


@pytest.mark.both_databases
def test_migrations_match_the_models(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Model.metadata) == []


@pytest.mark.both_databases
def test_a_second_run_changes_nothing(engine, empty_url):
    fill(engine)
    before = _counts(engine)
    upgrade(empty_url)
    assert _counts(engine) == before


def test_a_new_database_is_for_its_owner_alone(tmp_path):
    """Whatever the rights of the directory, and of new files on this machine."""
    files = [tmp_path / name for name in ("new.sqlite3", "new.sqlite3-wal", "new.sqlite3-shm")]
    before = os.umask(0o022)
    try:
        upgrade(f"sqlite:///{files[0]}")
        engine = make_engine(f"sqlite:///{files[0]}")
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
            assert [stat.S_IMODE(one.stat().st_mode) for one in files] == [0o600] * 3
        engine.dispose()
    finally:
        os.umask(before)


def test_neither_web_nor_worker_loads_alembic(tmp_path):
    """Each of them would hold 10 MB more."""
    code = "import sys, worker; worker.create_app(); sys.exit('alembic' in sys.modules)"
    environ = os.environ | {"DATA_DIR": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ).returncode == 0


@pytest.mark.both_databases
def test_going_back_and_forth_loses_no_row(engine, empty_url):
    """Rebuilding a table on SQLite deletes the rows that point at it, unless care is taken."""
    fill(engine)
    before = _counts(engine)
    engine.dispose()
    command.downgrade(alembic_config(empty_url), FIRST)
    emptied = {COPIES, *before} - (_counts(engine).keys() - {COPIES})
    engine.dispose()
    command.upgrade(alembic_config(empty_url), "head")
    after = before | dict.fromkeys(emptied, 0)
    assert _counts(engine) == after | dict.fromkeys(PUT_IN, 1)


@pytest.mark.both_databases
def test_what_the_first_tables_held_is_kept_on_the_way_up_and_back(empty_url):
    config = alembic_config(empty_url)
    command.upgrade(config, FIRST)
    engine = make_engine(empty_url)
    fill(engine)
    fill_evidence(engine, [whole("a", "b"), whole("b")])
    tables = tables_of(engine)
    before = _contents(engine, tables)
    assert all(before.values()), "every table holds something to lose"
    after = before | {COPIES: []}
    for way, revision in ((command.upgrade, "head"), (command.downgrade, FIRST)):
        engine.dispose()
        way(config, revision)
        assert _contents(engine, tables) == after
    engine.dispose()


@pytest.mark.both_databases
def test_going_back_makes_evidence_whole(engine, empty_url):
    fill(engine)
    fill_evidence(engine, [whole("a", "b"), delta(["c"], ["a"]), delta(["d"], []), whole("e")])
    before = _counts(engine)
    engine.dispose()
    command.downgrade(alembic_config(empty_url), FIRST)
    wholes = [["a", "b"], ["b", "c"], ["b", "c", "d"], ["e"]]
    assert _counted(engine) == wholes
    engine.dispose()
    command.upgrade(alembic_config(empty_url), "head")
    assert _counted(engine) == wholes
    after = _counts(engine)
    assert after["evidence"] == before["evidence"] == 4
    assert after["source_version"] == before["source_version"] == 3
    assert after["reading"] == before["reading"] == 3 + 4


@pytest.mark.both_databases
def test_evidence_from_before_is_kept(empty_url):
    command.upgrade(alembic_config(empty_url), FIRST)
    engine = make_engine(empty_url)
    fill(engine)
    fill_evidence(engine, [whole("a", "b"), whole("b")])
    engine.dispose()
    command.upgrade(alembic_config(empty_url), "head")
    assert _counted(engine) == [["a", "b"], ["b"]]
    engine.dispose()


@pytest.mark.both_databases
def test_going_all_the_way_back_leaves_no_table(engine, empty_url):
    engine.dispose()
    command.downgrade(alembic_config(empty_url), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    command.upgrade(alembic_config(empty_url), "head")


@pytest.mark.both_databases
def test_two_processes_at_once_take_turns(empty_url):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade, [empty_url, empty_url]))
    engine = make_engine(empty_url)
    assert "person" in inspect(engine).get_table_names()
    engine.dispose()


@pytest.mark.both_databases
def test_nobody_gains_a_right_on_the_way_back(engine, empty_url):
    fill(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE person SET role = 'observer' WHERE id = 2"))
        connection.execute(text("UPDATE trello_connection SET sharing = 'people' WHERE id = 3"))
    engine.dispose()
    command.downgrade(alembic_config(empty_url), "0002")
    with engine.connect() as connection:
        people = connection.execute(text("SELECT id, role, is_active FROM person ORDER BY id"))
        assert [tuple(row) for row in people] == [
            (1, "admin", True),
            (2, "member", False),
            (3, "admin", True),
        ]
        sharing = connection.scalars(text("SELECT sharing FROM trello_connection ORDER BY id"))
        assert sharing.all() == ["private"] * 3


@pytest.mark.both_databases
def test_private_objectives_keep_the_schema_from_going_back(engine, empty_url):
    fill(engine)
    with engine.begin() as connection:
        private = text("UPDATE objective SET is_private = :yes WHERE id = 1")
        connection.execute(private.bindparams(bindparam("yes", True, Boolean())))
    engine.dispose()
    with pytest.raises(RuntimeError, match="private objectives"):
        command.downgrade(alembic_config(empty_url), "0002")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0003"


@pytest.mark.both_databases
def test_objectives_keep_what_their_key_results_make_of_them(empty_url):
    """It was worked out whenever it was shown, up to 0003."""
    command.upgrade(alembic_config(empty_url), FIRST)
    engine = make_engine(empty_url)
    fill(engine)
    with engine.begin() as connection:
        for change in (
            "UPDATE measure SET kind = 'roll_up', value = NULL WHERE id = 1",
            "DELETE FROM reading WHERE measure_id = 1",
            "DELETE FROM key_result WHERE id = 1",
            "UPDATE key_result SET objective_id = 1",
            "UPDATE reading SET value = '40' WHERE measure_id = 2",
        ):
            connection.execute(text(change))
        if engine.dialect.name == "postgresql":  # which does not see that rows came with a number
            connection.execute(text("ALTER SEQUENCE reading_id_seq RESTART WITH 10"))
    for _ in ("the first time", "again, after going back"):
        engine.dispose()
        upgrade(empty_url)
        with engine.connect() as connection:
            said = "SELECT value FROM {} WHERE {} = 1 ORDER BY id"
            assert connection.scalar(text(said.format("measure", "id"))) == "41/2"
            found = connection.scalars(text(said.format("reading", "measure_id")))
            assert found.all() == ["20", "41/2"]
            noted = connection.scalars(text("SELECT measure_id FROM unsettled"))
            assert noted.all() == [1], "its parts are counted on the first turn"
        engine.dispose()
        command.downgrade(alembic_config(empty_url), FIRST)


@pytest.mark.both_databases
def test_cycles_of_one_name_are_told_apart_and_there_is_no_other_of_it(empty_url):
    command.upgrade(alembic_config(empty_url), "0004")
    engine = make_engine(empty_url)
    insert = text("INSERT INTO cycle (name, starts_on, ends_on) VALUES (:name, :day, :day)")
    names = ["Spring", "Autumn (2)", "SPRING", "Spring (2)", "spring", "Autumn", "autumn", "x" * 80]
    rows = [*names, "X" * 80]
    with engine.begin() as connection:
        days = [date(2026, 1, number) for number in range(1, len(rows) + 1)]
        if engine.dialect.name == "sqlite":
            days = [day.isoformat() for day in days]
        values = [{"name": name, "day": day} for name, day in zip(rows, days, strict=True)]
        connection.execute(insert, values)
    engine.dispose()
    upgrade(empty_url)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT name, key FROM cycle ORDER BY id")).all()
    assert [name for name, _ in kept] == [
        "Spring",
        "Autumn (2)",
        "SPRING (3)",
        "Spring (2)",
        "spring (4)",
        "Autumn",
        "autumn (3)",
        "x" * 80,
        "X" * 76 + " (2)",
    ]
    assert all(key == as_compared(name) for name, key in kept)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE cycle SET key = 'spring' WHERE name = 'Autumn'"))
    engine.dispose()


def _contents(engine, tables):
    """All rows of these tables, as far as they have these columns."""
    with engine.connect() as connection:
        return {
            table.name: sorted(
                repr(row) for row in connection.execute(select(*table.columns)).all()
            )
            for table in tables.sorted_tables
            if table.name != "alembic_version"
        }


def _counts(engine):
    with engine.connect() as connection:
        return {
            table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()
            for table in inspect(connection).get_table_names()
        }


def _counted(engine):
    """The ids in each row of evidence, every one of which must be whole."""
    with engine.connect() as connection:
        payloads = connection.scalars(text("SELECT payload FROM evidence ORDER BY id")).all()
    return [[one["id"] for one in json.loads(zlib.decompress(payload))] for payload in payloads]
