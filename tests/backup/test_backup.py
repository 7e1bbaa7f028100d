"""Backups: everything at one moment, brought back into either database, and nothing else."""

import gzip
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import Connection, Engine, Text, inspect, make_url, select, text

from app.accounts.models import Person, PersonSession
from app.audit.models import AuditEntry
from app.backup import copying
from app.backup.archive import Damaged
from app.backup.copying import CannotRestore, make_backup, restore
from app.backup.rows import LEFT_OUT
from app.config import Config, load_config
from app.config_error import ConfigError
from app.db import Model, db, make_engine, utcnow
from app.migrating import is_newest, upgrade
from tests.support.filled import fill, fill_evidence, whole
from tests.support.memory import memory
from tests.support.people import make_person
from tests.support.postgresql import Server

KEY, OTHER_KEY = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def filled(request: pytest.FixtureRequest, empty_url: str) -> Iterator[Engine]:
    """A database with rows in every table, beside that of the app."""
    engine = make_engine(_with_tables(request, empty_url))
    fill(engine)
    fill_evidence(engine, [whole("a", "b"), whole("b")])
    yield engine
    engine.dispose()


def _with_tables(request: pytest.FixtureRequest, empty_url: str) -> str:
    """A copy, as the migrations that make them take longer than a backup."""
    database = make_url(empty_url).database
    assert database
    if empty_url.startswith("sqlite"):
        shutil.copyfile(request.getfixturevalue("sqlite_template"), database)
    else:
        server: Server = request.getfixturevalue("postgresql")
        server.drop(database)
        server.new_database(request.getfixturevalue("postgresql_template"), database)
    return empty_url


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a database is made without waiting for a disk."""
    with TemporaryDirectory(prefix="tally-backup-", dir=memory()) as path:
        yield Path(path)


@pytest.fixture
def elsewhere(folder: Path) -> str:
    return f"sqlite:///{folder / 'elsewhere.sqlite3'}"


def rows_in(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row as the models read it; of JSON its text, which tells null from nothing."""
    found = {}
    with engine.connect() as connection:
        for name, table in Model.metadata.tables.items():
            columns = [
                column.cast(Text) if column.type.__class__.__name__ == "JSON" else column
                for column in table.columns
            ]
            rows = connection.execute(select(*columns)).all()
            found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def rows_at(url: str) -> dict[str, list[tuple[Any, ...]]]:
    engine = make_engine(url)
    try:
        return rows_in(engine)
    finally:
        engine.dispose()


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as found:
        connection = found.execution_options(sqlite_write=True)
        with connection.begin():
            yield connection


@pytest.mark.both_databases
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_every_row_comes_back_in_either_database(
    filled: Engine,
    target: str,
    elsewhere: str,
    folder: Path,
    request: pytest.FixtureRequest,
) -> None:
    before = rows_in(filled)
    assert all(before.values()), "every table holds something to lose"
    if target == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        name = server.new_database()
        elsewhere = server.url(name)
    path = make_backup(filled, folder / "backups", folder, (), utcnow())
    contents = restore(path, elsewhere, ())
    assert rows_at(elsewhere) == before | dict.fromkeys(LEFT_OUT & before.keys(), [])
    assert contents.sums["evidence"].row_count == 2
    if target == "postgresql":
        server.drop(name)


@pytest.mark.both_databases
def test_a_backup_under_writes_holds_one_moment(
    filled: Engine, elsewhere: str, folder: Path
) -> None:
    """Somebody gives people and objectives the same new name, over and over."""
    stop, failed, done = threading.Event(), [], []

    def write() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                name = {"name": f"name {number}"}
                with _writing(filled) as connection:
                    connection.execute(text("UPDATE person SET name = :name"), name)
                    connection.execute(text("UPDATE objective SET title = :name"), name)
                done.append(number)
        except Exception as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not done:
            time.sleep(0.01)
        for turn in range(2):
            so_far = len(done)
            path = make_backup(filled, folder / "backups", folder, (), utcnow())
            url = elsewhere.replace("elsewhere", f"elsewhere{turn}")
            restore(path, url, ())
            engine = make_engine(url)
            with engine.connect() as connection:
                names = set(connection.scalars(text("SELECT name FROM person")))
                titles = set(connection.scalars(text("SELECT title FROM objective")))
            engine.dispose()
            assert len(names) == 1
            assert names == titles
            assert len(done) > so_far, "it was written meanwhile"
    finally:
        stop.set()
        writer.join()
    assert failed == [], "nobody had to wait too long"


@pytest.mark.both_databases
def test_an_older_backup_becomes_one_of_the_newest_schema(
    empty_url: str, elsewhere: str, folder: Path
) -> None:
    upgrade(empty_url, "0001")
    engine = make_engine(empty_url)
    fill(engine)
    fill_evidence(engine, [whole("a")])
    path = make_backup(engine, folder / "backups", folder, (), utcnow())
    engine.dispose()
    assert restore(path, elsewhere, ()).revision == "0001"
    upgrade(empty_url)
    upgraded = rows_at(empty_url)
    assert rows_at(elsewhere) == upgraded | dict.fromkeys(LEFT_OUT & upgraded.keys(), [])


@pytest.mark.both_databases
def test_numbers_of_those_who_are_gone_are_not_given_again(
    app: Flask, alice: Person, bob: Person, elsewhere: str, folder: Path
) -> None:
    gone = bob.id
    db.session.delete(bob)
    db.session.commit()
    path = make_backup(db.engine, folder / "backups", folder, (), utcnow())
    restore(path, elsewhere, ())
    engine = make_engine(elsewhere)
    db.bind(engine)
    try:
        assert make_person("Carol Clark").id > gone
    finally:
        db.session.remove()
        engine.dispose()


def test_a_row_may_point_at_a_later_one_of_its_table(
    filled: Engine, elsewhere: str, folder: Path
) -> None:
    with _writing(filled) as connection:
        connection.execute(text("UPDATE team SET parent_id = NULL"))
        connection.execute(text("UPDATE team SET parent_id = 3 WHERE id = 1"))
    path = make_backup(filled, folder / "backups", folder, (), utcnow())
    restore(path, elsewhere, ())
    assert rows_at(elsewhere)["team"] == rows_in(filled)["team"]


def test_a_sealed_one_is_opened_by_its_keys_alone(
    filled: Engine, elsewhere: str, folder: Path
) -> None:
    path = make_backup(filled, folder / "backups", folder, (KEY,), utcnow())
    assert b"alembic" not in path.read_bytes()
    with pytest.raises(Damaged, match="is encrypted: set BACKUP_KEY"):
        restore(path, elsewhere, ())
    with pytest.raises(Damaged, match="BACKUP_KEY is not the key"):
        restore(path, elsewhere, (OTHER_KEY,))
    restore(path, elsewhere, (OTHER_KEY, KEY))
    assert rows_at(elsewhere)["person"] == rows_in(filled)["person"]


@pytest.mark.parametrize("harm", ["a row left out", "the end left out"])
def test_a_file_that_lacks_something_leaves_nobody_behind(
    filled: Engine, elsewhere: str, folder: Path, harm: str
) -> None:
    path = make_backup(filled, folder / "backups", folder, (), utcnow())
    first, rest = path.read_bytes().split(b"\n", 1)
    lines = gzip.decompress(rest).splitlines(keepends=True)
    at = next(index for index, line in enumerate(lines) if line.startswith(b"["))
    del lines[at if harm == "a row left out" else -1]
    path.write_bytes(first + b"\n" + gzip.compress(b"".join(lines)))
    with pytest.raises(Damaged):
        restore(path, elsewhere, ())
    assert _people_at(elsewhere) == 0


def _people_at(url: str) -> int:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            if "person" not in inspect(connection).get_table_names():
                return 0
            return connection.scalar(text("SELECT count(*) FROM person")) or 0
    finally:
        engine.dispose()


def test_nobody_is_written_over(filled: Engine, app: Flask, alice: Person, folder: Path) -> None:
    path = make_backup(filled, folder / "backups", folder, (), utcnow())
    url: str = app.extensions["tally_config"].database_url
    before = rows_at(url)
    with pytest.raises(CannotRestore, match="people are in it"):
        restore(path, url, ())
    assert rows_at(url) == before


def test_what_is_there_is_replaced_where_that_is_said_as_it_was(
    folder: Path,
) -> None:
    upgrade(older := f"sqlite:///{folder / 'older.sqlite3'}", "0001")
    engine = make_engine(older)
    fill(engine)
    before = _titles(engine)
    path = make_backup(engine, folder / "backups", folder, (), utcnow())
    upgrade(older)
    restore(path, older, (), may_replace=True, as_it_was=True)
    assert (_titles(engine), is_newest(engine)) == (before, False)
    engine.dispose()


@pytest.mark.parametrize("harm", ["cut off", "its end left out", "of a schema nobody knows"])
def test_what_is_there_goes_only_for_a_whole_backup(
    filled: Engine, app: Flask, alice: Person, folder: Path, harm: str
) -> None:
    path = make_backup(filled, folder / "backups", folder, (), utcnow())
    first, rest = path.read_bytes().split(b"\n", 1)
    lines = gzip.decompress(rest).splitlines(keepends=True)
    if harm == "its end left out":
        lines.pop()
    if harm == "of a schema nobody knows":
        lines[0] = lines[0].replace(b'"revision": "', b'"revision": "9')
    packed = gzip.compress(b"".join(lines))
    path.write_bytes(first + b"\n" + (packed[:-100] if harm == "cut off" else packed))
    url: str = app.extensions["tally_config"].database_url
    before = rows_at(url)
    with pytest.raises((Damaged, CannotRestore)):
        restore(path, url, (), may_replace=True)
    assert rows_at(url) == before


def _titles(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT title FROM objective ORDER BY id")))


def test_tables_of_others_are_left_alone(filled: Engine, elsewhere: str, folder: Path) -> None:
    path = make_backup(filled, folder / "backups", folder, (), utcnow())
    engine = make_engine(elsewhere)
    with _writing(engine) as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    with pytest.raises(CannotRestore, match="not Tally's"):
        restore(path, elsewhere, ())
    assert inspect(engine).get_table_names() == ["theirs"]
    engine.dispose()


def test_a_backup_of_a_newer_tally_is_not_guessed_at(
    filled: Engine, elsewhere: str, folder: Path
) -> None:
    path = make_backup(filled, folder / "backups", folder, (), utcnow())
    first, rest = path.read_bytes().split(b"\n", 1)
    for old, new in (
        (b'"revision": "', b'"revision": "9'),
        (b'"tally_backup": ', b'"tally_backup": 9'),
    ):
        newer = gzip.compress(gzip.decompress(rest).replace(old, new, 1))
        path.write_bytes(first + b"\n" + newer)
        with pytest.raises(CannotRestore, match="newer"):
            restore(path, elsewhere, ())
    path.write_bytes(b"hello")
    with pytest.raises(Damaged, match="no backup"):
        restore(path, elsewhere, ())


def test_one_that_can_t_be_brought_back_is_not_kept(
    filled: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows = copying.write_rows

    def forgetful(connection: Any, table: Any, names: Any, rows: Any) -> None:
        write_rows(connection, table, names, list(rows)[: 2 if table.name == "tag" else None])

    monkeypatch.setattr(copying, "write_rows", forgetful)
    with pytest.raises(Damaged, match="does not come back|can't be put together"):
        make_backup(filled, folder / "backups", folder, (), utcnow())
    assert list((folder / "backups").iterdir()) == []


def test_what_one_that_was_killed_left_is_cleared_away(filled: Engine, folder: Path) -> None:
    backups, now = folder / "backups", utcnow()
    backups.mkdir()
    for age in (0, 2):
        draft, check = backups / f"tally-{age}.draft", folder / f"tally-check-{age}"
        draft.touch()
        check.mkdir()
        (check / "check.sqlite3").touch()
        then = (now - timedelta(days=age)).timestamp()
        os.utime(draft, (then, then))
        os.utime(check, (then, then))
    path = make_backup(filled, backups, folder, (), now)
    assert set(backups.iterdir()) == {path, backups / "tally-0.draft"}
    assert list(folder.glob("tally-check-*")) == [folder / "tally-check-0"]


def test_nothing_beside_a_sealed_one_can_be_read(
    filled: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever copies the directory may do so at any moment, to where anyone may look."""
    seen = []

    def watched(path: Path, url: str, *words: Any, **how: Any) -> Any:
        seen.extend(one.read_bytes()[:19] for one in path.parent.iterdir())
        return restore(path, url, *words, **how)

    monkeypatch.setattr(copying, "restore", watched)
    make_backup(filled, folder / "backups", folder, (KEY,), utcnow())
    assert seen == [b"tally-backup sealed"]


def run(app: Flask, *words: str) -> Result:
    db.session.remove()
    return app.test_cli_runner().invoke(args=list(words))


def test_the_command_keeps_what_it_is_told_and_says_what_is_not_in_it(
    app: Flask, alice: Person, config: Config
) -> None:
    for _ in range(2):
        result = run(app, "backup", "--keep", "1")
        assert result.exit_code == 0
    assert "read back and found the same" in result.output
    assert "not encrypted: BACKUP_KEY is not set" in result.output
    assert "Not in it: the keys" in result.output
    folder = config.data_dir / "backups"
    [kept] = folder.iterdir()
    assert str(kept) in result.output
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    said = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [one.action for one in said] == ["backup.made"] * 2
    assert said[-1].thing_name == kept.name


def test_a_database_of_before_the_upgrade_is_backed_up_too(
    app: Flask, config: Config, folder: Path
) -> None:
    upgrade(older := f"sqlite:///{folder / 'older.sqlite3'}", "0001")
    engine = make_engine(older)
    fill(engine)
    db.bind(engine)
    app.extensions["tally_config"] = replace(config, database_url=older)
    assert run(app, "backup").exit_code == 0
    [path] = (config.data_dir / "backups").iterdir()
    result = run(app, "restore", "--replace", "--as-it-was", str(path))
    assert result.exit_code == 0, result.output
    assert not is_newest(engine)
    engine.dispose()


def test_the_command_says_why_there_is_none(app: Flask, alice: Person, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    result = run(app, "backup", "--to", str(blocked / "below"))
    assert result.exit_code == 1
    assert "No backup was made." in result.output
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_the_command_says_that_the_database_is_of_a_newer_tally(app: Flask, alice: Person) -> None:
    with _writing(db.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    result = run(app, "backup")
    assert result.exit_code == 1
    assert "No backup was made. The backup has schema 9999" in result.output


def test_where_no_tally_was_started_there_is_nothing_to_back_up(
    app: Flask, config: Config, empty_url: str
) -> None:
    engine = make_engine(empty_url)
    db.bind(engine)
    result = run(app, "backup")
    engine.dispose()
    assert result.exit_code == 1
    assert "No backup was made. There is no Tally in " in result.output
    assert not (config.data_dir / "backups").exists()


def test_a_database_that_can_t_be_reached_is_named(app: Flask, config: Config) -> None:
    engine = make_engine("postgresql+psycopg://tally:hidden-word@127.0.0.1:1/tally")
    db.bind(engine)
    result = run(app, "backup")
    engine.dispose()
    assert result.exit_code == 1
    assert "No backup was made. The database says: connection failed" in result.output
    assert "hidden-word" not in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_the_other_database_refuses_is_said_without_the_row(
    app: Flask, alice: Person, config: Config, postgresql: Server
) -> None:
    alice.name = "Alice\0Adams"
    db.session.commit()
    assert run(app, "backup").exit_code == 0
    [path] = (config.data_dir / "backups").iterdir()
    name = postgresql.new_database()
    app.extensions["tally_config"] = replace(config, database_url=postgresql.url(name))
    result = run(app, "restore", str(path))
    postgresql.drop(name)
    assert result.exit_code == 1
    assert "Nothing was brought back. The database says: " in result.output
    assert "Alice" not in result.output


def test_bringing_back_by_command(
    app: Flask, alice: Person, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.session.add(
        PersonSession(person_id=alice.id, token_hash="of a session", address="", agent="")
    )
    db.session.commit()
    config: Config = app.extensions["tally_config"]
    app.extensions["tally_config"] = sealed = replace(config, backup_keys=(KEY,))
    assert "encrypted" in run(app, "backup").output
    [path] = (config.data_dir / "backups").iterdir()
    assert "people are in it" in run(app, "restore", str(path)).output
    app.extensions["tally_config"] = replace(sealed, database_url=elsewhere)
    engine = make_engine(elsewhere)
    db.bind(engine)
    result = run(app, "restore", str(path))
    assert result.exit_code == 0, result.output
    assert "each table compared and found the same" in result.output
    assert db.session.scalars(select(Person.name)).all() == ["Alice Adams"]
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None
    assert (last.action, last.thing_name) == ("backup.restored", path.name)
    db.session.remove()
    engine.dispose()


def test_a_wrong_backup_key_stops_the_start(config: Config) -> None:
    with pytest.raises(ConfigError, match="BACKUP_KEY must be 32 random bytes"):
        load_config({"DATA_DIR": os.fspath(config.data_dir), "BACKUP_KEY": "short"})
