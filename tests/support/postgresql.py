"""A PostgreSQL server of our own, from the system's binaries, on a Unix socket only."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.memory import memory

FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",  # no database lives long enough
    "max_connections=40",
)


def binaries() -> Path | None:
    """The newest PostgreSQL that Debian's or Ubuntu's packages have put here, if there is one."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((one.parent for one in found), key=_version, default=None)


def _version(programs: Path) -> int:
    return int(programs.parent.name.partition(".")[0])


@contextmanager
def running_server(programs: Path) -> Iterator["Server"]:
    # Each new database is hundreds of files, which take a disk ten times as long.
    folder = Path(tempfile.mkdtemp(prefix="tally-pg-", dir=memory()))
    owner: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        owner |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    initdb = f"{programs}/initdb -D {folder}/data -U tally -A trust --no-sync -E UTF8 --locale=C"
    subprocess.run(initdb.split(), check=True, capture_output=True, **owner)
    settings = [f"-c{setting}" for setting in ("listen_addresses=", *FAST)]
    process = subprocess.Popen(
        [f"{programs}/postgres", f"-D{folder}/data", f"-k{folder}", *settings],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **owner,
    )
    try:
        server = Server(folder, _version(programs))
        server.wait_until_ready()
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # its "fast" stop: sessions that are open are ended
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    def __init__(self, folder: Path, version: int) -> None:
        self.folder = folder
        # By its log, as it is done from 15 on otherwise, a copy takes twice the work.
        self._copying = "STRATEGY FILE_COPY" if version >= 15 else ""
        self._count = 0

    def url(self, database: str) -> str:
        return f"postgresql://tally@/{database}?host={self.folder}"

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                return self.run("SELECT 1")
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def new_database(self, template: str = "template1", name: str | None = None) -> str:
        """Make a database like `template` and return its name."""
        self._count += 1
        name = name or f"tally_{self._count}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} {self._copying}")
        return name

    def drop(self, database: str) -> None:
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]
