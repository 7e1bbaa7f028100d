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


@pytest.mark.parametrize(("value", "is_shared"), [("1", False), ("2", True)])
def test_the_app_is_loaded_before_the_processes_only_where_several_share_it(
    value: str, is_shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_PROCESSES", value)
    assert runpy.run_path(str(SETTINGS))["preload_app"] is is_shared


def test_what_only_keeps_the_process_running_holds_no_app() -> None:
    program = "import runpy, sys; runpy.run_path(sys.argv[1]); sys.exit('flask' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, str(SETTINGS)],
        cwd=SETTINGS.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_wrong_setting_stops_the_start_with_a_sentence(processes: str, tmp_path: Path) -> None:
    wrong = {"PUBLIC_URL": "nowhere", "WEB_PROCESSES": processes, "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "app:create_app()"],
        cwd=SETTINGS.parent,
        env=os.environ | KEYS | wrong,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "PUBLIC_URL must be a web address" in done.stderr
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
