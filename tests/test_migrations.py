"""The migrations lead to the models, on both databases, and keep what is there."""

import json
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, inspect, text

from app.accounts.models import PasswordLink, Person, Workspace
from app.db import Model, db, make_engine, utcnow
from app.migrating import alembic_config, upgrade

FIRST = "0001"


@pytest.fixture
def empty_url(request, database_url, tmp_path):
    """Like database_url, but without any table."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql")
    name = server.new_database()
    yield server.url(name)
    server.drop(name)


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
    _fill(engine)
    before = _counts(engine)
    upgrade(empty_url)
    assert _counts(engine) == before


@pytest.mark.both_databases
def test_going_back_and_forth_loses_no_row(engine, empty_url):
    """Rebuilding a table on SQLite deletes the rows that point at it, unless care is taken."""
    _fill(engine)
    before = _counts(engine)
    engine.dispose()
    command.downgrade(alembic_config(empty_url), FIRST)
    command.upgrade(alembic_config(empty_url), "head")
    assert _counts(engine) == before


@pytest.mark.both_databases
def test_going_back_makes_evidence_whole(engine, empty_url):
    _fill(engine)
    _fill_evidence(engine, [_whole("a", "b"), _delta(["c"], ["a"]), _delta(["d"], []), _whole("e")])
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
    assert after["source_version"] == before["source_version"] == 1


@pytest.mark.both_databases
def test_evidence_from_before_is_kept(empty_url):
    command.upgrade(alembic_config(empty_url), FIRST)
    engine = make_engine(empty_url)
    _fill(engine)
    _fill_evidence(engine, [_whole("a", "b"), _whole("b")])
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


def _fill(engine):
    db.bind(engine)
    db.session.add(Workspace(id=1, name="Tally", time_zone="UTC"))
    for number in range(3):
        person = Person(name=f"Person {number}", email=f"{number}@example.com")
        db.session.add_all([person, PasswordLink.make(person)[0]])
    db.session.commit()
    db.session.remove()


def _counts(engine):
    with engine.connect() as connection:
        return {
            table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()
            for table in inspect(connection).get_table_names()
        }


def _whole(*ids):
    return [{"id": one} for one in ids]


def _delta(entered, left):
    return {"entered": _whole(*entered), "left": left}


def _fill_evidence(engine, contents):
    """A source with one version, and its evidence; each that is a change builds on the one before.

    By the tables as they are in the database, which may be those of the first revision.
    """
    now = utcnow().replace(tzinfo=None) if engine.dialect.name == "sqlite" else utcnow()
    tables = MetaData()
    tables.reflect(engine)

    def add(name, **values):
        connection.execute(tables.tables[name].insert().values(**values))

    with engine.begin() as connection:
        add("measure", id=1, kind="percent", start_value="0", target_value="100", unit="", series=1)
        add("source", id=1, integration="trello", measure_id=1, linked_by_id=1, created_at=now)
        add("source_version", id=1, source_id=1, made_at=now, made_by_id=1, definition={})
        for number, content in enumerate(contents, 1):
            base = {"base_id": number - 1} if isinstance(content, dict) else {}
            payload = zlib.compress(json.dumps(content).encode())
            row = {"id": number, "source_version_id": 1, "taken_at": now, "digest": str(number)}
            add("evidence", **row, payload=payload, **base)


def _counted(engine):
    """The ids in each row of evidence, every one of which must be whole."""
    with engine.connect() as connection:
        payloads = connection.scalars(text("SELECT payload FROM evidence ORDER BY id")).all()
    return [[one["id"] for one in json.loads(zlib.decompress(payload))] for payload in payloads]
