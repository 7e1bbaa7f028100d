"""How the installation fares at this moment, as far as the database, Redis and the disk say."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import case, func, select, text

from app.audit.reading import last_of
from app.beats import FORGOTTEN_AFTER, WorkerBeat, alive_since
from app.config import Config
from app.db import db, utcnow
from app.mail.models import OutgoingMail
from app.mail.outbox import LATELY
from app.migrating import newest_revision
from app.trello.models import QUEUED, SyncRun

BACKUP_EXPECTED_WITHIN = timedelta(days=2)
LEAST_FREE = 1_000_000_000
"""Bytes of the disk."""
ROOM_FOR_BACKUP = 3
"""How many times the database a backup may take for a while: itself, and what it is tried in."""


@dataclass(frozen=True)
class Database:
    version: str
    """ "SQLite 3.40.1", "PostgreSQL 15.18" """
    size: int
    """Bytes."""
    revision: str
    """The schema it has."""

    @property
    def is_newest(self) -> bool:
        return self.revision == newest_revision()


@dataclass(frozen=True)
class Backup:
    """The newest one, by what the audit log says."""

    made_at: datetime
    name: str
    size: int | None
    """Bytes."""

    @property
    def is_old(self) -> bool:
        return self.made_at < utcnow() - BACKUP_EXPECTED_WITHIN


@dataclass(frozen=True)
class Worker:
    host: str
    process: str
    started_at: datetime
    seen_at: datetime
    is_alive: bool


@dataclass(frozen=True)
class Mail:
    waiting_count: int
    given_up_count: int
    """Those of the last seven days."""


@dataclass(frozen=True)
class Runs:
    """Syncs that no worker has taken yet."""

    waiting_count: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class Facts:
    """What the database knows."""

    database: Database
    backup: Backup | None
    """None where there was never one."""
    workers: Sequence[Worker]
    """Those heard of in the last day, the latest first."""
    mail: Mail
    runs: Runs

    @property
    def alive_count(self) -> int:
        return sum(one.is_alive for one in self.workers)


def read_facts() -> Facts:
    """Five statements. Raises SQLAlchemyError where the database can't be asked."""
    return Facts(_database(), _last_backup(), _workers(), _mail(), _runs())


def free_space() -> int | None:
    """Bytes that may still be written to the disk of DATA_DIR on this host; None where it can't be
    told."""
    config: Config = current_app.extensions["tally_config"]
    try:
        return shutil.disk_usage(config.data_dir).free
    except OSError:
        return None


def is_low(free: int, database_size: int) -> bool:
    return free < max(LEAST_FREE, ROOM_FOR_BACKUP * database_size)


_OF_SQLITE = text(
    "SELECT sqlite_version(), page_count * page_size, version_num "
    "FROM pragma_page_count, pragma_page_size, alembic_version"
)
_OF_POSTGRESQL = text(
    "SELECT current_setting('server_version'), pg_database_size(current_database()), version_num "
    "FROM alembic_version"
)


def _database() -> Database:
    is_sqlite = db.engine.dialect.name == "sqlite"
    asked = _OF_SQLITE if is_sqlite else _OF_POSTGRESQL
    version, size, revision = db.session.execute(asked).one()
    # PostgreSQL may say who packed it, too: "15.18 (Debian 15.18-0+deb12u1)".
    number = version.partition(" ")[0]
    return Database(f"{'SQLite' if is_sqlite else 'PostgreSQL'} {number}", size, revision)


def _last_backup() -> Backup | None:
    entry = last_of("backup.made")
    if entry is None:
        return None
    return Backup(entry.happened_at, entry.thing_name, entry.detail.get("size"))


def _workers() -> list[Worker]:
    since = alive_since()
    lately = WorkerBeat.seen_at > utcnow() - FORGOTTEN_AFTER
    found = db.session.scalars(select(WorkerBeat).where(lately).order_by(WorkerBeat.seen_at.desc()))
    return [_worker(beat, since) for beat in found]


def _worker(beat: WorkerBeat, since: datetime) -> Worker:
    host, _, process = beat.name.rpartition("-")  # as worker.py makes it
    return Worker(host, process, beat.started_at, beat.seen_at, beat.seen_at > since)


def _mail() -> Mail:
    mail = OutgoingMail
    is_given_up = (
        mail.content_encrypted.is_(None)
        & mail.failure.is_not(None)
        & (mail.next_try_at > utcnow() - LATELY)
    )
    waiting, given_up = db.session.execute(
        select(
            func.count(mail.content_encrypted),
            func.count(case((is_given_up, mail.id))),
        )
    ).one()
    return Mail(waiting, given_up)


def _runs() -> Runs:
    waiting = select(func.count(SyncRun.id), func.min(SyncRun.queued_at))
    count, oldest_at = db.session.execute(waiting.where(SyncRun.status == QUEUED)).one()
    return Runs(count, oldest_at)
