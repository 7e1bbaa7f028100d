"""A real server for jobs, at the place where the app looks for it, and a board to be synced."""

from collections.abc import Iterator

import pytest
import redis
from flask import Flask

from app.accounts.models import Person
from app.config import Config
from app.counters import KEY, counters
from app.embedded_redis import EmbeddedRedis
from app.queues import connect
from app.trello.counting import Criteria
from app.trello.models import TrelloSource
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source


@pytest.fixture
def server(app: Flask, config: Config) -> Iterator[redis.Redis]:
    """Nothing has been counted in it yet, nor in this process."""
    running = EmbeddedRedis.start(config.data_dir)
    with connect(config.redis_url, patience=5) as connection:
        counters.hand_over(connection)
        connection.delete(KEY)
        yield connection
    with app.app_context():
        app.extensions.pop("tally_redis", connection).close()
    running.stop()


@pytest.fixture
def source(app: Flask, alice: Person) -> TrelloSource:
    with app.app_context():
        key_result = make_key_result(make_objective(alice))
        return make_source(key_result.measure, make_connection(alice), Criteria(list_ids=("done",)))
