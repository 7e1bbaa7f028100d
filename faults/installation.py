"""A real installation under serve.py, its processes by what they do, and their violent ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from random import Random

import requests

from sandbox import RunningSandbox
from worker import KEPT, ON_DEMAND

ROOT = Path(__file__).resolve().parent.parent
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
KINDS = ("worker", "lane", "job", "server", "web", "machine")
READY_WITHIN = 60
_WORKER, _SERVER, _WEB = "worker.py", "valkey-server", "gunicorn"


class Installation:
    """serve.py with all that it starts."""

    def __init__(
        self, data_dir: Path, sandbox: RunningSandbox, scale: float, log: Path | None = None
    ) -> None:
        self.log_path = log or data_dir / "serve.log"
        self.port = _free_port()
        passed_on = ("PATH", "PYTHONPATH")
        self.environ = {name: os.environ[name] for name in passed_on if name in os.environ} | {
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "TIME_SCALE": str(scale),
            "TRELLO_API_URL": sandbox.api_url,
            "TRELLO_OAUTH_URL": sandbox.api_url,
            "TRELLO_API_KEY": sandbox.api_key,
            "TRELLO_API_SECRET": sandbox.api_secret,
            "no_proxy": "127.0.0.1",
        }
        self._serving: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Tables and an admin."""
        command = ["-m", "flask", "--app", "app", "create-admin", EMAIL, "--name", "Ada Ek"]
        subprocess.run(
            [sys.executable, *command, "--password", PASSWORD],
            cwd=ROOT,
            env=self.environ,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        with open(self.log_path, "ab") as log:
            self._serving = subprocess.Popen(
                [sys.executable, str(ROOT / "serve.py")],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> bool:
        """Stop everything; whether it all ended when asked."""
        if self._serving is None:
            return True
        processes = self._all()
        if self._serving.poll() is None:
            self._serving.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._serving.wait(30)
        has_ended = self._serving.poll() == 0
        _kill([pid for pid in processes if _is_there(pid)])
        self._serving.wait()
        _reap()
        return has_ended

    def kill(self, kind: str, chance: Random, wait_for_job: float = 3) -> str | None:
        """Kill one process of this kind, or the whole machine. What was killed, if anything."""
        if kind == "machine":
            self._crash()
            return "everything"
        deadline = time.monotonic() + (wait_for_job if kind == "job" else 0)
        while not (victims := self._victims(kind)) and time.monotonic() < deadline:
            time.sleep(0.005)
        if not victims:
            return None
        if kind == "job":
            time.sleep(chance.uniform(0, 0.2))
        victim = chance.choice(victims)
        _kill([victim])
        return f"pid {victim}"

    def is_whole(self) -> bool:
        """Whether every process is there, and the web process says that all is well."""
        own_server = () if "REDIS_URL" in self.environ else ("server",)
        if not all(self._victims(kind) for kind in ("worker", "web", *own_server)):
            return False
        if not len(KEPT) <= len(self._victims("lane")) <= len(KEPT + ON_DEMAND):
            return False
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    def wait_until_whole(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not self.is_whole():
            if time.monotonic() > deadline:
                raise RuntimeError(f"it did not come up:\n{self.log()}")
            time.sleep(0.1)

    def log(self) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-60:])

    def _victims(self, kind: str) -> list[int]:
        if self._serving is None:
            return []
        programs = _children([self._serving.pid])
        workers = _only(programs, _WORKER)
        lanes = _only(_children(workers), _WORKER)
        webs = _only(programs, _WEB)
        return {
            "worker": lambda: workers,
            "lane": lambda: lanes,
            "job": lambda: _only(_children(lanes), _WORKER),
            "server": lambda: _only(_children(workers), _SERVER),
            "web": lambda: [*webs, *_only(_children(webs), _WEB)],
        }[kind]()

    def _crash(self) -> None:
        """As if the power failed: nothing has time to notice that something else is gone."""
        stopped: set[int] = set()
        while fresh := self._all() - stopped:
            for pid in fresh:
                _send(pid, signal.SIGSTOP)
            stopped |= fresh
        _kill(stopped)
        assert self._serving is not None
        self._serving.wait()
        _reap()

    def _all(self) -> set[int]:
        """serve.py and everything below it, also what was orphaned and is now ours."""
        assert self._serving is not None
        found, newest = set[int](), {self._serving.pid, *_orphans()}
        while newest:
            found |= newest
            newest = set(_children(newest)) - found
        return found


def _parents() -> dict[int, int]:
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_bytes().rpartition(b")")[2].split()[:2]
            if state != b"Z":
                parents[int(stat.parent.name)] = int(parent)
    return parents


def _children(pids: Iterable[int]) -> list[int]:
    above = set(pids)
    return [pid for pid, parent in _parents().items() if parent in above]


def _orphans() -> list[int]:
    """Children of ours that we did not start: we adopt what the killed leave behind."""
    return _only(_children([os.getpid()]), _WORKER, _SERVER, _WEB)


def _only(pids: Iterable[int], *words: str) -> list[int]:
    return [pid for pid in pids if any(word in _command(pid) for word in words)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def _is_there(pid: int) -> bool:
    return bool(_command(pid))


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        _send(pid, signal.SIGKILL)


def _reap() -> None:
    """Take leave of the dead among those we adopted."""
    for stat in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in map(int, stat.read_text().split()):
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
