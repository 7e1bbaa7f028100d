"""Bringing a database to the newest schema, from the commands, at the start and in tests."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from app.config import ROOT
from app.config_error import ConfigError

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig
    from alembic.script import ScriptDirectory

_LOCK_NUMBER = 7_411_553
"""Of PostgreSQL's advisory lock: any number, as long as every version of Tally uses the same."""


def upgrade(database_url: str, revision: str = "head") -> None:
    """Run the migrations that the database lacks; two processes at once take turns.

    Raises Alembic's CommandError where there is no such revision.
    """
    # Here, not above: Alembic takes 10 MB, and web and worker import this module too.
    from alembic import command

    with _alone(database_url):
        command.upgrade(alembic_config(database_url), revision)


def is_newest(engine: Engine) -> bool:
    """Whether the database has the schema that this Tally works with."""
    from alembic.runtime.migration import MigrationContext

    newest = _revisions().get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest


@cache
def newest_revision() -> str:
    """The schema that this Tally works with, without loading Alembic: migrations are numbered."""
    files = (ROOT / "migrations" / "versions").glob("[0-9]*_*.py")
    return max(path.name.partition("_")[0] for path in files)


def knows(revision: str) -> bool:
    """Whether this Tally has a schema of that name."""
    return any(one.revision == revision for one in _revisions().walk_revisions())


def _revisions() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config(""))


def alembic_config(database_url: str) -> "AlembicConfig":
    """What Alembic's commands need to work on this database, silently."""
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.attributes["database_url"] = database_url
    return config


@contextmanager
def _alone(database_url: str) -> Iterator[None]:
    """Raises ConfigError where there is no database to be reached."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            yield
            return
        with _lock_beside(Path(url.database)):
            yield
        return
    engine = create_engine(url)
    try:
        with _reach(engine) as connection:  # the lock lasts as long as this connection
            connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": _LOCK_NUMBER})
            yield
    finally:
        engine.dispose()


def _lock_beside(database: Path) -> IO[str]:
    """Held as long as the file is open. Makes the database where there is none, for its owner
    alone: SQLite would let everyone on the machine read it, and gives its other files its rights.
    """
    try:
        database.touch(mode=0o600)
        lock = open(database.with_name(f"{database.name}.migrating"), "w")  # noqa: SIM115
    except OSError as error:
        raise ConfigError(
            "DATABASE_URL names a file that can't be made: check its directory."
        ) from error
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _reach(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except OperationalError as error:
        raise ConfigError(
            "The database can't be reached: check DATABASE_URL, and whether its server runs."
        ) from error
