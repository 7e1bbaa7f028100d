"""The database: engine, session, model base."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Result,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session, sessionmaker
from sqlalchemy.types import TypeDecorator

from app.exact import Exact
from app.server_time import follow, server_time
from app.slow_work import tell_slow_statements

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

T = TypeVar("T")

_WRITES = {"sqlite_write": True}
_BATCH = 500
_NO_LONG_SILENCE = {
    # A host whose network is cut says nothing: whoever waits for it is told after some seconds.
    "connect_timeout": 4,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 6_000,
    # So does the server, or rows that such a host had locked would stay so for hours.
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2"
    " -c tcp_user_timeout=15000 -c idle_in_transaction_session_timeout=300000",
}


def utcnow() -> datetime:
    """This moment, aware, in UTC; by the clock of the database's server, where that is one."""
    return server_time.now()


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. SQLite forgets zones, so they are put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Model(DeclarativeBase):
    """Base of all models; constraints are named, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment, Fraction: Exact}


def make_engine(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL.

    On SQLite a transaction that will write begins as one (BEGIN IMMEDIATE): a reader that turns
    into a writer is refused at once when another wrote in between, however long it may wait.
    Values stay out of what a failed statement says, and so out of the log.
    """
    if not url.startswith("sqlite"):
        said = make_url(url).query
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=5,
            pool_recycle=1800,
            connect_args={k: v for k, v in _NO_LONG_SILENCE.items() if k not in said},
        )
        tell_slow_statements(engine)
        return engine
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 15})
    tell_slow_statements(engine)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late and too weak
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "busy_timeout=15000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("sqlite_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def put(
    session: Session,
    model: type[Model],
    key: Mapping[str, Any],
    content: Mapping[str, Any],
    only_where: ColumnElement[bool] | None = None,
) -> None:
    """Insert a row under its key, or change the one that is there, in a single statement.

    Two that do it at once must not fail each other. `only_where` keeps a row that it does not
    hold for. Objects loaded before do not notice. Commits nothing.
    """
    session.execute(
        insert_into(session, model)
        .values(**key, **content)
        .on_conflict_do_update(index_elements=list(key), set_=dict(content), where=only_where)
    )


def insert_into(
    session: Session, table: type[Model] | Table
) -> "sqlite.Insert | postgresql.Insert":
    """An insert of the database at hand, which knows what to do where the row is there already."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # here, since it takes three megabytes

    return postgresql.insert(table)


def in_batches(values: Iterable[T]) -> Iterator[list[T]]:
    """A few hundred at a time: databases take only so many values in one statement."""
    rest = list(values)
    for start in range(0, len(rest), _BATCH):
        yield rest[start : start + _BATCH]


def changed_rows(result: Result[Any]) -> int:
    """How many rows a statement wrote or deleted: what tells that a claim holds."""
    if not isinstance(result, CursorResult):
        raise TypeError("a statement that writes was expected")
    return result.rowcount


def is_away(error: BaseException | None) -> bool:
    """Whether no connection could be had, or it broke off; not where a statement failed."""
    if not isinstance(error, OperationalError):
        return False
    return error.statement is None or error.connection_invalidated


class Database:
    """The session of the present request, job or command; bound to an engine by create_app."""

    def __init__(self) -> None:
        self.factory = sessionmaker(expire_on_commit=False)
        self.session: scoped_session[Session] = scoped_session(self.factory)
        os.register_at_fork(after_in_child=self._forget_connections)

    def bind(self, engine: Engine) -> None:
        self.session.remove()
        self.factory.configure(bind=engine)
        follow(engine)

    @property
    def engine(self) -> Engine:
        engine: Engine = self.factory.kw["bind"]
        return engine

    def _forget_connections(self) -> None:
        """In a forked process: leave the parent's connections to the parent."""
        self.session.registry.clear()
        if self.factory.kw["bind"] is not None:
            self.engine.dispose(close=False)

    def end(self) -> None:
        """Give back what is open; where the server has gone meanwhile, there is nothing to give."""
        try:
            self.session.remove()
        except SQLAlchemyError as error:
            if not is_away(error):
                raise
            self.session.registry.clear()

    def begin_writing(self) -> None:
        """Open the session afresh so that each of its transactions may write from the start."""
        self.session.remove()
        self.session(execution_options=_WRITES)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction that may write: committed at the end, rolled back on any exception.

        What was open before is ended first, and must hold no changes of its own.
        """
        session = self.session()
        _end(session, "changes from before would be lost")
        session.connection(execution_options=_WRITES)
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise

    def read_on(self) -> None:
        """After a failure: give up what was begun, and only read from here on.

        A disk that takes nothing refuses even to begin a transaction that may write.
        """
        session = self.session()
        session.rollback()
        session.connection(execution_options=dict.fromkeys(_WRITES, False))

    def end_reading(self) -> None:
        """End the transaction before waiting on the network, so that no lock is held meanwhile.

        Raises RuntimeError when something was changed already: fetch first, then write.
        """
        _end(self.session(), "changes are pending: fetch first, then write")


def _end(session: Session, objection: str) -> None:
    """End what the session has open. Raises RuntimeError with the objection if it holds changes."""
    if session.new or session.dirty or session.deleted:
        raise RuntimeError(objection)
    if session.in_transaction():
        session.commit()  # not a rollback, which would forget what was loaded


db = Database()
