"""What processes count meets in Redis: once each, and later where Redis is away."""

import os

import pytest
import redis

from app.config import Config
from app.counters import KEY, Counters, counters, read_counters
from app.embedded_redis import EmbeddedRedis
from app.queues import connect

pytestmark = pytest.mark.services


def in_a_fork(server: redis.Redis, amount: int) -> None:
    """Count in a process that a job may be."""
    pid = os.fork()
    if pid == 0:
        counters.add("cards", "done", amount=amount)
        counters.hand_over(server)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_processes_count_together_and_none_twice(server: redis.Redis) -> None:
    counters.add("cards", "done")
    in_a_fork(server, 10)
    in_a_fork(server, 100)
    assert read_counters(server) == {("cards", "done"): 110}
    counters.hand_over(server)
    counters.hand_over(server)
    assert read_counters(server) == {("cards", "done"): 111}


def test_while_redis_is_away_counting_goes_on(config: Config) -> None:
    ours = Counters()
    running = EmbeddedRedis.start(config.data_dir)
    with connect(config.redis_url, patience=5) as connection:
        running.stop()
        for _ in range(2):
            ours.add("cards", "done")
            ours.hand_over(connection)
        running = EmbeddedRedis.start(config.data_dir)
        connection.delete(KEY)
        ours.add("cards", "lost")
        ours.hand_over(connection)
        assert read_counters(connection) == {("cards", "done"): 2, ("cards", "lost"): 1}
    running.stop()


def test_it_is_handed_over_now_and_then(server: redis.Redis) -> None:
    ours = Counters()
    assert ours.is_due()
    ours.hand_over(server)
    assert not ours.is_due()
