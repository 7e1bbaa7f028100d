"""Requests to the provider: few at once, and answers that come to an end."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
import urllib3

from app.accounts.openid.troubles import BUSY, ODD, UNREACHABLE, OpenIdFailed
from app.bounded_answers import bound_answers

PATIENCE = (3.05, 8)
"""Seconds to connect and to wait, where a person waits too."""
LONGEST_ANSWER = 256 * 1024
LONGEST_WAIT = 15
"""Seconds until the whole answer has to be there."""
MOST_AT_ONCE = 2
"""A quarter of the web process's threads (gunicorn.conf.py), so that the others go on answering."""

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


@dataclass(frozen=True)
class Answer:
    status: int
    said: dict[str, Any] = field(repr=False)


def fetch(method: str, url: str, **what: Any) -> Answer:
    """What the provider says, which must be a JSON object. Raises OpenIdFailed.

    Follows no redirect: every address comes from the provider's own description.
    """
    try:
        with _place(), requests.Session() as session:
            bound_answers(session)
            response = session.request(
                method,
                url,
                headers={"Accept": "application/json"},
                timeout=PATIENCE,
                allow_redirects=False,
                stream=True,
                **what,
            )
            return Answer(response.status_code, _parsed(response.status_code, _whole(response)))
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise OpenIdFailed(UNREACHABLE, type(error).__name__) from error


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise OpenIdFailed(BUSY, "too many requests under way")
    try:
        yield
    finally:
        _places.release()


def _whole(response: requests.Response) -> bytes:
    ends_at = time.monotonic() + LONGEST_WAIT
    body = b""
    # read1 gives what is there; read would wait for a full part, past any deadline.
    while part := response.raw.read1(64 * 1024, decode_content=True):
        body += part
        if len(body) > LONGEST_ANSWER:
            raise OpenIdFailed(ODD, f"an answer of more than {LONGEST_ANSWER} bytes")
        if time.monotonic() > ends_at:
            raise OpenIdFailed(UNREACHABLE, "the answer took too long")
    return body


def _parsed(status: int, body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if isinstance(said, dict):
        return said
    if status >= 500:
        raise OpenIdFailed(UNREACHABLE, f"an answer with status {status}")
    raise OpenIdFailed(ODD, f"an answer with status {status} that is no JSON object")
