"""How far long work has come, for those who wait for it.

Kept in Redis while the work goes on, and no record of anything: lost, it is only not shown.
"""

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import redis

from app.queues import client

log = logging.getLogger(__name__)

LIFE = timedelta(seconds=45)
"""After which nobody believes it any more: less than a worker may be silent, so that what one
that died has told never stands for the work of the next."""


def tell(work: str, **known: int | str) -> None:
    """Say how far it has come, in place of what was said before."""
    try:
        client().set(_key(work), json.dumps(known), ex=LIFE)
    except redis.RedisError as error:
        log.warning("Progress can't be told", extra={"error": type(error).__name__})


def told(work: str) -> Mapping[str, Any]:
    """What was told last; empty where nothing is, or where Redis can't be reached."""
    try:
        answer = client().get(_key(work))
    except redis.RedisError:
        return {}
    known: Mapping[str, Any] = json.loads(answer) if isinstance(answer, bytes) else {}
    return known


def forget(work: str) -> None:
    """It has ended."""
    try:
        client().delete(_key(work))
    except redis.RedisError as error:
        log.warning("Progress can't be forgotten", extra={"error": type(error).__name__})


def _key(work: str) -> str:
    return f"tally-progress:{work}"
