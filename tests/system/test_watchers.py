"""/metrics is there for programs on this machine, or for those with the token, for nobody else."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.config import Config, load_config
from app.db import db
from tests.conftest import KEYS
from tests.support.client import Client

TOKEN = "sesame-sesame-sesame-sesame"
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.fixture
def behind_a_proxy(config: Config) -> Iterator[Flask]:
    """As deploy/install has it, with a token."""
    app = create_app(
        dataclasses.replace(
            config,
            public_url="https://tally.example.com",
            trusted_proxies=1,
            metrics_token=TOKEN,
        )
    )
    app.testing = True
    yield app
    db.session.remove()
    db.engine.dispose()


def asked(app: Flask, token: str | None = None, **options: object) -> int:
    """The status of the answer."""
    sent = options.pop("headers", {})
    assert isinstance(sent, dict)
    if token is not None:
        sent = sent | {"Authorization": f"Bearer {token}"}
    return Client(app).get("/metrics", headers=sent, **options).status_code


def test_a_program_on_this_machine_reads_them(app: Flask) -> None:
    for address in ("127.0.0.1", "::1"):
        assert asked(app, environ_base={"REMOTE_ADDR": address}) == 200
    assert asked(app, headers={"Host": "127.0.0.1:8000"}) == 200
    assert asked(app, headers={"Host": "[::1]:8000"}) == 200


def test_nobody_else_does(app: Flask) -> None:
    for address in ("203.0.113.7", "10.0.0.2", "", "unix:"):
        assert asked(app, environ_base={"REMOTE_ADDR": address}) == 404
    answer = Client(app).get("/metrics", environ_base=ELSEWHERE)
    assert "There is nothing here" in answer.text and "tally_" not in answer.text


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "X-Real-IP",
        "Forwarded",
        "Via",
    ],
)
def test_what_came_through_a_proxy_is_from_elsewhere(
    app: Flask, behind_a_proxy: Flask, header: str
) -> None:
    """Be it trusted or not, and whoever the header says it is from."""
    for one in (app, behind_a_proxy):
        for value in ("127.0.0.1", "203.0.113.7"):
            assert asked(one, headers={header: value, "Host": "localhost"}) == 404


def test_nor_is_a_browser_here_that_was_led_here_under_another_name(app: Flask) -> None:
    for host in ("evil.example", "evil.example:8000", "["):
        assert asked(app, headers={"Host": host}) == 404


def test_with_the_token_they_are_read_from_anywhere(behind_a_proxy: Flask) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    for host in ("tally.example.com", "web-1:8000"):
        sent = {"headers": forwarded | {"Host": host}}
        assert asked(behind_a_proxy, TOKEN, **sent) == 200
        assert asked(behind_a_proxy, TOKEN[:-1], **sent) == 404
        assert asked(behind_a_proxy, "", **sent) == 404
        assert asked(behind_a_proxy, "séance", **sent) == 404
        assert asked(behind_a_proxy, **sent) == 404
        basic = {"Authorization": f"Basic {TOKEN}"}
        assert asked(behind_a_proxy, headers=forwarded | {"Host": host} | basic) == 404


def test_where_there_is_a_token_it_is_asked_of_this_machine_too(behind_a_proxy: Flask) -> None:
    """A proxy that adds nothing to what it passes on can't be told from a program here."""
    here = {"headers": {"Host": "127.0.0.1:8000"}, "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}
    assert asked(behind_a_proxy, **here) == 404
    assert asked(behind_a_proxy, TOKEN, **here) == 200


def test_where_no_token_is_set_none_opens(app: Flask) -> None:
    for token in ("", "None", TOKEN):
        assert asked(app, token, environ_base=ELSEWHERE) == 404


def test_the_token_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    settings = {"DATA_DIR": str(tmp_path), "METRICS_TOKEN_FILE": str(tmp_path / "token")}
    config = load_config(KEYS | settings)
    assert config.metrics_token == TOKEN
    assert TOKEN not in repr(config)
