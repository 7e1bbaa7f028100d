"""Moments in words."""

from datetime import timedelta

import pytest

from app.db import utcnow
from app.pages import until


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(seconds=-90), "now"),
        (timedelta(seconds=30), "in less than a minute"),
        (timedelta(seconds=90), "in 1 minute"),
        (timedelta(minutes=59, seconds=30), "in 59 minutes"),
        (timedelta(hours=3, minutes=1), "in 3 hours"),
        (timedelta(days=2, minutes=1), "in 2 days"),
    ],
)
def test_how_far_ahead_a_moment_is(ahead: timedelta, said: str) -> None:
    assert until(utcnow() + ahead) == said
