"""What watchers of an installation are told."""

import pytest

from app import beats
from app.beats import WorkerBeat
from app.db import db


@pytest.fixture
def _redis(monkeypatch):
    monkeypatch.setattr("app.health.takes_notices", lambda **_: True)


def test_healthz_asks_nothing_of_anyone(app, client):
    db.engine.dispose()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_not_ready_without_redis_and_worker(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"database": True, "redis": False, "worker": False}


def test_ready_while_a_worker_lives(client, _redis):
    beats.beat("a worker")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"database": True, "redis": True, "worker": True}


def test_not_ready_when_the_worker_fell_silent(client, _redis):
    beats.beat("a worker")
    db.session.get_one(WorkerBeat, "a worker").seen_at -= beats.ALIVE_FOR
    db.session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["worker"] is False


def test_not_ready_without_tables(app, client, _redis):
    WorkerBeat.__table__.drop(db.engine)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"database": False, "redis": True, "worker": False}
