"""The queue: with worker.py, the only code that knows RQ. Rows are the record, jobs mere notice."""

import logging
from collections.abc import Callable

import redis
from flask import current_app
from rq import Queue

log = logging.getLogger(__name__)

SERIALIZER = "json"
JOB_TIMEOUT = 300
"""Seconds after which a job is stopped, far beyond what a board takes."""
KEPT_AFTER_FAILURE = 60
"""Seconds that RQ keeps a failed job; the row says what went wrong."""


def connect(url: str, patience: float) -> redis.Redis:
    """A client that waits for an answer no longer than `patience` seconds."""
    return redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=patience)


def queue() -> Queue:
    """The one queue: a worker that listens to a single queue loses no job when it dies."""
    connection = current_app.extensions.get("tally_redis")
    if connection is None:
        url = current_app.extensions["tally_config"].redis_url
        connection = connect(url, patience=1)  # someone may be waiting for a page
        current_app.extensions["tally_redis"] = connection
    return Queue("default", connection=connection, serializer=SERIALIZER)


def enqueue(job: Callable[[int], None], row_id: int, *, first: bool = False) -> bool:
    """Give notice of a row to work on; `first` puts it before everything that waits.

    The row must be committed. What waits already is not added again, though it may move up; what
    was taken by a worker that died is. A second delivery must be harmless. False when the queue
    can't be reached: the row waits, and the clock gives notice again.
    """
    job_id = f"{job.__name__}-{row_id}"
    waiting = queue()
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
        log.warning("The queue can't be reached", extra={"error": type(error).__name__})
        return False
    return True


def is_queue_reachable() -> bool:
    try:
        return bool(queue().connection.ping())
    except redis.RedisError:
        return False
