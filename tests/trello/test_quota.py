"""Turns at Trello: shared by all processes through a real server, kept to without one."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from flask import Flask

from app.config import Config
from app.db import utcnow
from app.embedded_redis import EmbeddedRedis
from app.trello import quota
from app.trello.failures import Held
from app.trello.quota import Turns
from tests.conftest import KEYS
from tests.support.installation import PYTHONPATH, ROOT

BOARD, ME = "/boards/5f0000000000000000000b01", "/members/me"
NO_WAIT = timedelta()


@pytest.fixture(autouse=True)
def turns_at_once() -> None:
    """Here they are waited for."""


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedRedis]:
    # A short path: the address of a Unix socket holds no more than 107 bytes.
    with tempfile.TemporaryDirectory(prefix="tally-") as directory:
        server = EmbeddedRedis.start(Path(directory))
        server.address = f"unix://{directory}/redis.sock"  # type: ignore[attr-defined]
        yield server
        server.stop()


@pytest.fixture
def stored(server: EmbeddedRedis) -> redis.Redis:
    """What the server holds, empty at first."""
    client = redis.Redis.from_url(server.address)  # type: ignore[attr-defined]
    client.flushall()
    client.set("tally-turns-known", client.info("server")["run_id"])
    return client


@pytest.fixture
def config(config: Config, request: pytest.FixtureRequest) -> Config:
    """With the server, where the test has one, and with windows of a tenth."""
    server = request.getfixturevalue("server") if "stored" in request.fixturenames else None
    url = server.address if server else config.redis_url
    return replace(config, redis_url=url, time_scale=0.1)


@pytest.fixture
def turns(app: Flask) -> Iterator[Callable[..., Turns]]:
    with app.app_context():
        yield lambda token="token", is_urgent=True, wait=NO_WAIT, **more: Turns(
            "key", token, is_urgent=is_urgent, longest_wait=wait, **more
        )


def take_all(turns: Turns, path: str = BOARD) -> int:
    """How many turns there are without waiting."""
    for taken in range(1000):
        try:
            turns.take(path)
        except Held:
            return taken
    raise AssertionError("there is no end")


def test_the_last_tenth_is_left_to_those_who_wait_for_an_answer(
    stored: redis.Redis, turns: Callable[..., Turns]
) -> None:
    assert take_all(turns(is_urgent=False)) == 81
    assert take_all(turns(is_urgent=True)) == 9
    assert take_all(turns(is_urgent=False)) == 0
    assert take_all(turns("another token", is_urgent=False)) == 81


def test_all_tokens_share_what_the_key_may(
    stored: redis.Redis, turns: Callable[..., Turns]
) -> None:
    taken = [take_all(turns(token, is_urgent=False)) for token in ("a", "b", "c", "d")]
    assert taken == [81, 81, 81, 0]
    assert [take_all(turns(token)) for token in ("d", "e")] == [27, 0]


def test_a_request_that_waits_for_its_key_takes_no_turn_of_its_token_meanwhile(
    stored: redis.Redis, turns: Callable[..., Turns]
) -> None:
    assert [take_all(turns(token)) for token in ("a", "b", "c", "d")] == [90, 90, 90, 0]
    windows = sorted(name.decode().split("/")[0] for name in stored.scan_iter("tally-turns:*"))
    assert windows == ["tally-turns:key", *["tally-turns:token"] * 3]


def test_who_someone_is_may_be_asked_seldom_but_their_boards_as_often_as_any(
    stored: redis.Redis, turns: Callable[..., Turns], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, far = turns(), time.time()
    assert take_all(mine, ME) == 90
    later = datetime.fromtimestamp(far + 2, UTC)
    monkeypatch.setattr(quota, "utcnow", lambda: later)  # the short window is over, not the long
    with pytest.raises(Held, match="Try again in 8[0-9] seconds"):
        mine.take(ME)
    mine.take(f"{ME}/boards")


def test_a_turn_comes_when_the_window_moves_on_and_the_wait_is_a_sign_of_life(
    stored: redis.Redis, turns: Callable[..., Turns]
) -> None:
    signs: list[float] = []
    take_all(turns())
    waits = turns(wait=timedelta(seconds=30), while_waiting=lambda: signs.append(time.time()))
    began = time.monotonic()
    waits.take(BOARD)
    assert 0.5 < time.monotonic() - began < 3
    assert len(signs) >= 3


def test_who_may_not_wait_so_long_is_told_when_to_come_back(
    stored: redis.Redis, turns: Callable[..., Turns]
) -> None:
    take_all(turns())
    began = time.monotonic()
    with pytest.raises(Held) as held:
        turns(wait=timedelta(seconds=2)).take(BOARD)  # a fifth of a second, as scaled
    assert time.monotonic() - began < 0.5
    assert "we ask it only so often" in held.value.sentence
    assert held.value.retry_after is not None
    assert timedelta() < held.value.retry_after < timedelta(seconds=1.1)


def test_neither_token_nor_key_is_ever_stored(
    stored: redis.Redis, turns: Callable[..., Turns]
) -> None:
    turns("a-secret-token").take(ME)
    names = [name.decode() for name in stored.scan_iter()]
    assert len(names) == 4
    assert not any("secret" in name or name.endswith("key") for name in names)


PROCESS = """
import json, sys, time
from datetime import UTC, datetime, timedelta
from app import create_app
from app.trello.quota import Turns

app = create_app()
taken = []
with app.app_context():
    # It waits as long as it takes, on however busy a machine.
    patience = timedelta(hours=1)
    turns = Turns("key", "token", is_urgent=sys.argv[1] == "urgent", longest_wait=patience)
    print("ready", flush=True)
    sys.stdin.readline()
    ends_at = time.monotonic() + 3
    while time.monotonic() < ends_at:
        turns.take("/boards/x")
        taken.append(time.time())
print(json.dumps(taken))
"""


def test_processes_together_never_reach_what_trello_allows(
    stored: redis.Redis, config: Config
) -> None:
    environment = KEYS | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": PYTHONPATH,
        "DATA_DIR": str(config.data_dir),
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "TIME_SCALE": "0.1",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, share],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in ("urgent", "background", "background")
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    each = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert all(each)
    taken = sorted(moment for one in each for moment in one)
    worst = max(sum(start <= one < start + 1 for one in taken) for start in taken)
    # 90 begin in any second; the moments are those when the turn had come, a little later.
    assert 60 < worst < 100
    assert len(taken) <= 90 * (taken[-1] - taken[0] + 2)


def test_without_redis_a_process_asks_a_tenth_for_those_who_wait_and_says_so_once(
    turns: Callable[..., Turns], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert take_all(turns("a", is_urgent=False)) == 0
        assert [take_all(turns(one)) for one in ("a", "b", "c", "d")] == [9, 9, 9, 0]
    assert [record.message for record in caplog.records] == [
        "Redis can't be reached: Trello is asked only for those who wait for an answer"
    ]


def test_when_redis_is_back_the_turns_are_shared_again(
    config: Config, turns: Callable[..., Turns], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = turns()
    assert take_all(mine) == 9
    server = EmbeddedRedis.start(config.data_dir)
    try:
        later = time.monotonic() + quota.AWAY_FOR.total_seconds()
        monkeypatch.setattr(quota.time, "monotonic", lambda: later)
        assert take_all(mine) == 90
    finally:
        server.stop()


def test_when_redis_comes_back_without_its_data_the_background_leaves_room_for_what_it_forgot(
    stored: redis.Redis, turns: Callable[..., Turns], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [utcnow()]
    monkeypatch.setattr(quota, "utcnow", lambda: moments[-1])
    assert take_all(turns(is_urgent=False)) == 81
    stored.flushall()
    stored.client_kill_filter(_type="normal")
    assert take_all(turns(is_urgent=False)) == 9
    assert take_all(turns(is_urgent=True)) == 81
    time.sleep(1.1)
    moments.append(moments[-1] + timedelta(seconds=1.1))
    assert take_all(turns(is_urgent=False)) == 81


def test_so_it_does_when_redis_comes_back_with_what_it_had_saved_some_time_before(
    stored: redis.Redis, turns: Callable[..., Turns]
) -> None:
    stored.set("tally-turns-known", "of the process that was killed")
    assert take_all(turns(is_urgent=False)) == 9
    assert stored.get("tally-turns-known") == stored.info("server")["run_id"].encode()


def test_turns_that_a_clock_ahead_has_taken_hold_nobody_up_when_it_is_set_right(
    stored: redis.Redis, turns: Callable[..., Turns], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, now = turns(), quota.utcnow
    with monkeypatch.context() as ahead:
        ahead.setattr(quota, "utcnow", lambda: now() + timedelta(hours=1))
        assert take_all(mine) == 90
    assert take_all(mine) == 90
