"""Trello's limits under stress: several workers on one Redis, and hundreds of boards due at once.

A sandbox that enforces Trello's limits must not refuse one request, every board must be counted,
and a Refresh in the middle of it must not wait for the others.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import func, select, update

from app import create_app
from app.accounts.models import ADMIN, Person, Workspace
from app.config import load_config
from app.db import db, utcnow
from app.embedded_redis import EmbeddedRedis
from app.migrating import upgrade
from app.okrs.models import KPI, KeyResult, Measure, Objective
from app.okrs.rollup.settling import note_change_of_figure
from app.queues import NOW, enqueue
from app.trello import runs
from app.trello.app_keys import AppKeys
from app.trello.counting import Criteria
from app.trello.models import REFRESH, Board, Connection, Past, SyncRun
from app.trello.past import stored
from app.trello.sources import link
from app.trello.sync import sync_board
from app.vault import encrypt
from sandbox import RunningSandbox, running_sandbox
from tests.support.people import make_person
from tests.trello.linked import make_connection, make_objective

ROOT = Path(__file__).resolve().parent.parent
ITEMS_A_BOARD = 3
REFRESHES = 8


@dataclass(frozen=True)
class Outcome:
    """What the sandbox was asked, and what became of it."""

    seconds: float
    statuses: Counter[int]
    busiest_token: int
    busiest_key: int
    wrong: int
    refreshes: list[float]
    """Seconds from the press to the result, of each."""

    @property
    def is_good(self) -> bool:
        return set(self.statuses) == {200} and not self.wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults limits", description=__doc__)
    parser.add_argument("--boards", type=int, default=300)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2, help="hours that pass at once")
    wanted = parser.parse_args()
    # Half of the boards by one token, so that its limit holds as well as the key's.
    half, quarter = wanted.boards // 2, wanted.boards // 4
    shares = [half, quarter, wanted.boards - half - quarter]
    outcome = stress(shares, wanted.workers, wanted.rounds)
    sys.stdout.write(_told(outcome, wanted.boards, wanted.workers))
    return 0 if outcome.is_good else 1


def stress(shares: Sequence[int], worker_count: int, rounds: int = 1) -> Outcome:
    """Have all boards counted `rounds` times over; `shares` says how many each token reads."""
    board_count = sum(shares)
    with (
        running_sandbox(boards=[board_of(number) for number in range(board_count)]) as sandbox,
        tempfile.TemporaryDirectory(prefix="tally-") as directory,
        _workers(Path(directory), sandbox, shares, worker_count),
    ):
        began = time.monotonic()
        refreshes: list[float] = []
        for _ in range(rounds):
            refreshes += _let_an_hour_pass(board_count)
        seconds = time.monotonic() - began
        asked = sandbox.requests
        wrong = _wrong_figures()
    return Outcome(
        seconds,
        Counter(one["status"] for one in asked),
        max(busiest([one for one in asked if one["token"] == token]) for token in tokens_in(asked)),
        busiest(asked),
        wrong,
        refreshes,
    )


def board_of(number: int) -> dict[str, Any]:
    """Six cards in each of three lists; archived are as many as the board's number has digits."""
    lists = [
        {
            "id": f"5e{number:010x}{place:012x}",
            "name": f"List {place}",
            "closed": False,
            "pos": place,
        }
        for place in range(ITEMS_A_BOARD)
    ]
    cards = [
        {
            "id": f"60{number:010x}{row:012x}",
            "name": f"Card {row}",
            "idList": lists[row % ITEMS_A_BOARD]["id"],
            "closed": row < len(str(number)),
            "due": None,
            "dueComplete": False,
            "isTemplate": False,
            "cardRole": None,
            "pos": row,
        }
        for row in range(6 * ITEMS_A_BOARD)
    ]
    return {"id": _board_id(number), "name": f"Board {number}", "lists": lists, "cards": cards}


def _board_id(number: int) -> str:
    return f"5f{number:022x}"


def _list_id(number: int, place: int) -> str:
    return f"5e{number:010x}{place:012x}"


def _counted(number: int, place: int) -> int:
    return 6 - sum(row % ITEMS_A_BOARD == place for row in range(len(str(number))))


@contextmanager
def _workers(
    directory: Path, sandbox: RunningSandbox, shares: Sequence[int], worker_count: int
) -> Iterator[None]:
    """The items linked, a Redis, and the workers running on it."""
    environ = {
        "DATA_DIR": str(directory),
        "REDIS_URL": f"unix://{directory / 'redis.sock'}",
        "TRELLO_API_URL": sandbox.api_url,
        "TRELLO_OAUTH_URL": sandbox.api_url,
        "TRELLO_API_KEY": sandbox.api_key,
        "TRELLO_API_SECRET": sandbox.api_secret,
    }
    config = load_config(environ)
    upgrade(config.database_url)
    app = create_app(config)
    with ExitStack() as ending:
        ending.callback(lambda: (db.session.remove(), db.engine.dispose()))
        ending.enter_context(app.app_context())
        _link_items(sandbox, shares)
        ending.callback(EmbeddedRedis.start(directory).stop)
        log = ending.enter_context(open(directory / "worker.log", "ab"))
        for _ in range(worker_count):
            worker = subprocess.Popen(
                [sys.executable, "worker.py"],
                cwd=ROOT,
                env=environ | {"PATH": os.environ["PATH"]},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            ending.callback(worker.wait, 30)
            ending.callback(worker.terminate)
        yield


def _link_items(sandbox: RunningSandbox, shares: Sequence[int]) -> None:
    """An item for each list; the boards are not due before they are made so."""
    db.session.add(Workspace(id=1, name="Tally", time_zone="UTC"))
    owner = make_person("Ada Ek", ADMIN)
    keys = AppKeys(sandbox.api_key, sandbox.api_secret, from_environment=True)
    objective = make_objective(owner)
    connections = [_connection(sandbox, owner, keys) for _ in shares]
    numbers = count()
    for connection, share in zip(connections, shares, strict=True):
        connection.reconnect_reason = None  # keys entered anew for the next one marked it
        for number in islice(numbers, share):
            _link_board(connection, objective, number)
    db.session.flush()
    # What was before the link is no part of this.
    db.session.execute(update(Past).values(status=stored.DONE, done_at=utcnow()))
    db.session.commit()
    db.session.remove()


def _connection(sandbox: RunningSandbox, owner: Person, keys: AppKeys) -> Connection:
    token = sandbox.store.add_token(sandbox.store.person("mina")["id"])
    return make_connection(
        owner,
        token_encrypted=encrypt(token.token),
        token_secret_encrypted=encrypt(token.secret),
        key_fingerprint=keys.fingerprint,
    )


def _link_board(connection: Connection, objective: Objective, number: int) -> None:
    board = Board(
        connection=connection,
        trello_id=_board_id(number),
        name=f"Board {number}",
        next_sync_at=utcnow() + timedelta(days=1),
    )
    db.session.add(board)
    for place in range(ITEMS_A_BOARD):
        measure = Measure(kind=KPI, target_value=Fraction(10))
        title = f"{number} {place}"
        db.session.add(
            KeyResult(title=title, objective=objective, owner=connection.owner, measure=measure)
        )
        db.session.flush()  # a source is linked to a measure that has its id
        note_change_of_figure(db.session(), [measure.id])
        list_id = _list_id(number, place)
        link(measure, board, Criteria(list_ids=(list_id,)), connection.owner)


def _let_an_hour_pass(board_count: int) -> list[float]:
    """All boards are due at once; Refresh is pressed now and then. How long each press took."""
    began_at = utcnow()
    with db.writing() as session:
        for board in session.scalars(select(Board)):
            board.next_sync_at = began_at
    pressed: list[int] = []
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        done = _boards_counted_since(began_at)
        if done == board_count:
            return _durations(pressed)
        if len(pressed) < REFRESHES and done > board_count * len(pressed) // REFRESHES:
            pressed.append(_press_refresh(began_at))
        time.sleep(0.1)
    raise RuntimeError(f"only {_boards_counted_since(began_at)} boards were counted")


def _boards_counted_since(moment: datetime) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Board.id)).where(Board.last_synced_at > moment)) or 0


def _press_refresh(began_at: datetime) -> int:
    """On a board that was counted already."""
    with db.writing() as session:
        counted = select(Board).where(Board.last_synced_at > began_at).order_by(func.random())
        run_id = runs.ask(session, session.scalars(counted.limit(1)).one(), REFRESH).id
    enqueue(sync_board, run_id, lane=NOW, first=True)
    return run_id


def _durations(run_ids: list[int]) -> list[float]:
    db.session.rollback()
    pressed = db.session.scalars(select(SyncRun).where(SyncRun.id.in_(run_ids)))
    return [(run.finished_at - run.queued_at).total_seconds() for run in pressed if run.finished_at]


def _wrong_figures() -> int:
    """How many items show another figure than their list holds."""
    db.session.rollback()
    rows = db.session.execute(
        select(KeyResult.title, Measure.value).join(Measure, KeyResult.measure_id == Measure.id)
    )
    return sum(value != _counted(*map(int, title.split())) for title, value in rows)


def tokens_in(asked: list[dict[str, Any]]) -> set[str]:
    return {one["token"] for one in asked}


def busiest(asked: list[dict[str, Any]]) -> int:
    """The most requests in any ten seconds."""
    moments = [_seconds(one["time"]) for one in asked]
    most = start = 0
    for end, moment in enumerate(moments):
        while moments[start] <= moment - 10:
            start += 1
        most = max(most, end - start + 1)
    return most


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _told(outcome: Outcome, board_count: int, worker_count: int) -> str:
    statuses = ", ".join(f"{times} times {status}" for status, times in outcome.statuses.items())
    slowest = max(outcome.refreshes, default=0.0)
    return (
        f"limits: {board_count} boards, {worker_count} workers, {outcome.seconds:.0f} s\n"
        f"answers: {statuses}\n"
        f"most requests in 10 s: {outcome.busiest_token} of one token (Trello: 100), "
        f"{outcome.busiest_key} of the key (Trello: 300)\n"
        f"Refresh meanwhile: median {median(outcome.refreshes or [0]):.2f} s, "
        f"slowest {slowest:.2f} s\n"
        f"wrong figures: {outcome.wrong}\n"
    )
