"""Notices on a real server: what RQ does with them, where that is not as we want it."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import redis
from rq import Queue
from rq.job import Job

from app.embedded_redis import EmbeddedRedis
from app.queues import KEPT_AFTER_FAILURE, NOW, SERIALIZER, ForkingWorker


@pytest.fixture
def server() -> Iterator[redis.Redis]:
    # A short path: the address of a Unix socket holds no more than 107 bytes.
    with tempfile.TemporaryDirectory(prefix="tally-") as directory:
        server = EmbeddedRedis.start(Path(directory))
        yield redis.Redis.from_url(f"unix://{directory}/redis.sock")
        server.stop()


meanwhile: list[Callable[[], object]] = []
"""What happens while the job is done."""


def do(_row_id: int) -> None:
    while meanwhile:
        meanwhile.pop()()


def test_a_notice_that_two_workers_took_is_no_failure(
    server: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    lane = Queue(NOW, connection=server, serializer=SERIALIZER)
    lane.enqueue(do, 7, job_id="do-7", result_ttl=0, failure_ttl=KEPT_AFTER_FAILURE)
    workers = [
        ForkingWorker([lane], connection=server, serializer=SERIALIZER, name=name)
        for name in ("first", "second")
    ]
    taken = [(one, Job.fetch("do-7", server, SERIALIZER)) for one in workers]
    ends = [
        partial(worker.perform_job, job, lane, worker.prepare_execution(job))
        for worker, job in taken
    ]
    meanwhile.append(ends[0])
    with caplog.at_level(logging.INFO):
        assert ends[1]()
    assert "do-7 was taken twice, and the other worker ended first" in caplog.messages
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert server.keys("*do-7*") == [] and len(lane.failed_job_registry) == 0
