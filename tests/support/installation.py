"""A whole installation on real parts: web server, worker, embedded server for RQ, sandbox."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import requests

from sandbox import RunningSandbox, running_sandbox
from tests.support.memory import memory

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHONPATH = f"{ROOT / 'tests/support/quick_start'}:{ROOT}"
ADMIN_EMAIL, ADMIN_PASSWORD = "ada@example.com", "correct horse battery"
PATIENCE = 30
"""Seconds to wait for what takes one or two; a busy machine takes longer."""


@dataclass
class Installation:
    """The processes of one installation, to be stopped and started one by one."""

    data_dir: Path
    sandbox: RunningSandbox
    port: int
    web: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None
    second_worker: subprocess.Popen[bytes] | None = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": PYTHONPATH,
            "DATA_DIR": str(self.data_dir),
            "TRELLO_API_URL": self.sandbox.api_url,
            "TRELLO_OAUTH_URL": self.sandbox.api_url,
        } | self.extra

    def flask(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def start_web(self) -> None:
        self.web = self._start(
            "web",
            "-m",
            "gunicorn",
            "app:create_app()",
            "--bind",
            f"127.0.0.1:{self.port}",
        )
        wait_until(lambda: _answers(f"{self.url}/login"), "the web server answers")

    def start_worker(self) -> None:
        self.worker = self._start("worker", "worker.py")

    def start_second_worker(self) -> None:
        """One that shares the server for RQ with the first, as REDIS_URL allows."""
        self.second_worker = self._start("second", "worker.py")

    def stop_second_worker(self) -> None:
        if self.second_worker is not None:
            _stop(self.second_worker)
            self.second_worker = None

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with open(self.data_dir / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop_worker(self) -> None:
        if self.worker is not None:
            _stop(self.worker)
            self.worker = None

    def stop(self) -> None:
        if self.web is not None:
            _stop(self.web)
            self.web = None
        self.stop_second_worker()
        self.stop_worker()

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')}"
            for path in sorted(self.data_dir.glob("*.log"))
        )


@contextmanager
def running_installation(
    *,
    is_new: bool = False,
    is_reachable: bool = False,
    redis_url: str | None = None,
    smtp_url: str | None = None,
    web_processes: int = 1,
) -> Iterator[Installation]:
    """Everything running, with an admin who may sign in; all of it gone afterwards.

    A new one has neither an admin nor a key for Trello: its pages ask for both.
    One that is reachable knows its own address, and so the sandbox tells it of changes. With a
    server for RQ of its own it can have a second worker. Mail wants one that is reachable.
    """
    # A short path of its own: the address of a Unix socket holds no more than 107 bytes.
    with (
        tempfile.TemporaryDirectory(prefix="tally-", dir=memory()) as directory,
        running_sandbox() as sandbox,
    ):
        installation = Installation(Path(directory), sandbox, free_port())
        if not is_new:
            installation.extra = {
                "TRELLO_API_KEY": sandbox.api_key,
                "TRELLO_API_SECRET": sandbox.api_secret,
            }
        if is_reachable:
            installation.extra["PUBLIC_URL"] = installation.url
        if redis_url is not None:
            installation.extra["REDIS_URL"] = redis_url
        if smtp_url is not None:
            installation.extra["SMTP_URL"] = smtp_url
        if web_processes > 1:
            installation.extra["WEB_PROCESSES"] = str(web_processes)
        if is_new:
            migrated = installation.flask("migrate")
            assert migrated.returncode == 0, migrated.stderr
        for name, content in ({} if is_new else _set_up()).items():
            path = installation.data_dir / name
            path.touch(0o600)
            path.write_bytes(content)
        try:
            installation.start_worker()
            installation.start_web()
            yield installation
        finally:
            installation.stop()


@cache
def _set_up() -> dict[str, bytes]:
    """The files of a data directory with an admin, made once for all installations of a run."""
    with tempfile.TemporaryDirectory(prefix="tally-") as directory:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", "create-admin", ADMIN_EMAIL]
            + ["--name", "Ada Ek", "--password", ADMIN_PASSWORD],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH, "DATA_DIR": directory},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return {path.name: path.read_bytes() for path in Path(directory).iterdir()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {patience} s, but not: {what}")


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask, then insist; the process group is our own, made when it was started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
