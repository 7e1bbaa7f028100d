"""A real worker, a real server for RQ, real signatures: what the clock and Refresh bring about."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.accounts.models import Person
from app.beats import WorkerBeat
from app.config import load_config
from app.db import db, utcnow
from app.okrs.models import Measure, Reading
from app.trello.app_keys import AppKeys
from app.trello.counting import Criteria
from app.trello.models import SyncRun, TrelloSource
from app.vault import encrypt
from sandbox import changes
from tests.support.html import Page
from tests.support.installation import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ROOT,
    Installation,
    running_installation,
    wait_until,
)
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation() as installation:
        yield installation


@pytest.fixture
def here(installation: Installation) -> Iterator[Flask]:
    """The same installation as seen from this process: its database and its queue."""
    app = create_app(load_config(installation.environment))
    with app.app_context():
        yield app
    db.session.remove()
    db.engine.dispose()


@pytest.fixture
def measure_id(here: Flask, installation: Installation) -> int:
    """A key result that counts "Finished" on the content calendar, not counted yet."""
    db.begin_writing()  # the worker writes at the same time
    sandbox = installation.sandbox
    ada = db.session.scalars(select(Person).where(Person.email == ADMIN_EMAIL)).one()
    token = sandbox.store.add_token(sandbox.store.person("mina")["id"])
    keys = AppKeys(sandbox.api_key, sandbox.api_secret, from_environment=True)
    connection = make_connection(
        ada,
        token_encrypted=encrypt(token.token),
        token_secret_encrypted=encrypt(token.secret),
        key_fingerprint=keys.fingerprint,
    )
    board = sandbox.store.board("Content calendar")
    criteria = Criteria(list_ids=(board.list_("Finished")["id"],))
    measure = make_key_result(make_objective(ada)).measure
    make_source(measure, connection, criteria, board.id)
    db.session.remove()
    return measure.id


class Visitor:
    """Someone signed in, with plain requests over HTTP."""

    def __init__(self, installation: Installation) -> None:
        self.url = installation.url
        self.session = requests.Session()
        page = self.get("/login")
        form = page.form_with("Sign in")
        self.send("/login", form.values() | {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})

    def get(self, path: str) -> Page:
        answer = self.session.get(self.url + path, timeout=10)
        assert answer.status_code == 200
        return Page(answer.text, path)

    def send(self, path: str, values: dict[str, str]) -> Page:
        answer = self.session.post(self.url + path, data=values, timeout=10)
        assert answer.status_code == 200, answer.text
        return Page(answer.text, path)

    def refresh(self, path: str) -> Page:
        form = self.get(path).form_with("Refresh")
        return self.send(form.action, form.values())


def finished_count(installation: Installation) -> int:
    board = installation.sandbox.store.board("Content calendar")
    return sum(
        not card["closed"] and not card.get("isTemplate") and not card.get("cardRole")
        for card in board.cards_in(board.list_("Finished"))
    )


def value_of(measure_id: int) -> int | None:
    db.session.rollback()
    value = db.session.get_one(Measure, measure_id, populate_existing=True).value
    return None if value is None else int(value)


def counted(measure_id: int, value: int) -> Callable[[], bool]:
    return lambda: value_of(measure_id) == value


def finish_one_more(installation: Installation) -> int:
    """A card moves to "Finished" on the board; how many are there now."""
    board = installation.sandbox.store.board("Content calendar")
    mina = installation.sandbox.store.person("mina")
    changes.add_card(board, board.list_("Finished"), "One more", by=mina)
    return finished_count(installation)


def make_due(measure_id: int) -> None:
    with db.writing() as session:
        source = session.scalars(
            select(TrelloSource).where(TrelloSource.measure_id == measure_id)
        ).one()
        source.board.next_sync_at = utcnow() - timedelta(seconds=1)


def readings_of(measure_id: int) -> list[int]:
    db.session.rollback()
    found = db.session.scalars(
        select(Reading).where(Reading.measure_id == measure_id).order_by(Reading.id)
    )
    return [int(reading.value) for reading in found]


def statuses_of(measure_id: int) -> list[str]:
    """Of all runs of the board that is counted on, the oldest first."""
    db.session.rollback()
    board_id = select(TrelloSource.board_id).where(TrelloSource.measure_id == measure_id)
    statuses = select(SyncRun.status).where(SyncRun.board_id == board_id.scalar_subquery())
    return list(db.session.scalars(statuses.order_by(SyncRun.id)))


def is_running(measure_id: int) -> Callable[[], bool]:
    return lambda: statuses_of(measure_id)[-1:] == ["running"]


def kill_server(installation: Installation) -> None:
    assert installation.worker is not None
    server = next(pid for pid in _children(installation.worker.pid) if "valkey" in _command(pid))
    os.kill(server, signal.SIGKILL)


def path_of(measure_id: int) -> str:
    key_result = db.session.get_one(Measure, measure_id).key_result
    assert key_result is not None
    return f"/key-results/{key_result.id}"


def test_the_hourly_clock_counts_without_being_asked(
    installation: Installation, measure_id: int
) -> None:
    first = finished_count(installation)
    wait_until(counted(measure_id, first), "the clock counted the new link")
    second = finish_one_more(installation)
    make_due(measure_id)
    wait_until(counted(measure_id, second), "the clock counted what was due")
    assert readings_of(measure_id) == [first, second]


def test_a_revoked_token_marks_the_connection_and_keeps_the_value(
    installation: Installation, measure_id: int
) -> None:
    count = finished_count(installation)
    wait_until(counted(measure_id, count), "it was counted once")
    installation.sandbox.faults.add(path="/1/boards/*", status=401, body="invalid token")
    visitor, path = Visitor(installation), path_of(measure_id)
    visitor.refresh(path)
    wait_until(lambda: "has to reconnect it" in visitor.get(path).text, "the page says what to do")
    assert visitor.get(path).one("[data-measure]")["data-value"] == f"{count}.000000"
    with db.writing() as session:
        source = session.scalars(
            select(TrelloSource).where(TrelloSource.measure_id == measure_id)
        ).one()
        assert source.board.connection.reconnect_reason


def test_without_a_worker_the_page_says_so_and_the_wish_is_kept(
    installation: Installation, measure_id: int
) -> None:
    wait_until(counted(measure_id, finished_count(installation)), "it was counted once")
    installation.stop_worker()
    with db.writing() as session:
        for beat in session.scalars(select(WorkerBeat)):
            beat.seen_at = utcnow() - timedelta(minutes=1)
    count = finish_one_more(installation)
    visitor, path = Visitor(installation), path_of(measure_id)
    page = visitor.refresh(path)
    assert "No worker is running" in page.text
    assert "hx-trigger" not in page.one("#standing").attrs
    installation.start_worker()
    wait_until(counted(measure_id, count), "the worker did what was asked for")


def test_a_worker_killed_in_the_middle_loses_nothing(
    installation: Installation, measure_id: int
) -> None:
    wait_until(counted(measure_id, finished_count(installation)), "it was counted once")
    count = finish_one_more(installation)
    installation.sandbox.faults.add(path="/1/boards/*", kind="delay", delay=5)
    Visitor(installation).refresh(path_of(measure_id))
    wait_until(is_running(measure_id), "the job began")
    assert installation.worker is not None
    for pid in [*_children(installation.worker.pid), installation.worker.pid]:
        os.kill(pid, signal.SIGKILL)
    installation.worker.wait()
    with db.writing() as session:  # as if the minute of its lease had passed
        running = session.scalars(select(SyncRun).where(SyncRun.status == "running")).one()
        running.lease_until = utcnow() - timedelta(seconds=1)
    installation.start_worker()
    wait_until(counted(measure_id, count), "another worker took it up")
    assert statuses_of(measure_id)[-2:] == ["abandoned", "done"]


def test_the_server_for_rq_is_started_again_when_it_dies(
    installation: Installation, measure_id: int
) -> None:
    wait_until(counted(measure_id, finished_count(installation)), "it was counted once")
    count = finish_one_more(installation)
    kill_server(installation)
    page = Visitor(installation).refresh(path_of(measure_id))
    assert page.one("#standing")
    wait_until(counted(measure_id, count), "the wish survived the server")


def test_the_server_for_rq_may_die_in_the_middle_of_a_job(
    installation: Installation, measure_id: int
) -> None:
    wait_until(counted(measure_id, finished_count(installation)), "it was counted once")
    visitor, path = Visitor(installation), path_of(measure_id)
    first = finish_one_more(installation)
    installation.sandbox.faults.add(path="/1/boards/*", kind="delay", delay=2)
    visitor.refresh(path)
    wait_until(is_running(measure_id), "the job began")
    kill_server(installation)
    wait_until(counted(measure_id, first), "the job came to its end")
    second = finish_one_more(installation)
    visitor.refresh(path)
    wait_until(counted(measure_id, second), "the same worker goes on")
    assert installation.worker is not None and installation.worker.poll() is None


def test_a_worker_without_the_redis_it_was_told_of_says_so(installation: Installation) -> None:
    environment = installation.environment | {"REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("Nothing answers at REDIS_URL.")


def test_no_secret_is_in_the_logs(installation: Installation, measure_id: int) -> None:
    wait_until(counted(measure_id, finished_count(installation)), "it was counted once")
    logs = installation.logs()
    for token in installation.sandbox.store.tokens.values():
        assert token.token not in logs and token.secret not in logs
    assert installation.sandbox.api_secret not in logs


def _children(pid: int) -> list[int]:
    """Of all its threads: the clock starts the server again when it dies."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def _command(pid: int) -> str:
    with open(f"/proc/{pid}/cmdline") as file:
        return file.read()
