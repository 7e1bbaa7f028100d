"""What gunicorn.conf.py makes of the environment."""

import runpy
from pathlib import Path

import pytest

SETTINGS = Path(__file__).resolve().parent.parent / "gunicorn.conf.py"


@pytest.mark.parametrize(("value", "count"), [(None, 1), ("", 1), ("3", 3)])
def test_as_many_processes_serve_pages_as_are_named(
    value: str | None, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    if value is not None:
        monkeypatch.setenv("WEB_CONCURRENCY", value)
    assert runpy.run_path(str(SETTINGS))["workers"] == count


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_stops_the_start_with_a_sentence(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", value)
    with pytest.raises(SystemExit, match="must be a whole number from 1"):
        runpy.run_path(str(SETTINGS))
