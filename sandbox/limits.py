"""Trello's rate limits: per token, per key, and for reading members."""

import math
import threading
import time
from collections import deque
from dataclasses import dataclass

REFUSALS_UNTIL_BLOCKED = 200


@dataclass(frozen=True)
class Limit:
    """At most `maximum` requests in any `seconds`. `name` is the middle of its headers."""

    name: str
    maximum: int
    seconds: int
    error: str
    message: str = "Rate limit exceeded"


PER_TOKEN = Limit("api-token", 100, 10, "API_TOKEN_LIMIT_EXCEEDED")
PER_KEY = Limit("api-key", 300, 10, "API_KEY_LIMIT_EXCEEDED")
# In the headers a limit per member has other figures; it is shown, but no refusal is on record.
SHOWN_PER_MEMBER = Limit("member", 200, 10, "")
MEMBER_ROUTES = Limit(
    "members", 100, 900, "RATE_LIMIT_EXCEEDED", "Exceeded rate limit to /1/member"
)


@dataclass(frozen=True)
class Refusal:
    limit: Limit
    wait_seconds: int


class RateLimits:
    """Counts requests over a sliding window, so no stretch of ten seconds holds too many.

    `scale` multiplies the numbers allowed and `interval_scale` the windows; both are for tests,
    as is switching it off. `sends_retry_after` because Trello does so only sometimes.
    """

    def __init__(self) -> None:
        self.enabled = True
        self.scale = 1.0
        self.interval_scale = 1.0
        self.sends_retry_after = True
        self._lock = threading.Lock()
        self._uses: dict[tuple[Limit, str], deque[float]] = {}
        self._refusals: deque[float] = deque()
        self._key_blocked_until = 0.0

    def admit(self, subjects: list[tuple[Limit, str]], cost: int = 1) -> Refusal | None:
        """Count one request against every limit it falls under, or say which one refuses it.

        A refused request uses up nothing, but more than 200 refusals in a window block the key
        for the rest of it.
        """
        if not self.enabled:
            return None
        now = time.monotonic()
        with self._lock:
            if now < self._key_blocked_until:
                return Refusal(PER_KEY, math.ceil(self._key_blocked_until - now))
            for limit, subject in subjects:
                uses = self._current(limit, subject, now)
                if limit.error and len(uses) + cost > self._maximum(limit):
                    self._count_refusal(now)
                    oldest = uses[0] if uses else now
                    return Refusal(limit, math.ceil(oldest + self._seconds(limit) - now))
            for limit, subject in subjects:
                self._current(limit, subject, now).extend([now] * cost)
        return None

    def headers(self, subjects: list[tuple[Limit, str]]) -> dict[str, str]:
        now = time.monotonic()
        headers = {}
        with self._lock:
            for limit, subject in subjects:
                if limit is MEMBER_ROUTES:
                    continue
                maximum = self._maximum(limit)
                left = max(0, maximum - len(self._current(limit, subject, now)))
                name = f"x-rate-limit-{limit.name}"
                headers[f"{name}-interval-ms"] = str(round(self._seconds(limit) * 1000))
                headers[f"{name}-max"] = str(maximum)
                headers[f"{name}-remaining"] = str(left)
        return headers

    def reset(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self._uses.clear()
            self._refusals.clear()
            self._key_blocked_until = 0.0

    def _count_refusal(self, now: float) -> None:
        window = self._seconds(PER_KEY)
        self._refusals.append(now)
        _forget_before(self._refusals, now - window)
        if len(self._refusals) > REFUSALS_UNTIL_BLOCKED:
            self._key_blocked_until = self._refusals[0] + window

    def _current(self, limit: Limit, subject: str, now: float) -> deque[float]:
        uses = self._uses.setdefault((limit, subject), deque())
        _forget_before(uses, now - self._seconds(limit))
        return uses

    def _maximum(self, limit: Limit) -> int:
        return max(1, round(limit.maximum * self.scale))

    def _seconds(self, limit: Limit) -> float:
        return limit.seconds * self.interval_scale


def _forget_before(moments: deque[float], start: float) -> None:
    while moments and moments[0] <= start:
        moments.popleft()
