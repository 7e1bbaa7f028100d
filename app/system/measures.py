"""What /metrics shows, in the words of Prometheus.

What stands in the database and in Redis is read anew each time, and is the same whichever process
or host is asked. So is what processes count, since they add it up in Redis.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

import redis
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from app.counted_requests import BEYOND, BOUNDS
from app.counters import (
    BUCKETS,
    REQUESTS,
    SECONDS,
    SYNC_RUNS,
    TRELLO_REQUESTS,
    Name,
    counters,
    read_counters,
)
from app.db import db, utcnow
from app.queues import client, queue_lengths
from app.system.facts import Facts, free_space, read_facts
from app.version import tally_version

CONTENT_TYPE = CONTENT_TYPE_LATEST

Counted = Mapping[Name, float]


def exposition() -> bytes:
    """The figures of this moment. Whatever can't be reached is left out, and said to be down."""
    registry = CollectorRegistry()
    registry.register(_Figures(_facts(), _counted(), queue_lengths()))
    return generate_latest(registry)


def _facts() -> Facts | None:
    try:
        return read_facts()
    except SQLAlchemyError:
        db.end()
        return None


def _counted() -> Counted | None:
    server = client()
    counters.hand_over(server)
    try:
        return read_counters(server)
    except redis.RedisError:
        return None


@dataclass(frozen=True, eq=False)
class _Figures(Collector):
    """Each None where it can't be reached."""

    facts: Facts | None
    counted: Counted | None
    lengths: Mapping[str, int] | None

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily(
            "tally_build",
            "Which Tally this is.",
            value={"version": tally_version(), "python": platform.python_version()},
        )
        up = GaugeMetricFamily("tally_up", "1 where this part can be reached.", labels=["part"])
        up.add_metric(["database"], float(self.facts is not None))
        up.add_metric(["redis"], float(self.lengths is not None))
        yield up
        free = free_space()
        if free is not None:
            yield _gauge("tally_disk_free_bytes", "Room for DATA_DIR on the host asked.", free)
        if self.facts is not None:
            yield from _of_database(self.facts)
        if self.lengths is not None:
            yield _jobs(self.lengths)
        if self.counted is not None:
            yield from _of_processes(self.counted)


def _of_database(facts: Facts) -> Iterator[Metric]:
    yield _gauge("tally_database_size_bytes", "What the database holds.", facts.database.size)
    yield _gauge(
        "tally_schema_is_newest",
        "1 where the database has the schema that this Tally works with.",
        facts.database.is_newest,
    )
    yield _gauge(
        "tally_last_backup_timestamp_seconds",
        "When the newest backup was made; 0 where there was never one.",
        facts.backup.made_at.timestamp() if facts.backup else 0,
    )
    yield _gauge("tally_workers_alive", "Workers heard of a moment ago.", facts.alive_count)
    yield _gauge("tally_mail_waiting", "Mails yet to be sent.", facts.mail.waiting_count)
    yield _gauge(
        "tally_mail_given_up",
        "Mails of the last seven days that could not be sent.",
        facts.mail.given_up_count,
    )
    yield _gauge("tally_sync_runs_waiting", "Syncs no worker has taken.", facts.runs.waiting_count)
    oldest_at = facts.runs.oldest_at
    yield _gauge(
        "tally_sync_oldest_waiting_seconds",
        "How long the sync that waits longest has waited; 0 where none does.",
        (utcnow() - oldest_at).total_seconds() if oldest_at else 0,
    )


def _jobs(lengths: Mapping[str, int]) -> Metric:
    jobs = GaugeMetricFamily(
        "tally_jobs_waiting", "Notices of work in Redis, by lane.", labels=["lane"]
    )
    for lane, length in lengths.items():
        jobs.add_metric([lane], length)
    return jobs


def _of_processes(counted: Counted) -> Iterator[Metric]:
    yield _counter(
        "tally_requests",
        "Requests answered, by view.",
        ["view", "method", "status"],
        _of(REQUESTS, counted),
    )
    yield _durations(counted)
    yield _counter(
        "tally_sync_runs",
        "Syncs that ended, by what asked for them and how.",
        ["trigger", "outcome"],
        _of(SYNC_RUNS, counted),
    )
    yield _counter(
        "tally_trello_requests",
        "Requests to Trello, by its answer; limited is its 429.",
        ["outcome"],
        _of(TRELLO_REQUESTS, counted),
    )


def _durations(counted: Counted) -> Metric:
    """Kept by bucket; Prometheus wants each bucket to hold those before it, too."""
    durations = HistogramMetricFamily(
        "tally_request_seconds",
        "How long requests took to be answered, by view.",
        labels=["view", "method"],
    )
    in_buckets = _of(BUCKETS, counted)
    bounds = [*map(str, BOUNDS), BEYOND]
    for (view, method), seconds in _of(SECONDS, counted).items():
        sums = accumulate(in_buckets.get((view, method, bound), 0) for bound in bounds)
        durations.add_metric([view, method], list(zip(bounds, sums, strict=True)), seconds)
    return durations


def _of(kind: str, counted: Counted) -> dict[Name, float]:
    """What is counted of one kind, by its labels, in an order that stays."""
    return {name[1:]: amount for name, amount in sorted(counted.items()) if name[0] == kind}


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))


def _counter(name: str, meaning: str, labels: list[str], amounts: Mapping[Name, float]) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=labels)
    for values, amount in amounts.items():
        family.add_metric(values, amount)
    return family
