"""Lanes of the worker that come when there is work, and go when there is none."""

import time
from collections.abc import Iterator

import pytest

from tests.services.processes import lanes_of
from tests.services.watching import (
    Visitor,
    counted,
    finish_one_more,
    finished_count,
    is_running,
    make_due,
    path_of,
    statuses_of,
)
from tests.support.installation import Installation, running_installation, wait_until

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """One whose lanes are idle for four and a half seconds before they end, and whose runs are
    given up after nine without a sign of life."""
    with running_installation() as installation:
        installation.stop_worker()
        installation.extra["TIME_SCALE"] = "0.15"
        installation.start_worker()
        yield installation


def test_the_hourly_lane_ends_when_it_is_idle_and_is_there_again_when_a_board_is_due(
    installation: Installation, measure_id: int
) -> None:
    wait_until(counted(measure_id, finished_count(installation)), "it was counted once")
    deaths = installation.logs().count("The lane hourly stopped")
    for _ in range(2):
        count = finish_one_more(installation)
        make_due(measure_id)
        wait_until(counted(measure_id, count), "what was due was counted")
        assert len(lanes_of(installation)) >= 2
        wait_until(lambda: len(lanes_of(installation)) == 1, "the hourly lane gave its memory back")
    assert installation.logs().count("The lane hourly stopped") == deaths


def test_a_second_urgent_lane_stands_ready_while_the_first_is_at_work(
    installation: Installation, measure_id: int
) -> None:
    """Nothing waits for it then: whoever presses next waits for no start."""
    wait_until(counted(measure_id, finished_count(installation)), "it was counted once")
    wait_until(lambda: len(lanes_of(installation)) == 1, "all others have ended")
    count = finish_one_more(installation)
    board = installation.sandbox.store.board("Content calendar")
    installation.sandbox.faults.add(path=f"/1/boards/{board.id}", kind="delay", delay=9)
    Visitor(installation).refresh(path_of(measure_id))
    wait_until(is_running(measure_id), "the first is at work")
    time.sleep(5.5)  # longer than one that came because the notice waited for a moment
    wait_until(lambda: len(lanes_of(installation)) == 2, "the second stands ready")
    assert statuses_of(measure_id)[-1] == "running"
    wait_until(counted(measure_id, count), "the first came to its end")
    wait_until(lambda: len(lanes_of(installation)) == 1, "the second gave its memory back")
