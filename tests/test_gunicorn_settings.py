"""What gunicorn.conf.py makes of the environment."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import KEYS

SETTINGS = Path(__file__).resolve().parent.parent / "gunicorn.conf.py"


@pytest.mark.parametrize(("value", "count"), [(None, 1), ("", 1), ("3", 3)])
def test_as_many_processes_serve_pages_as_are_named(
    value: str | None, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEB_PROCESSES", raising=False)
    if value is not None:
        monkeypatch.setenv("WEB_PROCESSES", value)
    assert runpy.run_path(str(SETTINGS))["workers"] == count


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_stops_the_start_with_a_sentence(value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", "app:create_app()"],
        cwd=SETTINGS.parent,
        env=os.environ | {"WEB_PROCESSES": value},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("WEB_PROCESSES must be a whole number from 1")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "library",
    ["openpyxl", "psycopg", "sqlalchemy.dialects.postgresql", "valkey", "alembic", "joserfc"],
)
def test_what_is_rarely_used_is_left_out_until_then(library: str, tmp_path: Path) -> None:
    """What reads workbooks would take ten megabytes in every process, what speaks to PostgreSQL
    eight on SQLite, what reads the tokens of OpenID Connect four where nobody signs in by it."""
    program = f"import sys, app; app.create_app(); sys.exit({library!r} in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=SETTINGS.parent,
        env=os.environ | KEYS | {"DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
