"""The worker: winds the clock, owns the embedded server, and keeps the lanes running.

Where no REDIS_URL is set, the server is started here and stops last, so that a job that ends
while all is shut down can still say that it did. In a single thread: Linux would take the end of
the thread that started a child for the end of its parent.
"""

import ctypes
import gc
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Container
from contextlib import suppress
from types import FrameType

import redis
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app import beats, create_app
from app.accounts.setup import is_set_up
from app.config import Config
from app.config_error import ConfigError
from app.counters import counters
from app.db import db
from app.embedded_redis import EmbeddedRedis, ServerInUse
from app.log_lines import log_format, log_to_stderr
from app.mail.clock import MailClock
from app.okrs.bin.erasing import erase_old
from app.okrs.cycles import current_cycle
from app.okrs.integrations import all_integrations
from app.okrs.pruning import prune
from app.okrs.rollup.settling import settle
from app.okrs.thinning import thin
from app.outages import REDIS, forget_told, outage_behind, tell
from app.queues import HOURLY, NOW, client, connect, lanes_at_work, takes_notices, work
from app.timing import Hourly, scaled

log = logging.getLogger("worker")

KEPT = (NOW,)
"""A process each, which is always there: a Refresh waits for no start."""
ON_DEMAND = (NOW, HOURLY)
"""A process each, started when its lane has work and ended when none came for a while, since idle
it keeps 10 to 25 MB of its own. The second for what is urgent stands ready a look after the first
went to work: so a board that hangs holds up no other's Refresh."""
LOOK_EVERY = 1.0
"""Seconds between two looks at which lanes have work; what dies is seen at once."""
GLANCE_EVERY = 0.5
"""The same where Trello can reach us: each time there is also a glance at what it told of."""
STOP_WITHIN = 10
"""Seconds that jobs have to end; a board takes one or two, and what is cut off is done later."""
LOOSE_ENDS = 100_000
"""How many new objects may pile up before Python looks for garbage among them: a board of 5,000
cards makes 30,000, all of them needed to the end."""
LONGEST_PAUSE = 8
"""Seconds before a lane that dies again and again is started once more."""
STEADY_AFTER = 30
"""Seconds after which a lane counts as well again."""


class Clock:
    """Signs of life, and what is due."""

    def __init__(self, app: Flask, config: Config) -> None:
        self._app = app
        self.glances = config.has_public_address
        """Whether each turn looks for news from Trello; else ticks are all there is."""
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._next_tick = 0.0
        self._failed_turns = 0
        self._mail = MailClock()
        self._erasing, self._pruning, self._thinning = map(Hourly, (erase_old, prune, thin))

    def turn(self) -> None:
        """A glance, and every few seconds a tick. Raises nothing: the clock outlives a bad turn,
        since the database may be away for a while."""
        is_due = time.monotonic() >= self._next_tick
        if not is_due and not self.glances:
            return
        try:
            with self._app.app_context():
                if is_due:
                    self._next_tick = time.monotonic() + scaled(beats.EVERY).total_seconds()
                    self._tick()
                if self.glances:
                    for integration in all_integrations():
                        integration.glance()
        except Exception as error:
            self._failed_turns += 1
            outage = outage_behind(error)
            if outage is not None:
                tell(outage, error)
            else:
                log.exception("A turn of the clock failed; the next one follows")

    def _is_well(self) -> None:
        forget_told()
        if self._failed_turns:
            log.info("The clock goes on after %s failed turns", self._failed_turns)
            self._failed_turns = 0

    def _tick(self) -> None:
        is_taken = takes_notices()
        if is_taken:  # else no job gets anywhere, and pages say so
            beats.beat(self._name)
        if is_set_up():
            current_cycle()  # made on its first day, not when the first person comes
            for integration in all_integrations():
                integration.tick()
            settle()
            self._mail.tick()
            self._erasing.tick()
            self._pruning.tick()
            self._thinning.tick()
        counters.hand_over(client())
        if is_taken:
            self._is_well()


class Lane:
    """The process that works off one lane, started again whenever it dies."""

    def __init__(
        self,
        name: str,
        app: Flask,
        server: EmbeddedRedis | None,
        *,
        ends_when_idle: bool = False,
    ) -> None:
        self._name, self._app, self._server = name, app, server
        self._pid: int | None = None
        self._exit_code = 0
        self._ends_when_idle = ends_when_idle
        self._started_at = self._start_at = 0.0
        self._failure_count = 0

    def keep_running(self, at_work: Container[str]) -> None:
        """`at_work` names the lanes that have something to do."""
        has_started = self._pid is not None
        if self._is_running():
            return
        if has_started and not (self._ends_when_idle and self._exit_code == 0):
            self._plan_restart()
        if time.monotonic() < self._start_at:
            return
        if self._ends_when_idle and self._name not in at_work:
            return
        with self._app.app_context():
            is_of_use = takes_notices()
        if is_of_use:
            self._start()
        else:  # it would end at once, again and again
            self._start_at = time.monotonic() + LOOK_EVERY

    def tell(self, number: signal.Signals) -> None:
        if self._is_running() and self._pid is not None:
            os.kill(self._pid, number)

    def wait(self, deadline: float) -> bool:
        """Whether it has ended by then."""
        while self._is_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _is_running(self) -> bool:
        if self._pid is not None:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                self._pid, self._exit_code = None, os.waitstatus_to_exitcode(status)
        return self._pid is not None

    def _plan_restart(self) -> None:
        scale = self._app.extensions["tally_config"].time_scale
        was_steady = time.monotonic() - self._started_at > STEADY_AFTER * scale
        self._failure_count = 1 if was_steady else self._failure_count + 1
        is_first = self._failure_count == 1
        pause = 0 if is_first else min(2**self._failure_count / 4, LONGEST_PAUSE) * scale
        log.warning("The lane %s stopped; it is started again in %s s", self._name, pause)
        self._start_at = time.monotonic() + pause

    def _start(self) -> None:
        # A child must inherit no connection: neither side could tell whose answers are whose.
        db.end()
        db.engine.dispose()
        self._started_at = time.monotonic()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            code = 1
            try:
                code = self._live(parent)
            finally:
                os._exit(code)  # whatever ends it, as RQ's SystemExit: the rest is the parent's

    def _live(self, parent: int) -> int:
        """The whole life of the child. Its exit code."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setpgid(0, 0)  # a Ctrl-C is for the parent alone, which then stops us
        _die_with(parent)
        if self._server is not None:
            self._server.leave_to_parent()
        try:
            with self._app.app_context():
                gc.set_threshold(LOOSE_ENDS)
                work(self._name, ends_when_idle=self._ends_when_idle)
        except redis.RedisError as error:
            log.warning("The server for jobs went away: %s", type(error).__name__)
            return 1
        except Exception:
            log.exception("The lane %s failed", self._name)
            return 1
        return 0


def _rehearse() -> None:
    """Every lane and every job of it inherits what is made ready here, instead of doing it anew."""
    try:
        for integration in all_integrations():
            integration.rehearse()
    except SQLAlchemyError as error:  # the database may be away for a while
        log.warning("Jobs begin unprepared: %s", type(error).__name__)
    finally:
        db.end()
        db.engine.dispose()


class Stop:
    """Whether we were asked to stop, and a sleep that is cut short by that or by a child's end."""

    def __init__(self) -> None:
        self.is_asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # else it would wake nobody
        self._heard, heard_of = os.pipe()
        for end in (self._heard, heard_of):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(heard_of)

    def sleep(self, seconds: float) -> None:
        """So long, or until we are asked to stop, or a child ended."""
        if select.select([self._heard], [], [], seconds)[0]:
            os.read(self._heard, 1024)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self.is_asked = True


def main() -> int:
    try:
        log_to_stderr(log_format())
        app = create_app()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    config: Config = app.extensions["tally_config"]
    stop = Stop()
    if not config.owns_redis and not _answers(config.redis_url):
        sys.stderr.write(
            "Nothing answers at REDIS_URL. Start that Redis, mend the address, or unset REDIS_URL "
            "to use the server that Tally brings.\n"
        )
        return 3
    if config.owns_redis and _has_company(app):
        sys.stderr.write(
            "Another host runs a worker on this database, and each with a Redis of its own would "
            "ask Trello more than it allows: set REDIS_URL to one Redis, the same on all hosts.\n"
        )
        return 3
    try:
        server = _start_server(config, stop) if config.owns_redis else None
    except ServerInUse as error:
        sys.stderr.write(f"{error}\n")
        return 3
    try:
        _run(app, config, server, stop)
    finally:
        if server is not None:
            server.stop()
    return 0


def _start_server(config: Config, stop: Stop) -> EmbeddedRedis | None:
    """Tried again until it comes up, which it can't while the disk is full; None if asked to stop
    before. Raises ServerInUse."""
    while not stop.is_asked:
        try:
            return EmbeddedRedis.start(config.data_dir)
        except (OSError, RuntimeError) as error:
            tell(REDIS, error)
            time.sleep(LOOK_EVERY)  # not the stop's: the end of what did not start would wake it
    return None


def _answers(redis_url: str) -> bool:
    try:
        return bool(connect(redis_url, patience=2).ping())
    except redis.RedisError:
        return False


def _has_company(app: Flask) -> bool:
    """Whether a worker lives on another host; False where the database can't tell just now."""
    with app.app_context():
        try:
            return bool(beats.alive_elsewhere(socket.gethostname()))
        except SQLAlchemyError:
            return False
        finally:
            db.end()
            db.engine.dispose()  # nothing of it may be open when the lanes are forked


def _run(app: Flask, config: Config, server: EmbeddedRedis | None, stop: Stop) -> None:
    """Keep everything going until asked to stop."""
    clock = Clock(app, config)
    lanes = [Lane(name, app, server) for name in KEPT]
    lanes += [Lane(name, app, server, ends_when_idle=True) for name in ON_DEMAND]
    pause = GLANCE_EVERY if clock.glances else LOOK_EVERY
    pause = min(pause, beats.EVERY.total_seconds() * config.time_scale)
    with app.app_context():
        _rehearse()
    clock.turn()  # so that the lanes share what it makes ready as well
    gc.collect()
    gc.freeze()  # what is shared with the children stays shared
    try:
        with app.app_context():
            while not stop.is_asked:
                if server is not None:
                    _keep_running(server)
                clock.turn()
                at_work = lanes_at_work()
                for lane in lanes:
                    lane.keep_running(at_work)
                stop.sleep(pause)
    finally:
        _stop(lanes)


def _keep_running(server: EmbeddedRedis) -> None:
    try:
        server.keep_running()
    except (OSError, RuntimeError):
        log.exception("The server for jobs does not start; it is tried again")


def _stop(lanes: list[Lane]) -> None:
    """Let jobs end for a while, then end them."""
    deadline = time.monotonic() + STOP_WITHIN
    for lane in lanes:
        lane.tell(signal.SIGTERM)
    for lane in lanes:
        if not lane.wait(deadline):
            lane.tell(signal.SIGTERM)  # the second time it takes its job down with it
            if not lane.wait(time.monotonic() + 2):
                lane.tell(signal.SIGKILL)
                lane.wait(time.monotonic() + 2)


def _die_with(parent: int) -> None:
    """Be killed when the parent is, even with -9. A job that is under way comes to its end."""
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)  # it died before it could be watched


if __name__ == "__main__":
    sys.exit(main())
