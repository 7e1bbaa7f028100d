"""The short form of what `make faults` does to the disk and to Redis."""

import os
import subprocess
import sys

import pytest

from faults.conducting import CANNOT_RUN
from tests.support.installation import PYTHONPATH, ROOT

pytestmark = pytest.mark.services


@pytest.mark.parametrize("kind", ["disk", "redis-memory"])
def test_while_it_lasts_people_are_told_and_afterwards_all_is_well(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "faults", kind, "--turns", "2", "--scale", "0.005"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        timeout=200,
    )
    if done.returncode == CANNOT_RUN:
        pytest.skip(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing lost, nothing doubled, nothing wrong." in done.stdout
