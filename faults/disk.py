"""The disk is full for a while: database, embedded server for jobs, and their logs."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.boards import STARTED_WITHIN
from faults.conducting import Kind, conduct, note_answers
from faults.installation import wait_for
from faults.mounts import mounted_memory
from faults.results import Findings
from faults.trial import Trial

SIZE = "24m"
ORPHANS_LIVE_FOR = 3
"""Seconds for which gunicorn's workers may answer without their master; then comes the new one."""


def main() -> int:
    return conduct(KIND)


@contextmanager
def _small(data_dir: Path) -> Iterator[dict[str, str]]:
    with mounted_memory(data_dir, SIZE):
        yield {}


def _fill(trial: Trial, findings: Findings, turns: int) -> None:
    filler = trial.data_dir / "filler"
    _take_all_room(filler)
    trial.live(turns)
    note_answers(trial, findings, (507,))
    if not any(status == 507 for status, _ in trial.changes):
        findings.wrong.append("nobody noticed that the disk is full")
    trial.forget_answers()
    for kind in ("web", "worker"):
        trial.installation.kill(kind, trial.chance)
    time.sleep(ORPHANS_LIVE_FOR)
    if not wait_for(lambda: trial.visitor.read("/okrs").is_good, STARTED_WITHIN):
        findings.wrong.append("it does not start while the disk is full")
    _take_all_room(filler)
    trial.live(turns)
    findings.add("then web and worker killed, so that they start on a full disk", "")
    note_answers(trial, findings, (507,))
    filler.unlink()


def _take_all_room(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


KIND = Kind(
    "disk",
    "DATA_DIR, on a file system in memory of 24 MB, is filled to the last byte, and emptied again.",
    _fill,
    is_apart=True,
    surroundings=_small,
)

if __name__ == "__main__":
    sys.exit(main())
