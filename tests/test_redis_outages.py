"""What counts as an outage of Redis, and what as a mistake of our own."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis

from app.embedded_redis import EmbeddedRedis
from app.outages import REDIS, outage_behind


@pytest.fixture
def server() -> Iterator[redis.Redis]:
    with TemporaryDirectory(prefix="tally-") as directory:  # short: a socket is in it
        running = EmbeddedRedis.start(Path(directory))
        yield redis.Redis(unix_socket_path=f"{directory}/redis.sock")
        running.stop()


def test_one_without_memory_takes_nothing_whoever_asks(server: redis.Redis) -> None:
    server.config_set("maxmemory", "1")
    script = server.register_script("return redis.call('SET', KEYS[1], 1)")
    with pytest.raises(redis.RedisError) as refused:
        server.set("key", 1)
    with pytest.raises(redis.RedisError) as refused_script:
        script(keys=["key"])
    with pytest.raises(redis.RedisError) as refused_together, server.pipeline() as pipeline:
        pipeline.set("key", 1).execute()
    for one in (refused, refused_script, refused_together):
        assert outage_behind(one.value) is REDIS


def test_one_that_is_not_there_is_away() -> None:
    with pytest.raises(redis.RedisError) as refused:
        redis.Redis(unix_socket_path="/no/such/socket").ping()
    assert outage_behind(refused.value) is REDIS


def test_a_disk_that_takes_no_snapshot_takes_nothing() -> None:
    said = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to"
    assert outage_behind(redis.ResponseError(said)) is REDIS


def test_a_wrong_command_is_our_own_mistake(server: redis.Redis) -> None:
    server.lpush("list", 1)
    for wrong in (lambda: server.get("list"), lambda: server.execute_command("NO-SUCH")):
        with pytest.raises(redis.ResponseError) as refused:
            wrong()
        assert outage_behind(refused.value) is None
