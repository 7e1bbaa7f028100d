"""One fetch for a board and one point for a change, whoever asks and however many work."""

import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.beats import count_alive
from app.db import db
from app.embedded_redis import EmbeddedRedis
from app.trello.models import SyncRun
from sandbox import changes
from tests.services.watching import (
    Visitor,
    are_pasts_done,
    connect_mina,
    counted,
    is_running,
    link_item,
    make_due,
    path_of,
    readings_of,
    statuses_of,
)
from tests.support.installation import Installation, running_installation, wait_until

pytestmark = pytest.mark.services

LISTS = {"Content calendar": "Finished", "Onboarding": "Done", "Launch checklist": "Done"}


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """With two workers, and so two clocks, on one server for RQ."""
    with tempfile.TemporaryDirectory(prefix="tally-") as directory:
        server = EmbeddedRedis.start(Path(directory))
        try:
            with running_installation(redis_url=f"unix://{directory}/redis.sock") as installation:
                installation.start_second_worker()
                yield installation
        finally:
            server.stop()


@pytest.fixture
def measures(here: Flask, installation: Installation) -> dict[str, int]:
    """An item on each of three boards, counted, with no request remembered."""
    wait_until(lambda: _workers_alive() == 2, "two workers live")
    connection_id = connect_mina(installation)
    measures = {
        board: link_item(connection_id, installation, board, list_)
        for board, list_ in LISTS.items()
    }
    for board, measure_id in measures.items():
        wait_until(counted(measure_id, _count(installation, board)), f"{board} was counted")
        wait_until(lambda one=measure_id: statuses_of(one)[-1:] == ["done"], "it came to its end")
    wait_until(are_pasts_done, "the boards were also read for what was before the links")
    installation.sandbox.forget_requests()
    return measures


def _workers_alive() -> int:
    db.session.rollback()
    return count_alive()


def _count(installation: Installation, name: str) -> int:
    board = installation.sandbox.store.board(name)
    cards = board.cards_in(board.list_(LISTS[name]))
    return sum(
        not card["closed"] and not card.get("isTemplate") and not card.get("cardRole")
        for card in cards
    )


def _add_card(installation: Installation, name: str) -> int:
    """How many there are then."""
    board = installation.sandbox.store.board(name)
    mina = installation.sandbox.store.person("mina")
    changes.add_card(board, board.list_(LISTS[name]), "One more", by=mina)
    return _count(installation, name)


def _fetches(installation: Installation) -> Counter[str]:
    """How often each board was read, by its name; its past is another matter."""
    boards = {board.id: board.name for board in installation.sandbox.store.boards.values()}
    paths = [request["path"].split("/") for request in installation.sandbox.requests]
    return Counter(boards[path[3]] for path in paths if path[2] == "boards" and len(path) == 4)


def _delay(installation: Installation, name: str, seconds: float) -> None:
    board = installation.sandbox.store.board(name)
    installation.sandbox.faults.add(path=f"/1/boards/{board.id}", kind="delay", delay=seconds)


def _ends_well(measure_id: int, value: int) -> None:
    wait_until(counted(measure_id, value), "the new value is there")
    wait_until(lambda: statuses_of(measure_id)[-1] == "done", "the run came to its end")


def test_two_workers_and_two_clocks_fetch_each_board_once_an_hour(
    installation: Installation, measures: dict[str, int]
) -> None:
    before = {board: readings_of(measure_id) for board, measure_id in measures.items()}
    new = {board: _add_card(installation, board) for board in measures}
    for measure_id in measures.values():
        make_due(measure_id)
    for board, measure_id in measures.items():
        _ends_well(measure_id, new[board])
        assert readings_of(measure_id) == [*before[board], new[board]]
    assert _fetches(installation) == dict.fromkeys(measures, 1)


def test_two_refreshes_at_once_are_one_fetch_and_one_point(
    installation: Installation, measures: dict[str, int]
) -> None:
    measure_id = measures["Onboarding"]
    before, new = readings_of(measure_id), _add_card(installation, "Onboarding")
    _delay(installation, "Onboarding", 1)
    visitors = [Visitor(installation) for _ in range(2)]
    path = path_of(measure_id)
    threads = [threading.Thread(target=visitor.refresh, args=[path]) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _ends_well(measure_id, new)
    assert readings_of(measure_id) == [*before, new]
    assert _fetches(installation) == {"Onboarding": 1}


def test_a_refresh_joins_the_hourly_run_that_has_begun(
    installation: Installation, measures: dict[str, int]
) -> None:
    measure_id = measures["Onboarding"]
    before, new = readings_of(measure_id), _add_card(installation, "Onboarding")
    _delay(installation, "Onboarding", 2)
    make_due(measure_id)
    wait_until(is_running(measure_id), "the hourly run began")
    Visitor(installation).refresh(path_of(measure_id))
    _ends_well(measure_id, new)
    assert readings_of(measure_id) == [*before, new]
    assert _fetches(installation) == {"Onboarding": 1}


def test_a_refresh_overtakes_the_hourly_run_of_other_boards(
    installation: Installation, measures: dict[str, int]
) -> None:
    """The one hourly lane is held up by a slow board, while the wanted one waits behind it."""
    installation.stop_second_worker()
    slow, wanted = measures["Content calendar"], measures["Onboarding"]
    visitor, path = Visitor(installation), path_of(wanted)
    _delay(installation, "Content calendar", 6)
    make_due(slow)
    wait_until(is_running(slow), "the hourly run began")
    before, new = readings_of(wanted), _add_card(installation, "Onboarding")
    make_due(wanted)
    wait_until(lambda: statuses_of(wanted)[-1] == "queued", "it waits for its turn")
    visitor.refresh(path)
    _ends_well(wanted, new)
    assert statuses_of(slow)[-1] == "running"
    assert _last_trigger(wanted) == "refresh"
    wait_until(lambda: statuses_of(slow)[-1] == "done", "the slow one came to its end")
    assert readings_of(wanted) == [*before, new]
    assert _fetches(installation) == {"Content calendar": 1, "Onboarding": 1}
    installation.start_second_worker()


def test_a_slow_board_holds_up_no_other_boards_refresh(
    installation: Installation, measures: dict[str, int]
) -> None:
    """A single worker has two processes for what is urgent."""
    installation.stop_second_worker()
    slow, wanted = measures["Content calendar"], measures["Onboarding"]
    visitor = Visitor(installation)
    new = _add_card(installation, "Onboarding")
    _delay(installation, "Content calendar", 6)
    visitor.refresh(path_of(slow))
    wait_until(is_running(slow), "the slow one began")
    visitor.refresh(path_of(wanted))
    _ends_well(wanted, new)
    assert statuses_of(slow)[-1] == "running"
    wait_until(lambda: statuses_of(slow)[-1] == "done", "the slow one came to its end")
    installation.start_second_worker()


def _last_trigger(measure_id: int) -> str:
    """Of the newest run of all: the test asks for no other after it."""
    db.session.rollback()
    triggers = select(SyncRun.trigger).order_by(SyncRun.id.desc()).limit(1)
    return db.session.scalars(triggers).one()
