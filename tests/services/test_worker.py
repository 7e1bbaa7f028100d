"""A real worker, a real server for RQ, real signatures: what the clock and Refresh bring about."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.beats import WorkerBeat
from app.db import db, utcnow
from app.trello.models import SyncRun, TrelloSource
from bench.processes import family
from tests.services.processes import server_of
from tests.services.watching import (
    Visitor,
    are_pasts_done,
    counted,
    finish_one_more,
    finished_count,
    is_running,
    make_due,
    path_of,
    readings_of,
    statuses_of,
)
from tests.support.installation import (
    ROOT,
    Installation,
    running_installation,
    wait_until,
)

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation() as installation:
        yield installation


def kill_server(installation: Installation) -> None:
    os.kill(server_of(installation), signal.SIGKILL)


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


def delay(installation: Installation, seconds: float) -> None:
    """Of the next answer to a sync, once the board's past was read, which asks there too."""
    wait_until(are_pasts_done, "the past was rebuilt")
    installation.sandbox.faults.add(path="/1/boards/*", kind="delay", delay=seconds)


def test_a_worker_killed_in_the_middle_loses_nothing(
    installation: Installation, measure_id: int
) -> None:
    wait_until(counted(measure_id, finished_count(installation)), "it was counted once")
    count = finish_one_more(installation)
    delay(installation, 5)
    Visitor(installation).refresh(path_of(measure_id))
    wait_until(is_running(measure_id), "the job began")
    assert installation.worker is not None
    for pid in reversed(list(family(installation.worker.pid))):  # the worker itself last
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
    # What is rebuilt when the server dies is taken up after its lease, for which the next test
    # would have to wait.
    wait_until(are_pasts_done, "the past was rebuilt")
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
    delay(installation, 2)
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
