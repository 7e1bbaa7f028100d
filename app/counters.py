"""What happens in each process, counted in memory and added up in Redis for /metrics.

In Redis, since a job may be a process of its own, and other hosts have their workers. In memory
first: no request waits for Redis, and while it is away nothing but figures waits.
"""

import json
import os
import threading
import time
from collections import defaultdict

import redis

KEY = "tally-counters"
HANDED_OVER_EVERY = 5.0
"""Seconds. What a process counted in its last ones is lost if it is killed."""
REQUESTS, SECONDS, BUCKETS = "requests", "seconds", "buckets"
SYNC_RUNS, TRELLO_REQUESTS = "sync_runs", "trello_requests"

Name = tuple[str, ...]
"""What is counted, and its labels. There must be few of them: never a name, an address, an id."""


class Counters:
    """Those of this process that were not handed over yet."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """In a forked process: what its parent counted, the parent hands over."""
        self._lock = threading.Lock()
        self._counted: defaultdict[Name, float] = defaultdict(float)
        self._due_at = 0.0

    def add(self, *name: str, amount: float = 1) -> None:
        with self._lock:
            self._counted[name] += amount

    def is_due(self) -> bool:
        """Whether the last handing over is long enough ago."""
        return time.monotonic() >= self._due_at

    def hand_over(self, server: redis.Redis) -> None:
        """Add what was counted to what all have counted; kept for the next time where it fails."""
        with self._lock:
            self._due_at = time.monotonic() + HANDED_OVER_EVERY
            counted, self._counted = self._counted, defaultdict(float)
        if not counted:
            return
        try:
            with server.pipeline() as pipeline:
                for name, amount in counted.items():
                    pipeline.hincrbyfloat(KEY, json.dumps(name), amount)
                pipeline.execute()
        except redis.RedisError:  # /readyz, the pages and the queue's lines tell of it
            for name, amount in counted.items():
                self.add(*name, amount=amount)


def read_counters(server: redis.Redis) -> dict[Name, float]:
    """What all processes have handed over since Redis was empty. Raises redis.RedisError."""
    kept: dict[bytes, bytes] = server.hgetall(KEY)  # type: ignore[assignment]
    return {tuple(json.loads(name)): float(amount) for name, amount in kept.items()}


counters = Counters()
