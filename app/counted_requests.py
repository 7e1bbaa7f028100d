"""Every request is counted, and how long it took, by the name of its view: few, and no secrets."""

import time
from functools import partial

from flask import Flask, Response, g, request

from app.counters import BUCKETS, REQUESTS, SECONDS, counters
from app.queues import client

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""
BEYOND = "+Inf"
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def init_counting(app: Flask) -> None:
    """Call it right after `init_requests`, which notes when a request began."""
    app.after_request(_count)


def _count(response: Response) -> Response:
    took = time.perf_counter() - g.began
    view = request.endpoint or "none"
    method = request.method if request.method in _METHODS else "other"  # it may be any word
    bound = next((str(one) for one in BOUNDS if took <= one), BEYOND)
    counters.add(REQUESTS, view, method, str(response.status_code))
    counters.add(BUCKETS, view, method, bound)
    counters.add(SECONDS, view, method, amount=took)
    if counters.is_due():
        # Once it is sent: nobody waits for it.
        response.call_on_close(partial(counters.hand_over, client()))
    return response
