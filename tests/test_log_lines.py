"""What a line of the log says, to people and to machines."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from app import slow_work
from app.accounts.models import Workspace
from app.config_error import ConfigError
from app.db import db
from app.log_lines import JSON, TEXT, Lines, log_format, working_on
from app.slow_work import REQUEST_ID
from tests.support.client import Client

log = logging.getLogger("app.some.part")


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All that is logged, in one of the two forms."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Lines(request.param))
    logger = logging.getLogger("app")
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)


def said(lines: io.StringIO) -> list[str]:
    return lines.getvalue().splitlines()


@pytest.mark.parametrize("lines", [TEXT], indirect=True)
def test_people_read_a_line_with_what_was_handed_over(lines: io.StringIO) -> None:
    log.warning("It %s", "failed", extra={"run": 7, "detail": 'two words="x"\nmore'})
    assert said(lines) == [r'WARNING app.some.part: It failed run=7 detail="two words=\"x\"\nmore"']


@pytest.mark.parametrize("lines", [JSON], indirect=True)
def test_machines_read_every_line_with_the_error_inside(lines: io.StringIO) -> None:
    with working_on("job", "sync_board-7"):
        try:
            raise RuntimeError("broken")
        except RuntimeError:
            log.exception("It failed", extra={"run": 7})
    log.warning("Later")
    first, later = (json.loads(line) for line in said(lines))
    assert first["message"] == "It failed"
    assert (first["level"], first["logger"], first["run"]) == ("error", "app.some.part", 7)
    assert first["job"] == "sync_board-7"
    assert first["exception"].endswith("RuntimeError: broken")
    assert first["time"].endswith("+00:00")
    assert "job" not in later


@pytest.mark.parametrize("lines", [TEXT], indirect=True)
def test_what_a_request_logs_has_the_number_that_its_answer_has(
    lines: io.StringIO,
    app: Flask,
    client: Client,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slow_work, "SLOW_REQUEST", 0.0)
    numbers = [client.get("/login").headers[REQUEST_ID] for _ in range(2)]
    assert len(set(numbers)) == 2
    slow = [line for line in said(lines) if "A slow request" in line]
    assert [f"request={number}" in line for number, line in zip(numbers, slow, strict=True)] == [
        True,
        True,
    ]
    assert "view=accounts.sign_in method=GET status=200 seconds=" in slow[0]
    log.warning("Afterwards")
    assert said(lines)[-1] == "WARNING app.some.part: Afterwards"


@pytest.mark.parametrize("lines", [TEXT], indirect=True)
def test_quick_requests_say_nothing(
    lines: io.StringIO, client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_work, "SLOW_REQUEST", 3600.0)
    client.get("/login")
    assert said(lines) == []


@pytest.mark.both_databases
@pytest.mark.parametrize("lines", [TEXT], indirect=True)
def test_a_slow_statement_is_told_without_its_values(
    lines: io.StringIO, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_work, "SLOW_STATEMENT", 0.0)
    db.session.execute(text("SELECT :secret\n  AS it"), {"secret": "sesame"}).all()
    line = said(lines)[-1]
    assert "A slow statement seconds=0." in line
    assert re.search(r'statement="SELECT \S+ AS it"', line)
    assert "sesame" not in lines.getvalue()


@pytest.mark.parametrize("lines", [TEXT], indirect=True)
def test_quick_statements_say_nothing(
    lines: io.StringIO, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_work, "SLOW_STATEMENT", 3600.0)
    db.session.execute(text("SELECT 1")).all()
    assert said(lines) == []


def test_a_form_that_is_not_known_stops_the_start() -> None:
    assert log_format({}) == TEXT
    assert log_format({"LOG_FORMAT": "json"}) == JSON
    with pytest.raises(ConfigError, match="LOG_FORMAT must be text or json"):
        log_format({"LOG_FORMAT": "xml"})
