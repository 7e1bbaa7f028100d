"""What several processes count is one sum: gunicorn's, those of jobs, one that was killed."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask import Flask

from tests.services.watching import (
    Visitor,
    connect_mina,
    counted,
    finish_one_more,
    finished_count,
    link_item,
    path_of,
)
from tests.support.installation import Installation, running_installation, wait_until
from tests.system.figures import figure

pytestmark = pytest.mark.services

HEALTH = {"view": "health.healthz", "method": "GET", "status": "200"}


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation(web_processes=2) as installation:
        yield installation


def web_processes(installation: Installation) -> list[int]:
    assert installation.web is not None
    pid = installation.web.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def ask(installation: Installation, path: str) -> str:
    """On a connection of its own, which either process may take."""
    answer = requests.get(f"{installation.url}{path}", timeout=20)
    assert answer.status_code == 200
    return answer.text


def told(installation: Installation, name: str, **labels: str) -> float:
    return figure(ask(installation, "/metrics"), name, **labels) or 0


def test_requests_to_all_processes_are_counted_together(installation: Installation) -> None:
    wait_until(lambda: len(web_processes(installation)) == 2, "both run")
    first, second = web_processes(installation)
    with standing_still(second):
        for _ in range(3):
            ask(installation, "/healthz")
    with standing_still(first):
        for _ in range(5):
            ask(installation, "/healthz")
    # Each scrape hands over what the process that answers it has counted.
    total = "tally_requests_total"
    wait_until(lambda: told(installation, total, **HEALTH) == 8, "both were counted")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: first not in web_processes(installation), "it is gone")
    wait_until(lambda: len(web_processes(installation)) == 2, "another has its place")
    assert told(installation, total, **HEALTH) == 8
    ask(installation, "/healthz")
    wait_until(lambda: told(installation, total, **HEALTH) == 9, "it goes on from there")


def test_what_jobs_do_is_counted_too(here: Flask, installation: Installation) -> None:
    measure_id = link_item(connect_mina(installation), installation, "Content calendar", "Finished")
    wait_until(counted(measure_id, finished_count(installation)), "the clock counted it")
    hourly = {"trigger": "hourly", "outcome": "done"}
    wait_until(lambda: told(installation, "tally_sync_runs_total", **hourly) == 1, "it is told")
    asked_before = told(installation, "tally_trello_requests_total", outcome="ok")
    assert asked_before >= 1

    count = finish_one_more(installation)
    Visitor(installation).refresh(path_of(measure_id))
    wait_until(counted(measure_id, count), "a job of its own process counted it")
    refresh = {"trigger": "refresh", "outcome": "done"}
    wait_until(lambda: told(installation, "tally_sync_runs_total", **refresh) == 1, "so is that")
    assert told(installation, "tally_trello_requests_total", outcome="ok") > asked_before
    assert told(installation, "tally_workers_alive") == 1


def test_what_trello_refuses_is_counted_apart(here: Flask, installation: Installation) -> None:
    limited = {"outcome": "limited"}
    assert told(installation, "tally_trello_requests_total", **limited) == 0
    measure_id = link_item(connect_mina(installation), installation, "Content calendar", "Finished")
    installation.sandbox.faults.add(path="/1/boards/*", status=429, body="Rate limit exceeded")
    Visitor(installation).refresh(path_of(measure_id))
    wait_until(
        lambda: told(installation, "tally_trello_requests_total", **limited) >= 1, "it is told"
    )
