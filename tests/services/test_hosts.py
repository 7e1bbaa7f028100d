"""Workers on several hosts."""

import os
import subprocess
import sys

import pytest
from flask import Flask

from app.beats import beat
from app.config import Config
from tests.conftest import KEYS
from tests.support.installation import PYTHONPATH, ROOT

pytestmark = pytest.mark.services


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_second_host_needs_the_redis_of_the_first(app: Flask, config: Config) -> None:
    beat("another.example.com-17")
    environ = KEYS | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": PYTHONPATH,
        "DATA_DIR": str(config.data_dir),
        "DATABASE_URL": config.database_url,
    }
    worker = subprocess.run(
        [sys.executable, "worker.py"], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert worker.returncode == 3
    assert "set REDIS_URL to one Redis, the same on all hosts" in worker.stderr
