"""The server for jobs where it can't come up, as on a full disk, or ends as soon as it is up."""

import os
import signal
import tempfile
import time
from pathlib import Path

import pytest
import redis

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


def test_one_that_ends_at_once_is_started_again_after_a_pause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with tempfile.TemporaryDirectory(prefix="tally-") as directory:
        began = time.monotonic()
        server = EmbeddedRedis.start(Path(directory))
        try:
            for _ in range(2):
                killed = _kill(Path(directory))
                server.keep_running()
                assert _pid_in(Path(directory)) != killed
            assert time.monotonic() - began >= 2 * embedded_redis.STARTED_EVERY
        finally:
            server.stop()
        assert caplog.text.count("it is started again") == 2


def _pid_in(directory: Path) -> int:
    with redis.Redis(unix_socket_path=str(directory / "redis.sock")) as client:
        return int(client.info("server")["process_id"])


def _kill(directory: Path) -> int:
    """And wait until it is gone, which its parent has yet to notice. What its id was."""
    pid = _pid_in(directory)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid
