"""Lanes are forked by a process that writes: no child may inherit a lock held for ever."""

import subprocess
import sys

import pytest

from app.config import Config
from app.migrating import upgrade
from tests.support.installation import ROOT

pytestmark = pytest.mark.services

SCRIPT = """
import os, sys
import flask
import sqlalchemy
import worker
from app.beats import beat
from app.db import db, make_engine

db.bind(make_engine(sys.argv[1]))
worker.takes_notices = lambda: True
worker.work = lambda lane, ends_when_idle: beat("child")
app = flask.Flask("a test")
for number in range(60):
    beat("clock")
    db.session.execute(sqlalchemy.text("select count(*) from worker_beat")).all()
    lane = worker.Lane("now", app, None)
    lane.keep_running(at_work=())
    beat("clock")
    code = os.waitstatus_to_exitcode(os.waitpid(lane._pid, 0)[1])
    assert code == 0, f"child {number} ended with {code}"
print("all well")
"""


def test_a_lane_can_write_while_the_clock_does(config: Config) -> None:
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
