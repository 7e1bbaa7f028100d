"""The worker: runs jobs, winds the hourly clock, and owns the embedded server for RQ.

Where no REDIS_URL is set, the server is started here and stops last, so that a job that ends
while all is shut down can still say that it did.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType

import redis
from flask import Flask
from rq import Queue, Worker

from app import beats, create_app
from app.accounts.setup import is_set_up
from app.config import Config, ConfigError
from app.embedded_redis import EmbeddedRedis, ServerInUse
from app.okrs.cycles import current_cycle
from app.okrs.integrations import all_integrations
from app.queues import SERIALIZER, connect

log = logging.getLogger("worker")

# No process is forked in the middle of a turn: it would inherit SQLite's locks, held for ever.
_turn = threading.Lock()
os.register_at_fork(
    before=_turn.acquire, after_in_parent=_turn.release, after_in_child=_turn.release
)


class Clock(threading.Thread):
    """Every few seconds: a sign of life, what is due, and a look at the embedded server."""

    def __init__(self, app: Flask, server: EmbeddedRedis | None) -> None:
        super().__init__(name="clock", daemon=True)
        self._app = app
        self._server = server
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._server is not None:
                    self._server.keep_running()
                with _turn, self._app.app_context():
                    self._take_turn()
            except Exception:
                # The clock must outlive any one bad turn: the database may be away for a while.
                log.exception("A turn of the clock failed; the next one follows")
            self._stopping.wait(beats.EVERY.total_seconds())

    def _take_turn(self) -> None:
        beats.beat(self._name)
        if is_set_up():
            current_cycle()  # made on its first day, not when the first person comes
            for integration in all_integrations():
                integration.tick()

    def stop(self) -> None:
        self._stopping.set()
        self.join(timeout=10)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("authlib").setLevel(logging.INFO)  # below, it prints request tokens
    try:
        app = create_app()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    config: Config = app.extensions["tally_config"]
    signal.signal(signal.SIGTERM, _leave)
    if not config.owns_redis and not _answers(config.redis_url):
        sys.stderr.write(
            "Nothing answers at REDIS_URL. Start that Redis, mend the address, or unset REDIS_URL "
            "to use the server that Tally brings.\n"
        )
        return 3
    try:
        server = EmbeddedRedis.start(config.data_dir) if config.owns_redis else None
    except ServerInUse as error:
        sys.stderr.write(f"{error}\n")
        return 3
    try:
        return _work(app, config, server)
    finally:
        if server is not None:
            server.stop()


def _answers(redis_url: str) -> bool:
    try:
        return bool(connect(redis_url, patience=2).ping())
    except redis.RedisError:
        return False


def _work(app: Flask, config: Config, server: EmbeddedRedis | None) -> int:
    ticking = Clock(app, server)
    ticking.start()
    connection: redis.Redis = connect(config.redis_url, patience=30)
    queue = Queue("default", connection=connection, serializer=SERIALIZER)
    try:
        with app.app_context():
            while not _works_to_its_end(queue):
                log.warning("The server for jobs went away; the worker begins anew")
                time.sleep(1)
    finally:
        ticking.stop()
    return 0


def _works_to_its_end(queue: Queue) -> bool:
    """Work until asked to stop. False when the server for jobs went away in the middle of a job:
    RQ bears its loss only between two."""
    try:
        Worker(
            [queue],
            connection=queue.connection,
            serializer=SERIALIZER,
            worker_ttl=60,
            maintenance_interval=30,
            job_monitoring_interval=10,
        ).work(logging_level="WARNING")
    except redis.RedisError:
        return False
    return True


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
