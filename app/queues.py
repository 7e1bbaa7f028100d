"""The queues: the only code that knows RQ. Rows are the record, jobs mere notice of them."""

import faulthandler
import logging
import os
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import cache
from itertools import chain
from typing import Any

import redis
from flask import current_app
from rq import Queue, SimpleWorker, Worker
from rq.exceptions import InvalidJobOperation, StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.worker.base import BaseWorker

from app.counters import counters
from app.db import db
from app.log_lines import working_on
from app.outages import REDIS, outage_behind, tell
from app.timing import scaled

log = logging.getLogger(__name__)

NOW, HOURLY = "now", "hourly"
LANES = (NOW, HOURLY)
"""Each has processes of its own, so that a Refresh never waits behind the hourly run."""
SERIALIZER = "json"
JOB_TIMEOUT = 300
"""Seconds after which a job is stopped, far beyond what a board takes."""
ENDED_AFTER = JOB_TIMEOUT + 60
"""Seconds after which a job that did not stop is ended with its process."""
MOST_MEMORY = 64 * 1024 * 1024
"""Bytes that a lane may grow by before it is started anew; a board of 5,000 cards takes 20 MB."""
KEPT_AFTER_FAILURE = 60
"""Seconds that RQ keeps a failed job; the row says what went wrong."""
IDLE_FOR = 30
"""Seconds without a job after which a lane ends that ends when idle; the boards of an hour follow
each other faster, and each start takes as much processor time as ten of them."""
LONGEST_WAIT = 1.0
"""Seconds between two looks of a lane whether Redis is back, which someone may be waiting for."""
NOTICES = 3000
"""How many notices of a lane are looked at; the rows of more than that wait for the next look."""


def connect(url: str, patience: float, **options: Any) -> redis.Redis:
    """A client that waits for an answer no longer than `patience` seconds.

    It does not tell the server which library it is, which is looked up anew for each connection.
    """
    return redis.Redis.from_url(
        url, socket_connect_timeout=1, socket_timeout=patience, driver_info=None, **options
    )


def client() -> redis.Redis:
    """The app's own, of little patience: someone may be waiting for a page."""
    connection: redis.Redis | None = current_app.extensions.get("tally_redis")
    if connection is None:
        connection = connect(current_app.extensions["tally_config"].redis_url, patience=1)
        current_app.extensions["tally_redis"] = connection
    return connection


def queue(lane: str) -> Queue:
    """One lane: a worker that listens to a single queue loses no job when it dies."""
    return Queue(lane, connection=client(), serializer=SERIALIZER)


def enqueue(
    job: Callable[[int], None], row_id: int, *, lane: str = NOW, first: bool = False
) -> bool:
    """Give notice of a row to work on; `first` puts it before everything that waits in its lane.

    The row must be committed. What waits already is not added again, though it may move up; what
    was taken by a worker that died is. A second delivery must be harmless. False when the queue
    can't be reached: the row waits, and the clock gives notice again.
    """
    job_id = _job_id(job, row_id)
    waiting = queue(lane)
    try:
        if waiting.connection.lpos(waiting.key, job_id) is not None:
            if first and waiting.connection.lrem(waiting.key, 0, job_id):
                waiting.push_job_id(job_id, at_front=True)
            return True
        waiting.enqueue(
            job,
            row_id,
            job_id=job_id,
            at_front=first,
            job_timeout=JOB_TIMEOUT,
            result_ttl=0,
            failure_ttl=KEPT_AFTER_FAILURE,
        )
    except redis.RedisError as error:
        tell(REDIS, error)
        return False
    return True


def count_notices(job: Callable[[int], None], lane: str) -> int:
    """How many notices for this job wait in a lane; 0 when the queue can't be reached."""
    prefix = _job_id(job, "")
    try:
        waiting = queue(lane).get_job_ids(length=NOTICES)
    except redis.RedisError:
        return 0
    return sum(job_id.startswith(prefix) for job_id in waiting)


def takes_notices(*, is_told: bool = True) -> bool:
    """Whether Redis answers, and writes: without memory or room on its disk it only reads. The log
    is told where not, unless whoever asks says so themselves."""
    try:
        return bool(client().set("tally-probe", "1", px=1000))
    except redis.RedisError as error:
        if is_told:
            tell(REDIS, error)
        return False


def server_version() -> str | None:
    """ "Redis 7.2.4", "Valkey 9.1.2"; None where it can't be reached, or does not say."""
    try:
        said = client().info("server")
    except redis.RedisError:
        return None
    if "valkey_version" in said:
        return f"Valkey {said['valkey_version']}"
    return f"Redis {said.get('redis_version', '')}".strip()


def queue_lengths() -> dict[str, int] | None:
    """How many notices wait in each lane; None when the queue can't be reached."""
    try:
        return {lane: queue(lane).count for lane in LANES}
    except redis.RedisError:
        return None


def lanes_at_work() -> set[str]:
    """The lanes in which a notice waits or is being worked on; none where nobody can tell."""
    asking = client()
    try:
        if not asking.exists(*chain.from_iterable(map(_signs_of_work, LANES))):
            return set()  # as mostly, and told by one short answer
        return {lane for lane in LANES if asking.exists(*_signs_of_work(lane))}
    except redis.RedisError:
        return set()


@cache
def _signs_of_work(lane: str) -> tuple[str, str]:
    """The keys that Redis has while a notice waits in the lane, and while one is worked on."""
    one = queue(lane)
    return one.key, one.started_job_registry.key


def work(lane: str, *, ends_when_idle: bool = False) -> None:
    """Work off one lane until asked to stop, until the server for jobs goes away, or until there
    was nothing to do for a while.

    Raises redis.RedisError.
    """
    connection = connect(current_app.extensions["tally_config"].redis_url, patience=30)
    # Short times, since RQ clears away after a dead worker only when they have passed. The rows
    # do not wait for that: whatever is not done is made known again by the clock.
    worker = StayingWorker if lane == HOURLY else ForkingWorker
    worker(
        [Queue(lane, connection=connection, serializer=SERIALIZER)],
        connection=connection,
        serializer=SERIALIZER,
        worker_ttl=60,
        maintenance_interval=30,
        job_monitoring_interval=10,
    ).work(logging_level="WARNING", max_idle_time=_idle_time() if ends_when_idle else None)


def _idle_time() -> int:
    return max(1, round(scaled(timedelta(seconds=IDLE_FOR)).total_seconds()))


def _told_as_outage(record: logging.LogRecord) -> bool:
    """Keeps what RQ says of each failure of Redis out of the log, which is told once instead."""
    error = record.exc_info[1] if record.exc_info else _error_told_in(record)
    outage = outage_behind(error)
    if error is None or outage is None:
        return True
    tell(outage, error)
    return False


def _error_told_in(record: logging.LogRecord) -> BaseException | None:
    told = record.args if isinstance(record.args, tuple) else ()
    return next((one for one in told if isinstance(one, BaseException)), None)


_is_leaving = False


def is_leaving() -> bool:
    """Whether the job at hand was asked to come to an end soon: its worker is about to stop."""
    return _is_leaving


class _LaneWorker(BaseWorker):
    """What the workers of all lanes have in common."""

    max_connection_wait_time = LONGEST_WAIT  # RQ's own waits double up to a minute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.log.addFilter(_told_as_outage)

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        with working_on("job", job.id):
            try:
                return super().perform_job(job, queue, execution)
            finally:
                counters.hand_over(self.connection)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """RQ's, but for what fails around us: told once, not with a traceback for each job."""
        outage = outage_behind(exc_info[1])
        if outage is None:
            super().handle_exception(job, *exc_info)
        else:
            tell(outage, exc_info[1])

    def handle_job_success(
        self,
        job: Job,
        queue: Queue,
        started_job_registry: StartedJobRegistry,
        execution: Execution,
    ) -> None:
        """RQ's, but for a notice that two workers took at once: given again by the clock between
        the taking and the claim. The first to end clears the job away under the other's feet."""
        try:
            super().handle_job_success(job, queue, started_job_registry, execution)
        except (InvalidJobOperation, ValueError):  # the second: what it lists is gone meanwhile
            log.info("%s was taken twice, and the other worker ended first", job.id)
            with self.connection.pipeline() as pipeline:
                self.cleanup_execution(job, pipeline, execution)
                pipeline.delete(job.key)  # what the last sign of life has made of it anew
                pipeline.execute()


class ForkingWorker(_LaneWorker, Worker):
    """Forks for every job: one that hangs or dies takes nothing else with it.

    It tells its job when it is asked to stop, so that a long one ends early.
    """

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        try:
            return super().perform_job(job, queue, execution)
        finally:
            db.end()  # PostgreSQL writes a line for each that just vanishes

    def handle_warm_shutdown_request(self) -> None:
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGUSR1)

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGUSR1, _leave)


class StayingWorker(_LaneWorker, SimpleWorker):
    """Works off its jobs in its own process, in which all that they need is at hand.

    Making that ready anew for every job costs as much as ten boards. What a fork is good for
    otherwise, the lane sees to itself: a job that hangs ends it, and after one that took much
    memory, which Python would hardly give back, it ends itself. Either way it is started again.
    """

    def execute_job(self, job: Job, queue: Queue) -> None:
        faulthandler.dump_traceback_later(ENDED_AFTER, exit=True)
        try:
            super().execute_job(job, queue)
        finally:
            faulthandler.cancel_dump_traceback_later()
            db.end()
        if _peak_memory() > self._peak_at_first + MOST_MEMORY:
            raise StopRequested

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        self._peak_at_first = _peak_memory()
        super().bootstrap(*args, **kwargs)

    def handle_warm_shutdown_request(self) -> None:
        _leave()


def _peak_memory() -> int:
    """The most bytes that this process ever held at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _leave(*_signal: object) -> None:
    global _is_leaving
    _is_leaving = True


def _job_id(job: Callable[[int], None], row: int | str) -> str:
    return f"{job.__name__}-{row}"
