"""An installation to be measured: Trello's stand-in, a worker, and items linked to its boards."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from sqlalchemy import select, update

from app import create_app
from app.accounts.models import Person
from app.config import load_config
from app.db import db, utcnow
from app.okrs.models import KPI, KeyResult, Measure
from app.okrs.rollup.settling import note_change_of_figure
from app.trello.app_keys import AppKeys
from app.trello.counting import Criteria
from app.trello.models import Board as LinkedBoard
from app.trello.models import Connection, Past, SyncRun, TrelloSource
from app.trello.past import stored
from app.trello.sources import link
from app.vault import encrypt
from bench.boards import KEY, SECRET, Board
from bench.processes import processor_time
from tests.support.installation import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ROOT,
    Installation,
    free_port,
    wait_until,
)
from tests.trello.linked import make_connection, make_objective

AS_DELIVERED = {
    "PYTHONPATH": str(ROOT),
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "2097152",
}
"""The environment that deploy/ and serve.py give, instead of the quicker start of tests."""
KEY_RESULTS_EACH = 10
"""Of an objective; a workspace has none with a thousand."""


@dataclass(frozen=True)
class Standin:
    """Trello's stand-in in its own process."""

    port: int
    process: "subprocess.Popen[str]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/1"

    def set(self, **answers: Any) -> None:
        requests.post(f"{self.url}/control", json=answers, timeout=60)

    def told(self) -> dict[str, int]:
        told: dict[str, int] = requests.get(f"{self.url}/control", timeout=10).json()
        return told


@contextmanager
def running_standin(small: int, lists_of_large: int = 0) -> Iterator[Standin]:
    command = [sys.executable, "-m", "bench.standin", str(small), str(lists_of_large)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Standin(int(process.stdout.readline()), process)
        finally:
            process.terminate()


@dataclass(frozen=True)
class Measured:
    """An installation whose items count the cards of one list each."""

    installation: Installation
    standin: Standin
    boards: Sequence[Board]

    def work_through(self, version: int, patience: float, delay: float = 0.0) -> float:
        """Let the hour pass on every board; the processor time until all were counted, in
        seconds, of all processes. Every figure is checked. Trello answers after the delay."""
        self.standin.set(version=version, delay=delay)
        began_at, began = utcnow(), self.processor_time()
        self.make_due()
        wait_until(lambda: self._are_counted(began_at), "every board was counted", patience)
        took = self.processor_time() - began
        self._check(version)
        return took

    def processor_time(self) -> float:
        parts = (self.installation.worker, self.installation.web)
        return sum(processor_time(one.pid) for one in parts if one is not None)

    def make_due(self) -> None:
        with db.writing() as session:
            session.execute(
                update(LinkedBoard).values(next_sync_at=utcnow() - timedelta(seconds=1))
            )

    def _are_counted(self, since: Any) -> bool:
        db.session.rollback()
        finished = select(SyncRun.status, SyncRun.failure).where(SyncRun.finished_at > since)
        runs = db.session.execute(finished).all()
        failures = {run.failure for run in runs if run.status != "done"}
        assert not failures, failures
        return len(runs) == len(self.boards)

    def _check(self, version: int) -> None:
        """Raises AssertionError unless every item shows what its list holds."""
        db.session.rollback()
        rows = db.session.execute(
            select(LinkedBoard.trello_id, Measure.value)
            .join(TrelloSource, TrelloSource.board_id == LinkedBoard.id)
            .join(Measure, Measure.id == TrelloSource.measure_id)
            .order_by(TrelloSource.id)
        ).all()
        wanted = [
            (board.id, Fraction(board.open_cards(place, version)))
            for board in self.boards
            for place in range(board.list_count)
        ]
        assert [tuple(row) for row in rows] == wanted, "a figure is wrong"


@contextmanager
def measured(
    boards: Sequence[Board], standin: Standin, connection_count: int = 1, **extra: str
) -> Iterator[Measured]:
    """An installation with an item for every list of these boards, and its worker running."""
    with TemporaryDirectory(prefix="tally-") as directory:
        installation = Installation(Path(directory), standin, free_port())  # type: ignore[arg-type]
        installation.extra = {"TRELLO_API_KEY": KEY, "TRELLO_API_SECRET": SECRET}
        installation.extra |= AS_DELIVERED | extra
        for command in (
            ("migrate",),
            ("create-admin", ADMIN_EMAIL, "--name", "Ada Ek", "--password", ADMIN_PASSWORD),
        ):
            done = installation.flask(*command)
            assert done.returncode == 0, done.stderr
        app = create_app(load_config(installation.environment))
        try:
            with app.app_context():
                link_items(boards, connection_count)
                installation.start_worker()
                yield Measured(installation, standin, boards)
        except AssertionError:
            sys.stderr.write(installation.logs())
            raise
        finally:
            installation.stop()
            db.session.remove()
            db.engine.dispose()


def link_items(boards: Sequence[Board], connection_count: int) -> None:
    """One item for each list, as if linked long ago; the boards are dealt to the connections."""
    ada = db.session.scalars(select(Person).where(Person.email == ADMIN_EMAIL)).one()
    connections = [_connection(ada, number) for number in range(connection_count)]
    for connection in connections:  # each was made with keys entered anew, which marks the others
        connection.reconnect_reason = None
    objectives = _objectives(ada)
    for number, board in enumerate(boards):
        row = LinkedBoard(
            connection=connections[number % connection_count],
            trello_id=board.id,
            name=f"Board {board.number}",
            # No later, or the worker takes it at its start for the plan of a clock that was wrong.
            next_sync_at=utcnow() + timedelta(hours=1),
        )
        db.session.add(row)
        for place in range(board.list_count):
            measure = Measure(kind=KPI, target_value=Fraction(100))
            db.session.add(
                KeyResult(
                    title=f"Item {place} of board {board.number}",
                    objective_id=next(objectives),
                    owner_id=ada.id,
                    measure=measure,
                )
            )
            db.session.flush()  # a source is linked to a measure that has its id
            note_change_of_figure(db.session(), [measure.id])
            link(measure, row, Criteria(list_ids=(board.list_id(place),)), ada)
    db.session.flush()
    # What was before the link is no part of this.
    db.session.execute(update(Past).values(status=stored.DONE, done_at=utcnow()))
    db.session.commit()
    db.session.remove()


def _objectives(owner: Person) -> Iterator[int]:
    """The objective of each key result, by its id: a new one after every ten."""
    while True:
        objective = make_objective(owner)
        yield from [objective.id] * KEY_RESULTS_EACH


def _connection(owner: Person, number: int) -> Connection:
    keys = AppKeys(KEY, SECRET, from_environment=True)
    return make_connection(
        owner,
        name=f"Account {number}",
        token_encrypted=encrypt(f"token-{number}"),
        token_secret_encrypted=encrypt(f"token-secret-{number}"),
        key_fingerprint=keys.fingerprint,
    )


def output_of(module: str, *arguments: str) -> Any:
    """What a measured program of its own prints, read as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)
