"""Notices on a real server: what RQ does with them, where that is not as we want it."""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Timer
from types import SimpleNamespace

import pytest
import redis
import rq.worker.base
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job

from app import queues
from app.db import db
from app.embedded_redis import EmbeddedRedis
from app.outages import REDIS, forget_told
from app.queues import (
    HOURLY,
    KEPT_AFTER_FAILURE,
    LONGEST_WAIT,
    NOW,
    SERIALIZER,
    ForkingWorker,
    StayingWorker,
    is_leaving,
)


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


def test_nor_is_one_of_which_the_other_worker_is_just_clearing_away(
    server: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    lane = Queue(NOW, connection=server, serializer=SERIALIZER)
    lane.enqueue(do, 7, job_id="do-7", result_ttl=0, failure_ttl=KEPT_AFTER_FAILURE)
    first, second = (
        ForkingWorker([lane], connection=server, serializer=SERIALIZER, name=name)
        for name in ("first", "second")
    )
    job = Job.fetch("do-7", server, SERIALIZER)
    of_the_other = second.prepare_execution(job)
    meanwhile.append(lambda: server.delete(of_the_other.key))
    with caplog.at_level(logging.INFO):
        assert first.perform_job(job, lane, first.prepare_execution(job))
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert server.keys("rq:job:do-7") == [] and len(lane.failed_job_registry) == 0


def test_a_job_leaves_no_transaction_open(server: redis.Redis) -> None:
    lane = Queue(NOW, connection=server, serializer=SERIALIZER)
    lane.enqueue(do, 7, job_id="do-7", result_ttl=0)
    worker = ForkingWorker([lane], connection=server, serializer=SERIALIZER, name="first")
    job = Job.fetch("do-7", server, SERIALIZER)
    meanwhile.append(db.session)
    assert worker.perform_job(job, lane, worker.prepare_execution(job))
    assert not db.session.registry.has()


def staying_worker(server: redis.Redis, job_count: int) -> StayingWorker:
    """With notices that wait for it."""
    lane = Queue(HOURLY, connection=server, serializer=SERIALIZER)
    for number in range(job_count):
        lane.enqueue(do, number, job_id=f"do-{number}", result_ttl=0)
    return StayingWorker([lane], connection=server, serializer=SERIALIZER, name="staying")


def in_a_process(worker: StayingWorker) -> tuple[int, int]:
    """Its process, once it has worked off what waits or stopped before, and its exit code."""
    pid = os.fork()
    if pid == 0:
        worker.work(burst=True, logging_level="WARNING")
        os._exit(0)
    return pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_hourly_jobs_share_a_process(server: redis.Redis) -> None:
    worker = staying_worker(server, job_count=1)
    meanwhile.append(lambda: server.rpush("processes", os.getpid()))
    pid, code = in_a_process(worker)
    meanwhile.clear()
    assert code == 0
    assert server.lrange("processes", 0, -1) == [str(pid).encode()]


def test_a_process_that_has_grown_ends_after_its_job(
    server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = staying_worker(server, job_count=3)
    monkeypatch.setattr(queues, "MOST_MEMORY", -1)
    _, code = in_a_process(worker)
    assert code == 0 and len(worker.queues[0]) == 2


def test_a_job_that_hangs_ends_its_process(
    server: redis.Redis, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = staying_worker(server, job_count=1)
    monkeypatch.setattr(queues, "ENDED_AFTER", 0.2)
    meanwhile.append(lambda: time.sleep(60))
    _, code = in_a_process(worker)
    meanwhile.clear()
    assert code == 1
    assert "Timeout" in capfd.readouterr().err  # and where it hung


def test_a_worker_that_is_to_stop_tells_its_job(
    server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "_is_leaving", False)
    worker = staying_worker(server, job_count=0)
    assert not is_leaving()
    worker.handle_warm_shutdown_request()
    assert is_leaving()


def test_a_lane_keeps_looking_whether_its_server_is_back_and_says_once_that_it_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with tempfile.TemporaryDirectory(prefix="tally-") as directory:
        first = EmbeddedRedis.start(Path(directory))
        # The client's own tries, which only make the test longer, are left out.
        address, once = f"unix://{directory}/redis.sock", Retry(NoBackoff(), 0)
        worker = staying_worker(redis.Redis.from_url(address, retry=once), job_count=0)
        worker.register_birth()
        waits: list[float] = []
        servers: list[EmbeddedRedis] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 8:
                leaving.join()
                servers.append(EmbeddedRedis.start(Path(directory)))
                worker.queues[0].enqueue(do, 7, job_id="do-7")

        monkeypatch.setattr(rq.worker.base, "time", SimpleNamespace(sleep=wait))
        forget_told()
        leaving = Timer(0.3, first.stop)  # while the lane waits for a notice
        leaving.start()
        taken = worker.dequeue_job_and_maintain_ttl(timeout=5)
        servers[0].stop()
    assert taken is not None and taken[0].id == "do-7"
    assert waits == [LONGEST_WAIT] * 8
    errors = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert errors == [REDIS.log_line]
