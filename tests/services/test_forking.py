"""Jobs are forked beside a clock that writes: no child may inherit a lock held for ever."""

import subprocess
import sys

import pytest

from app.config import Config
from app.migrating import upgrade
from tests.support.installation import ROOT

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]

SCRIPT = """
import os, sys, threading
import worker
from app.beats import beat
from app.db import db, make_engine

db.bind(make_engine(sys.argv[1]))
stopping = threading.Event()

def clock():
    while not stopping.is_set():
        with worker._turn:
            beat("clock")
            db.session.remove()
        stopping.wait(0.001)

thread = threading.Thread(target=clock)
thread.start()
for number in range(60):
    child = os.fork()
    if child == 0:
        beat("child")
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, f"child {number} ended with {code}"
stopping.set()
thread.join()
print("all well")
"""


def test_a_job_can_write_while_the_clock_does(config: Config) -> None:
    url = f"sqlite:///{config.data_dir / 'forked.sqlite3'}"
    upgrade(url)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "all well\n", done.stderr
