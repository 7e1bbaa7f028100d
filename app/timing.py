"""Spans of time, which the long fault runs scale down so that an hour passes in seconds; and clocks
that were wrong."""

import math
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import Update, update
from sqlalchemy.orm import InstrumentedAttribute

from app.db import utcnow


def scaled(span: timedelta) -> timedelta:
    """The span as this installation lives it: shorter only where TIME_SCALE says so."""
    scale: float = current_app.extensions["tally_config"].time_scale
    return span * scale


class Hourly:
    """Does it once an hour, and remembers when it last did. It has to be such that late, twice,
    or by two workers at once is harmless."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._next = 0.0

    def tick(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + scaled(timedelta(hours=1)).total_seconds()
        self._act()


CLOCKS_APART = timedelta(minutes=10)
"""How far the clocks of several hosts may be apart without one of them being taken for wrong."""
_NOTICED_FROM = 2.0
"""Seconds; clocks that are kept right go back by less."""


class SetBack:
    """Notices that the clock was set back since it was last asked, by holding it
    against the one that only goes on. At first it says so too: it may have been before."""

    def __init__(self) -> None:
        self._ahead = math.inf

    def is_noticed(self) -> bool:
        was, self._ahead = self._ahead, utcnow().timestamp() - time.monotonic()
        return was - self._ahead > _NOTICED_FROM


def not_beyond(column: InstrumentedAttribute[Any], longest: timedelta) -> Update:
    """Brings moments that were planned by a clock that was ahead back to this one: all that lie
    further away than anything is ever planned. Late or twice is harmless."""
    now = utcnow()
    beyond = update(column.class_).where(column > now + longest).values({column.key: now})
    return beyond.execution_options(synchronize_session=False)
