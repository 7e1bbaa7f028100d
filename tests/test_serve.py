"""`make demo` and `make run` as they are used: real processes, real signals."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.html import Page
from tests.support.installation import PYTHONPATH

ROOT = Path(__file__).resolve().parent.parent
SERVE = (sys.executable, str(ROOT / "serve.py"))
pytestmark = pytest.mark.services


class Serving:
    """A serve.py that was started, with what it has said so far."""

    def __init__(self, data_dir: Path, port: int, command: Sequence[str]) -> None:
        self.data_dir, self.port = data_dir, port
        self.said: list[str] = []
        self.process = subprocess.Popen(
            command,
            env=_environ(DATA_DIR=str(data_dir), PORT=str(port)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.said.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def wait_for(self, words: str, seconds: float = 30) -> None:
        wait_until(lambda: words in self.text or self.process.poll() is not None, seconds)
        assert words in self.text, self.text

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join(5)
        return code


def _environ(**values: str) -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    return own | {"PYTHONPATH": PYTHONPATH} | values


def wait_until(is_done: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def descendants(pid: int) -> dict[int, str]:
    """Every process below this one, with its command line."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, newest = set(), {pid}
    while newest:
        newest = {one for one, parent in parents.items() if parent in newest}
        found |= newest
    return {one: command_line(one) for one in found}


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def still_there(processes: dict[int, str]) -> list[str]:
    return [line for pid, line in processes.items() if line and command_line(pid) == line]


def leads_session(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def free_ports() -> int:
    """The first of two free ports that follow each other."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            try:
                second.bind(("127.0.0.1", first.getsockname()[1] + 1))
            except OSError:
                continue
            return int(first.getsockname()[1])


@contextmanager
def short_directory() -> Iterator[Path]:
    """The address of a Unix socket inside holds no more than 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="tally-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def serving(*arguments: str, program: Sequence[str] = SERVE) -> Iterator[Serving]:
    with short_directory() as data_dir:
        started = Serving(data_dir, free_ports(), [*program, *arguments])
        try:
            yield started
        finally:
            if started.process.poll() is None:
                started.end()


@pytest.fixture(scope="module")
def demo() -> Iterator[Serving]:
    with serving("--demo") as started:
        started.wait_for("Stop it with Ctrl-C.")
        yield started


def run_once(data_dir: Path, port: int, *arguments: str, **environ: str) -> tuple[int, str]:
    ended = subprocess.run(
        [*SERVE, *arguments],
        env=_environ(DATA_DIR=str(data_dir), PORT=str(port), **environ),
        capture_output=True,
        text=True,
        timeout=30,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_the_demo_comes_up_and_its_sign_in_works(demo):
    assert requests.get(demo.address("/readyz"), timeout=5).json() == {
        "database": True,
        "redis": True,
        "worker": True,
    }
    email = re.search(r"Email +(\S+)", demo.text)[1]
    password = re.search(r"Password +(\S+)", demo.text)[1]
    assert f"Address   {demo.address('')}" in demo.text
    with requests.Session() as browser:
        form = Page(browser.get(demo.address("/login"), timeout=5).text).form_with("Sign in")
        values = form.values() | {"email": email, "password": password}
        browser.post(demo.address("/login"), data=values, timeout=5)
        okrs = browser.get(demo.address("/okrs"), timeout=5)
    assert okrs.status_code == 200
    assert "Tick off the launch checklist" in okrs.text


def test_requests_are_not_told_one_by_one(demo):
    requests.get(demo.address("/healthz"), timeout=10)
    time.sleep(0.5)  # in which it would have been read
    assert "HTTP/1" not in demo.text


def test_the_sandbox_stands_where_trello_would(demo):
    trello = re.search(r"Trello +(\S+)", demo.text)[1]
    assert requests.get(f"{trello}/healthz", timeout=5).status_code == 200


def test_the_sandbox_tells_the_demo_of_changes(demo):
    """Its webhooks are made by a worker, soon after the start."""
    trello = re.search(r"Trello +(\S+)", demo.text)[1]

    def has_webhooks():
        served = requests.get(f"{trello}/sandbox/requests", timeout=5).json()
        return any(
            one["method"] == "POST" and "/webhooks" in one["path"] and one["status"] == 200
            for one in served
        )

    wait_until(has_webhooks)


def test_its_secrets_are_for_its_owner_alone(demo):
    for name in ("demo.json", "secret.key", "encryption.key"):
        assert (demo.data_dir / name).stat().st_mode & 0o077 == 0, name


def test_a_second_start_says_that_it_runs_already(demo):
    code, said = run_once(demo.data_dir, free_ports(), "--demo")
    pid, address = demo.process.pid, demo.address("")
    assert (code, said) == (1, f"Tally already runs in this directory (pid {pid}, {address}).\n")


def test_a_taken_port_is_said_with_the_remedy(demo):
    with short_directory() as elsewhere:
        code, said = run_once(elsewhere, demo.port)
    assert code == 1
    assert f"Port {demo.port} is taken by another program" in said
    assert "PORT=" in said


def test_a_worker_that_is_killed_is_started_again(demo):
    def workers() -> set[int]:
        below = descendants(demo.process.pid)
        # What it forks for a job has its command line too, but leads no session.
        return {
            pid for pid, command in below.items() if "worker.py" in command and leads_session(pid)
        }

    def is_redis_back() -> bool:
        return requests.get(demo.address("/readyz"), timeout=5).json()["redis"]

    (first,) = workers()
    os.kill(first, signal.SIGKILL)
    demo.wait_for("worker stopped (killed by SIGKILL); it is started again in 1 s")
    wait_until(lambda: workers() - {first})
    wait_until(is_redis_back)


def test_ctrl_c_leaves_no_process_behind(demo):
    below = descendants(demo.process.pid)
    for name in ("gunicorn", "worker.py", "sandbox", "valkey-server"):
        assert any(name in command for command in below.values()), name
    assert demo.end(signal.SIGINT) == 0
    assert demo.said[-1] == "Tally has stopped."
    assert still_there(below) == []


def test_run_asks_for_set_up_and_dies_whole_when_it_is_killed():
    with serving() as started:
        started.wait_for("Stop it with Ctrl-C.")
        assert f"There is no admin yet: open {started.address('/setup')}" in started.text
        assert "Password" not in started.text
        below = descendants(started.process.pid)
        started.end(signal.SIGKILL)
        wait_until(lambda: not still_there(below))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_make_alone_stops_all_of_it(tmp_path, number):
    """make passes SIGTERM on; that it got SIGINT or is gone has to be found out."""
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"run:\n\t@{sys.executable} {ROOT}/serve.py\n")
    with serving(program=("make", "-f", str(makefile), "run")) as started:
        started.wait_for("Tally is starting")
        wait_until(
            lambda: any("flask" in line for line in descendants(started.process.pid).values())
        )
        below = descendants(started.process.pid)
        started.end(number)
        wait_until(lambda: not still_there(below))
        wait_until(lambda: "Tally has stopped." in started.text)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"DATABASE_URL": "mysql://tally"}, "DATABASE_URL must begin with"),
        ({"DATABASE_URL": "sqlite:////nowhere/tally.sqlite3"}, "DATABASE_URL names a file that"),
        ({"DATABASE_URL": "postgresql://tally@127.0.0.1:1/tally"}, "check DATABASE_URL"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_remedy(tmp_path, wrong, sentence):
    code, said = run_once(tmp_path, free_ports(), **wrong)
    assert code == 1
    assert sentence in said
    assert "Traceback" not in said


@pytest.mark.parametrize("port", ["no number", "0", "70000"])
def test_a_wrong_port_is_said(tmp_path, port):
    code, said = run_once(tmp_path, port)
    assert code == 1
    assert said.startswith("PORT must be a number")


def test_a_data_dir_that_is_a_file_is_said(tmp_path):
    (tmp_path / "file").touch()
    code, said = run_once(tmp_path / "file", free_ports())
    assert code == 1
    assert said.startswith("DATA_DIR can't be written to or is no directory")
