"""What fifty people feel who read and check in while all boards are counted, beside a bare page."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from sqlalchemy import select

from app import create_app
from app.config import load_config
from app.db import db
from app.okrs.models import Cycle, KeyResult
from bench.boards import small_boards
from bench.installation import Measured, measured, running_standin
from bench.people import CHECK_IN, Load, Someone
from bench.processes import family, proportional_memory
from bench.table import Row
from tests.support.client import Client
from tests.support.installation import ROOT, free_port, wait_until
from tests.support.people import make_person

PEOPLE, EVERY = 50, 2.0
DELAY = 0.2
"""Seconds that Trello takes to answer, so that a run of a hundred boards takes a while."""
MADE_READY = 6.0
"""Seconds after which somebody has done each act."""
SETTINGS = ((1, 4), (1, 8), (2, 4), (2, 8), (3, 4))
"""Processes and threads of each, to be compared."""
EXPLORER, HOME, ITEM = "explorer", "home", "item"


@dataclass(frozen=True)
class Felt:
    """What was answered, and after how many seconds."""

    took: list[tuple[str, float]]
    errors: dict[str, int]

    def at(self, percent: int) -> float:
        """So many of a hundred answers took no longer than this."""
        times = sorted(seconds for _, seconds in self.took)
        return times[min(len(times) - 1, len(times) * percent // 100)]


@dataclass(frozen=True)
class Peopled:
    """An installation with people who each own some of the items and are signed in."""

    measured: Measured
    people: list[Someone]
    email: str
    """Of the first of them."""

    def web_processes(self) -> Iterator[int]:
        web = self.measured.installation.web
        assert web is not None
        return family(web.pid)

    def visit(self, seconds: float, at: str | None = None) -> Felt:
        """All of them for so long; at another address all look at the pages of the first."""
        url = self.measured.installation.url
        people = self.people if at is None else [self.people[0]] * len(self.people)
        load = Load(at or url, people, EVERY, seconds)
        file = self.measured.installation.data_dir / "load.json"
        file.write_text(load.as_text())
        done = subprocess.run(
            [sys.executable, "-m", "bench.people", str(file)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds + 120,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        said: dict[str, Any] = json.loads(done.stdout)
        return Felt(took=[(what, took) for what, took in said["took"]], errors=said["errors"])


def people(count: int = PEOPLE, board_count: int = 100, seconds: float = 40) -> Iterable[Row]:
    """Ours and the floor one after the other, each while one hourly run follows the other."""
    with (
        peopled(count, board_count) as visited,
        bare_pages(visited) as bare,
        hourly_runs(visited.measured),
    ):
        ours, floor = _felt(visited, bare, seconds)
    what = f"{count} people, each acting every {EVERY:g} s, during an hourly run"
    yield from rows_of(what, ours, floor)


def servers(seconds: float = 20) -> Iterable[Row]:
    """The same people at other settings of gunicorn, to choose them by."""
    for processes, threads in SETTINGS:
        extra = {
            "WEB_PROCESSES": str(processes),
            "GUNICORN_CMD_ARGS": f"--threads {threads}",
        }
        with (
            peopled(PEOPLE, 100, **extra) as visited,
            bare_pages(visited) as bare,
            hourly_runs(visited.measured),
        ):
            ours, floor = _felt(visited, bare, seconds)
            memory = sum(map(proportional_memory, visited.web_processes()))
        yield Row(
            f"{PEOPLE} people at WEB_PROCESSES={processes} with {threads} threads each",
            f"99 of 100 answers within {ours.at(99) * 1000:.0f} ms "
            f"({ours.at(99) / floor.at(99):.1f}x), half within {ours.at(50) * 1000:.0f} ms; "
            f"{sum(ours.errors.values())} errors; {memory / 1024 / 1024:.0f} MB",
            f"{floor.at(99) * 1000:.0f} ms",
            "to compare",
        )


def _felt(visited: Peopled, bare: str, seconds: float) -> tuple[Felt, Felt]:
    """Of ours and of the floor, each once every kind of page was shown: the first look at one makes
    templates and statements ready, which the floor did at its start."""
    visited.visit(MADE_READY)
    ours = visited.visit(seconds)
    visited.visit(MADE_READY, at=bare)
    return ours, visited.visit(seconds, at=bare)


def rows_of(what: str, ours: Felt, floor: Felt) -> Iterable[Row]:
    errors = sum(ours.errors.values())
    yield Row(
        f"{what}: answers, errors",
        f"{len(ours.took):,}, {errors}" + (f" ({_told(ours.errors)})" if errors else ""),
        f"{len(floor.took):,}, {sum(floor.errors.values())}",
        "no errors",
        not errors,
    )
    ratio = ours.at(99) / floor.at(99)
    yield Row(
        f"{what}: 99 of 100 answers within",
        f"{ours.at(99) * 1000:.0f} ms ({ratio:.1f}x; half within {ours.at(50) * 1000:.0f} ms)",
        f"{floor.at(99) * 1000:.0f} ms",
        "at most 5x",
        ratio <= 5,
    )


def _told(errors: dict[str, int]) -> str:
    return ", ".join(f"{what} {count}x" for what, count in sorted(errors.items()))


@contextmanager
def peopled(count: int, board_count: int, **extra: str) -> Iterator[Peopled]:
    boards = small_boards(board_count)
    with (
        running_standin(board_count) as standin,
        measured(boards, standin, connection_count=2, **extra) as installation,
    ):
        installation.work_through(0, patience=300)
        found = _settle_in(installation, count)
        installation.installation.start_web()
        yield Peopled(installation, found, "person0@example.com")


def _settle_in(measured: Measured, count: int) -> list[Someone]:
    """The people, with the items dealt out among them, in browsers that are signed in."""
    app = create_app(load_config(measured.installation.environment))
    with app.app_context():
        owners = [
            make_person(f"Person {number}", email=f"person{number}@example.com")
            for number in range(count)
        ]
        items = db.session.scalars(select(KeyResult).order_by(KeyResult.id)).all()
        for number, item in enumerate(items):
            item.owner_id = owners[number % count].id
        db.session.commit()
        cycle_id = db.session.scalars(select(Cycle.id).where(Cycle.name == "2026")).one()
        found = []
        for number, owner in enumerate(owners):
            client = Client(app)
            db.begin_writing()  # the worker may write meanwhile
            client.sign_in(owner)
            name = str(app.config["SESSION_COOKIE_NAME"])
            cookie = client.flask.get_cookie(name)
            assert cookie is not None
            acts = _acts([one.id for one in items[number::count]], cycle_id)
            found.append(Someone({name: cookie.value}, acts))
        db.session.remove()
    return found


def _acts(own: Sequence[int], cycle_id: int) -> list[tuple[str, str]]:
    """Half of what someone does is to look at items, their own; a sixth is to check in."""
    first, second, third = (own[number % len(own)] for number in range(3))
    return [
        (HOME, "/"),
        (ITEM, f"/key-results/{first}"),
        (CHECK_IN, f"/key-results/{first}/check-in"),
        (ITEM, f"/key-results/{second}"),
        (EXPLORER, f"/okrs?cycle={cycle_id}"),
        (ITEM, f"/key-results/{third}"),
    ]


@contextmanager
def bare_pages(visited: Peopled) -> Iterator[str]:
    """The address at which the same pages of the first person are rendered from ready dicts, by
    the same server with the same settings."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    paths = sorted({path for _, path in visited.people[0].acts})
    own = {"BARE_PATHS": json.dumps(paths), "BARE_EMAIL": visited.email}
    command = ["-m", "gunicorn", "bench.bare:application()", "--bind", f"127.0.0.1:{port}"]
    log = visited.measured.installation.data_dir / "bare.log"
    with (
        open(log, "wb") as file,
        subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=visited.measured.installation.environment | own,
            stdout=file,
            stderr=file,
        ) as process,
    ):
        try:
            wait_until(lambda: _answers(address + paths[0], process), "the bare pages answer", 120)
            yield address
        finally:
            process.terminate()


def _answers(url: str, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "the bare pages did not start"
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


@contextmanager
def hourly_runs(measured: Measured, pause: float = 0.0) -> Iterator[list[float]]:
    """One run follows the other meanwhile, with so many seconds between two. Gives the processor
    time of each, in seconds. Raises AssertionError at the end where a figure was wrong."""
    ended, took = threading.Event(), list[float]()
    app = create_app(load_config(measured.installation.environment))

    def run() -> None:
        version = 0
        with app.app_context():
            while not ended.wait(pause if version else 0):
                version += 1
                took.append(measured.work_through(version, patience=300, delay=DELAY))

    with ThreadPoolExecutor(max_workers=1) as aside:
        running = aside.submit(run)
        try:
            yield took
        finally:
            ended.set()
        running.result()
