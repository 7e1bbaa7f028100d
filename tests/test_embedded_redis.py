"""The server for jobs where it can't come up, as on a full disk."""

import tempfile
from pathlib import Path

import pytest

from app import embedded_redis
from app.embedded_redis import EmbeddedRedis


def test_one_that_does_not_come_up_leaves_the_way_free_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded_redis, "READY_WITHIN", 1)
    # A short path: the address of a Unix socket holds no more than 107 bytes.
    with tempfile.TemporaryDirectory(prefix="tally-") as directory:
        in_the_way = Path(directory) / "appendonlydir"
        in_the_way.touch()
        with pytest.raises(RuntimeError, match="did not answer"):
            EmbeddedRedis.start(Path(directory))
        in_the_way.unlink()
        EmbeddedRedis.start(Path(directory)).stop()
