"""A few rounds of `make faults`: what is killed at a random moment mends itself."""

import os
import subprocess
import sys

import pytest

from tests.support.installation import PYTHONPATH, ROOT

pytestmark = pytest.mark.services


def test_what_is_killed_at_random_loses_doubles_and_falsifies_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "faults", "kills", "--rounds", "4", "--kinds", "worker,job,server"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing lost, nothing doubled, nothing wrong." in done.stdout
