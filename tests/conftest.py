"""Fixtures for the whole suite: an app on a database of its own, a browser and the cast."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from argon2 import PasswordHasher
from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache
from pytest_socket import socket_allow_hosts

from app.accounts.models import ADMIN, Person, Workspace
from app.config import Config, load_config
from app.db import db
from app.migrating import upgrade
from tests.okrs.abacus import add_to
from tests.support.browsers import chromium, driver, launched  # noqa: F401  (fixtures)
from tests.support.client import Client
from tests.support.kept import Kept
from tests.support.memory import memory
from tests.support.people import make_person
from tests.support.postgresql import Server, binaries, running_server
from tests.support.shared_app import own_app, shared_app

# How long a test takes depends on what else the machine does; speed is kept by the bench.
settings.register_profile("tally", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tally")

# Whatever is imported stays to the end.
gc.set_threshold(100_000, 20, 20)

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
KEYS = {
    "SECRET_KEY": "a secret key for tests, of more than 32 characters",
    "ENCRYPTION_KEY": "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGU=",
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """No test reaches beyond this machine."""
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


def pytest_collection_finish() -> None:
    """The app and the tests stay to the end, so nobody needs to look for garbage in them.

    A request leaves little behind, and thousands of objects may come before the next look.
    """
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests marked both_databases run twice."""
    if metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A page's template is compiled once for all apps, also of the other processes of a run."""
    directory = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        directory = directory.parent
    (directory / "templates").mkdir(exist_ok=True)
    cache = FileSystemBytecodeCache(str(directory / "templates"))
    Flask.jinja_options = {"bytecode_cache": cache}


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """A password's hash is slow by design, which the guesses of tests need not wait for."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.accounts.models._hasher", quick)
        patch.setattr("app.accounts.models._nobody_hash", quick.hash("of nobody"))
        yield


@pytest.fixture(scope="session")
def sqlite_template() -> Iterator[Path]:
    """An SQLite file with all tables, to be copied."""
    with TemporaryDirectory(prefix="tally-sqlite-", dir=memory()) as directory:
        path = Path(directory) / "template.sqlite3"
        upgrade(f"sqlite:///{path}")
        yield path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed here: apt-get install postgresql brings it")
    with running_server(programs) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: Server) -> str:
    """The name of a database with all tables, to be copied."""
    name = postgresql.new_database()
    upgrade(postgresql.url(name))
    return name


@pytest.fixture
def database_url(request: pytest.FixtureRequest, sqlite_template: Path) -> Iterator[str]:
    """A database with all tables and no rows: SQLite, unless the marker or the run asks for more.

    TALLY_TEST_DATABASE=postgresql runs every test on PostgreSQL.
    """
    kind = getattr(request, "param", os.environ.get("TALLY_TEST_DATABASE", "sqlite"))
    if kind == "sqlite":
        # At one place for all tests, so that what is compiled for it serves them all.
        path = sqlite_template.with_name("tally.sqlite3")
        _remove_database(path)  # what something late of the test before may have made anew
        shutil.copyfile(sqlite_template, path)
        yield f"sqlite:///{path}"
        _remove_database(path)
        return
    server: Server = request.getfixturevalue("postgresql")
    name = "tally"  # of all tests, likewise
    server.new_database(request.getfixturevalue("postgresql_template"), name)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """Like database_url, but without any table."""
    if database_url.startswith("sqlite"):
        with TemporaryDirectory(prefix="tally-empty-", dir=memory()) as directory:
            yield f"sqlite:///{directory}/empty.sqlite3"
        return
    server: Server = request.getfixturevalue("postgresql")
    name = server.new_database()
    yield server.url(name)
    server.drop(name)


def _remove_database(path: Path) -> None:
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    """Settings with fixed keys and a data directory of the test's own."""
    # Below a short path: the address of a Unix socket holds no more than 107 bytes.
    return load_config(KEYS | {"DATA_DIR": str(tmp_path), "DATABASE_URL": database_url})


@pytest.fixture
def app(config: Config, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The app on the test's database. Push no app context around requests: they would share `g`.

    Building it takes longer than most tests do, so they share what they can't change. One that
    asks with `own_app` has it built anew, with limits on guessing.
    """
    if request.node.get_closest_marker("own_app"):
        app = own_app(config)
    else:
        app = shared_app(config, add_to if "abacus" in request.fixturenames else None)
    app.testing = True
    db.engine.dispose()  # what was opened after the test before would lead to a file that is gone
    yield app
    db.session.remove()
    db.engine.dispose()


@pytest.fixture(autouse=True)
def turns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a turn at Trello: without Redis, a test would after nine requests."""
    monkeypatch.setattr("app.trello.quota.Turns.take", lambda turns, path: None)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """What is told of long work, which is nothing without Redis."""
    kept = Kept()
    monkeypatch.setattr("app.progress.client", lambda: kept)
    return kept


@pytest.fixture
def client(app: Flask) -> Client:
    return Client(app)


@pytest.fixture
def workspace(app: Flask) -> Workspace:
    """The workspace, in UTC."""
    workspace = Workspace(id=1, name="Tally", time_zone="UTC")
    db.session.add(workspace)
    db.session.commit()
    return workspace


@pytest.fixture
def alice(workspace: Workspace) -> Person:
    return make_person("Alice Adams", ADMIN)


@pytest.fixture
def bob(workspace: Workspace) -> Person:
    return make_person("Bob Brown")


@pytest.fixture
def carol(workspace: Workspace) -> Person:
    return make_person("Carol Clark")


@pytest.fixture
def dave(workspace: Workspace) -> Person:
    return make_person("Dave Dunn", is_active=False)
