"""Every end of a sync is counted, once it is written."""

from datetime import timedelta
from typing import Any

import pytest
import redis
import responses
from flask import Flask
from sqlalchemy import update

from app.counters import SYNC_RUNS, TRELLO_REQUESTS, counters, read_counters
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.trello import clock, runs
from app.trello.models import SyncRun, TrelloSource
from app.trello.sync import sync_board, sync_waiting
from tests.trello.boards import BOARD, board, card
from tests.trello.linked import queued_run

pytestmark = pytest.mark.services

ADDRESS = f"https://api.trello.com/1/boards/{BOARD}"


def told(server: redis.Redis, kind: str) -> dict[tuple[str, ...], float]:
    counters.hand_over(server)
    return {name[1:]: many for name, many in read_counters(server).items() if name[0] == kind}


@pytest.mark.parametrize(
    ("answer", "run", "request_outcome"),
    [
        ({"json": board([card("done")])}, "done", "ok"),
        ({"status": 429, "body": "{}"}, "failed", "limited"),
        ({"status": 404, "body": "The requested resource was not found."}, "failed", "refused"),
        ({"status": 503, "body": "<html>"}, "failed", "broken"),
        ({"body": responses.ConnectionError("away")}, "failed", "no_answer"),
    ],
)
def test_what_trello_answers_and_what_comes_of_it(
    app: Flask,
    server: redis.Redis,
    source: TrelloSource,
    answer: dict[str, Any],
    run: str,
    request_outcome: str,
) -> None:
    with app.app_context(), responses.RequestsMock() as trello:
        trello.get(ADDRESS, **answer)
        sync_board(queued_run(source.board))
    assert told(server, SYNC_RUNS) == {("hourly", run): 1}
    assert told(server, TRELLO_REQUESTS) == {(request_outcome,): 1}


def test_one_that_is_put_off_has_not_failed(
    app: Flask, server: redis.Redis, source: TrelloSource
) -> None:
    with app.app_context():
        run_id = queued_run(source.board)
        switch("trello", False, source.board.connection.owner)
        db.session.commit()
        sync_board(run_id)
    assert told(server, SYNC_RUNS) == {("hourly", "put_off"): 1}
    assert told(server, TRELLO_REQUESTS) == {}


def test_one_that_lost_its_worker_is_counted_as_abandoned(
    app: Flask, server: redis.Redis, source: TrelloSource
) -> None:
    with app.app_context():
        runs.claim(queued_run(source.board))
        db.session.execute(update(SyncRun).values(lease_until=utcnow() - timedelta(seconds=1)))
        db.session.commit()
        clock.tick()
        clock.tick()
    assert told(server, SYNC_RUNS) == {("hourly", "abandoned"): 1}


def test_the_hourly_job_tells_them_while_it_goes_on(
    app: Flask, server: redis.Redis, source: TrelloSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.counters.HANDED_OVER_EVERY", 0.0)
    counters.hand_over(server)
    with app.app_context(), responses.RequestsMock() as trello:
        trello.get(ADDRESS, json=board([card("done")]))
        queued_run(source.board)
        sync_waiting(0)
    assert ("sync_runs", "hourly", "done") in read_counters(server)
