"""Noticing that the clock of this machine was set back."""

from datetime import UTC, datetime, timedelta

import pytest

from app.timing import SetBack


def test_a_clock_that_is_set_back_is_noticed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    monkeypatch.setattr("app.timing.utcnow", lambda: now)
    monkeypatch.setattr("app.timing.time.monotonic", lambda: 5.0)
    clocks = SetBack()
    assert clocks.is_noticed()  # it may have been before this process began
    assert not clocks.is_noticed()
    now += timedelta(hours=1)
    assert not clocks.is_noticed()
    now -= timedelta(hours=1)
    assert clocks.is_noticed()
    assert not clocks.is_noticed()
