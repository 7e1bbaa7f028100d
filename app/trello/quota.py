"""Our own restraint: turns to ask Trello, shared by all processes, so that it never refuses one.

Trello counts requests as they arrive, and we as they begin: a request that is still under way
may arrive among those that begin after it. Hence the tenth below Trello's figures, which is
more than are ever under way at once; each process has one, the web process a handful.
"""

import hashlib
import logging
import math
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
from flask import current_app
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.config import Config
from app.db import utcnow
from app.limit_storage import Storage
from app.queues import connect
from app.timing import CLOCKS_APART, scaled
from app.trello.failures import Held

log = logging.getLogger(__name__)

PAGE_WAIT = timedelta(seconds=2)
"""The longest that a page waits for its turn, for someone waits for the page."""
JOB_WAIT = timedelta(seconds=30)
SIGN_EVERY = timedelta(seconds=1)
"""How often a job that waits says that it lives. The request before may have used up most of the
time for which it may be silent."""
AWAY_FOR = timedelta(seconds=5)
"""How long Redis is left alone after it did not answer."""

_ALL, _BACKGROUND, _ALONE = (10, 10), (9, 10), (1, 10)
"""Shares of a window. The last tenth is kept for those who wait for an answer, and it is what a
process may ask for them by itself while it cannot know what the others do."""

_KNOWN, _FORGOTTEN = "tally-turns-known", "tally-turns-forgotten"
_HOW_LONG_FORGOTTEN = """
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or 'unknown'
if redis.call('GET', KEYS[1]) ~= run then
  redis.call('SET', KEYS[1], run)
  redis.call('SET', KEYS[2], 1, 'PX', ARGV[1])
end
return redis.call('PTTL', KEYS[2])
"""
"""Milliseconds until Redis knows again what was asked, where it was started anew: it came back
without its data, or with what it had saved some time before."""

_TAKE = """
local now = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local most, seconds = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local oldest = redis.call('LINDEX', key, most - 1)
  if oldest and tonumber(oldest) >= now - seconds then return i end
end
for i, key in ipairs(KEYS) do
  redis.call('LPUSH', key, ARGV[1])
  redis.call('LTRIM', key, 0, ARGV[2 * i] - 1)
  redis.call('EXPIRE', key, ARGV[2 * i + 1])
end
return 0
"""
"""A place in each window, or in none and the number of the first that is full. As the library has
it for one window, whose moments it keeps newest first; for all of a request in one go."""


@dataclass(frozen=True)
class Window:
    """At most `most` requests begin in any stretch of `seconds`.

    Trello's own figures are 100, 300 and 100:
    https://developer.atlassian.com/cloud/trello/guides/rest-api/rate-limits/
    """

    name: str
    most: int
    seconds: int


PER_TOKEN = Window("token", 90, 10)
PER_KEY = Window("key", 270, 10)
MEMBERS = Window("members", 90, 900)
"""What /members/me falls under besides, for each token; the routes below it do not."""


Windows = Sequence[tuple[Window, str]]
"""All that one request falls under, each with the token or key that it counts for."""


class Turns:
    """The turns of one token, for one piece of work."""

    def __init__(
        self,
        api_key: str,
        token: str,
        *,
        is_urgent: bool,
        longest_wait: timedelta = JOB_WAIT,
        while_waiting: Callable[[], None] = lambda: None,
    ) -> None:
        self._key, self._token = _hashed(api_key), _hashed(token)
        self._share = _ALL if is_urgent else _BACKGROUND
        self._longest_wait = scaled(longest_wait).total_seconds()
        self._while_waiting = while_waiting
        self._sign_every = scaled(SIGN_EVERY).total_seconds()
        self._counters = _counters()

    def take(self, path: str) -> None:
        """Wait until one more request for this path may be sent. Call it right before.

        Raises Held when that would take longer than this work may wait.
        """
        began = signed = time.monotonic()
        windows = self._windows(path)
        while wait := self._counters.take(windows, self._share):
            if time.monotonic() + wait > began + self._longest_wait:
                raise Held(timedelta(seconds=wait))
            time.sleep(min(wait, self._sign_every))
            if time.monotonic() > signed + self._sign_every:
                self._while_waiting()
                signed = time.monotonic()

    def _windows(self, path: str) -> Windows:
        windows = [(PER_TOKEN, self._token), (PER_KEY, self._key)]
        return [(MEMBERS, self._token), *windows] if path == "/members/me" else windows


class _Counters:
    """The windows of this process: those in Redis, which all share, or its own while it is away."""

    def __init__(self, config: Config) -> None:
        self.process_id = os.getpid()
        client = connect(config.redis_url, patience=1, redis_connect_func=self._connect)
        storage = _Storage(config.redis_url, client.connection_pool, key_prefix="tally-turns")
        self._shared = _SharedLimiter(storage)
        self._own: _OwnLimiter | None = None
        self._away_until = self._forgotten_until = 0.0
        self._time_scale = config.time_scale

    def take(self, windows: Windows, share: tuple[int, int]) -> float:
        """Take a place in each of the windows, or in none; 0 when all had one, else the seconds
        until the first of the full ones may have."""
        if time.monotonic() >= self._away_until:
            try:
                wait = self._take(self._shared, windows, self._now(share))
            except redis.RedisError as error:
                self._lose_sight(error)
            else:
                self._own = None
                return wait
        own = self._own or _OwnLimiter(MemoryStorage())
        self._own = own  # which another thread may lay aside as soon as Redis is back
        if share == _BACKGROUND:
            # Together the processes would ask too much, so soon after what all have asked.
            return max(self._away_until - time.monotonic(), 0.05)
        return self._take(own, windows, _ALONE)

    def _now(self, share: tuple[int, int]) -> tuple[int, int]:
        """While Redis has forgotten what was asked, the background shares a tenth of it."""
        has_forgotten = time.monotonic() < self._forgotten_until
        return _ALONE if has_forgotten and share == _BACKGROUND else share

    def _connect(self, connection: Any) -> None:
        """A server that was restarted has to be connected to anew."""
        connection.on_connect()
        window = max(1000, round(PER_KEY.seconds * 1000 * self._time_scale))
        connection.send_command("EVAL", _HOW_LONG_FORGOTTEN, 2, _KNOWN, _FORGOTTEN, window)
        self._forgotten_until = time.monotonic() + connection.read_response() / 1000

    def _take(
        self, limiter: "_SharedLimiter | _OwnLimiter", windows: Windows, share: tuple[int, int]
    ) -> float:
        places = [(self._item(window, share), subject) for window, subject in windows]
        full = limiter.take_all(places)
        if full is None:
            return 0.0
        free_at = limiter.get_window_stats(*full).reset_time
        now = utcnow().timestamp() if limiter is self._shared else time.time()
        if free_at - now > full[0].multiples + CLOCKS_APART.total_seconds():
            # Counted by a clock that was set back since: it would hold for as long.
            limiter.clear(*full)
            return self._take(limiter, windows, share)
        # A little chance, so that those who wait do not all come back at once.
        return max(free_at - now, 0.0) + random.uniform(0.005, 0.05)

    def _item(self, window: Window, share: tuple[int, int]) -> "_Item":
        part, whole = share
        # The library counts in whole seconds, so a scaled window is no shorter than one.
        seconds = max(1, math.ceil(window.seconds * self._time_scale))
        return _Item(window.most * part // whole, seconds, window.name)

    def _lose_sight(self, error: redis.RedisError) -> None:
        if self._own is None:
            log.warning(
                "Redis can't be reached: Trello is asked only for those who wait for an answer",
                extra={"error": type(error).__name__},
            )
        self._away_until = time.monotonic() + AWAY_FOR.total_seconds() * self._time_scale


class _Item(RateLimitItemPerSecond):
    """Its key leaves out how many are allowed, so that all shares of a window count together."""

    def key_for(self, *identifiers: bytes | str | float) -> str:
        return f"{self.namespace}/{self.multiples}/{'/'.join(str(one) for one in identifiers)}"


Places = Sequence[tuple[_Item, str]]


class _OwnLimiter(MovingWindowRateLimiter):
    def take_all(self, places: Places) -> tuple[_Item, str] | None:
        """Take all of these places, or none where one is full. Returns the first that is full, else
        None. Another thread may fill one in between; then those before it stay taken."""
        tried = (one for take in (self.test, self.hit) for one in places if not take(*one))
        return next(tried, None)


class _SharedLimiter(MovingWindowRateLimiter):
    """By the clock that all hosts share: one that is ahead would ask too much, and keep those that
    are right from asking. Only `take_all` takes; the library's `hit` would go by this host's."""

    def __init__(self, storage: "_Storage") -> None:
        super().__init__(storage)
        self._take = storage.get_connection().register_script(_TAKE.encode())
        self._key_of = storage.prefixed_key

    def take_all(self, places: Places) -> tuple[_Item, str] | None:
        """Take all of these places, or none where one is full. Returns the first that is full, else
        None."""
        keys = [self._key_of(item.key_for(subject)) for item, subject in places]
        sizes = [size for item, _ in places for size in (item.amount, item.multiples)]
        full: int = self._take(keys, [utcnow().timestamp(), *sizes])
        return places[full - 1] if full else None


class _Storage(Storage):
    """Tells what a window holds by the clock that all hosts share, as _SharedLimiter counts."""

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = utcnow().timestamp()
        found = self.lua_moving_window([self.prefixed_key(key)], [now - expiry, limit])
        return (float(found[0]), found[1]) if found else (now, 0)


def _counters() -> _Counters:
    """Those of this process; a forked one does not go on with its parent's."""
    counters: _Counters | None = current_app.extensions.get("tally_turns")
    if counters is None or counters.process_id != os.getpid():
        counters = _Counters(current_app.extensions["tally_config"])
        current_app.extensions["tally_turns"] = counters
    return counters


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
