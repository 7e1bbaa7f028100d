"""The frame of a run that makes one kind of trouble: begin, trouble, its end, what was found."""

import argparse
import ctypes
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom
from types import FrameType

from faults.mounts import CannotRun, go_apart
from faults.results import Findings, say
from faults.trial import Trial
from sandbox import running_sandbox

PR_SET_CHILD_SUBREAPER = 36
CANNOT_RUN = 3
MOST_LINES = 40
"""How many lines of the log a trouble of whatever length may take."""


@contextmanager
def as_it_is(_data_dir: Path) -> Iterator[dict[str, str]]:
    """Surroundings with nothing special."""
    yield {}


@dataclass(frozen=True)
class Kind:
    """What is done, and where."""

    name: str
    summary: str
    trouble: Callable[[Trial, Findings, int], None]
    """Makes the trouble, lives through as many turns, and ends it; notes what it finds."""
    is_apart: bool = False
    """Whether it mounts something, which only this run is to see."""
    surroundings: Callable[[Path], AbstractContextManager[dict[str, str]]] = as_it_is
    """Around the installation whose DATA_DIR is given: makes ready, and says what to add to its
    environment. Raises CannotRun."""


def conduct(kind: Kind) -> int:
    """0 when all is well, 1 when something is not, 3 where this machine can't run it."""
    parser = argparse.ArgumentParser(prog=f"python -m faults {kind.name}")
    parser.description = kind.summary
    parser.add_argument("--turns", type=int, default=20, help="of reading and changing")
    parser.add_argument("--scale", type=float, default=0.05, help="of all timers; 1 is real")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--docs", action="store_true", help="write the result to docs/faults.md")
    wanted = parser.parse_args()
    if kind.is_apart:
        try:
            go_apart(f"faults.{kind.name}")
        except CannotRun as problem:
            return _refuse(problem)
    seed = SystemRandom().randrange(10**6) if wanted.seed is None else wanted.seed
    command = f"python -m faults {kind.name} --turns {wanted.turns} --scale {wanted.scale}"
    findings = Findings(kind.name, kind.summary, f"{command} --seed {seed}")
    say(f"{findings.command}: {kind.summary}")
    signal.signal(signal.SIGTERM, interrupt)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans are found, and ended
    directory = Path(tempfile.mkdtemp(prefix="tally-"))  # short: it is to hold a socket
    try:
        _run(kind, findings, directory, wanted.turns, wanted.scale, Random(seed))
    except CannotRun as problem:
        return _refuse(problem)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if findings.wrong:
        say("\n".join(["WRONG:", *findings.wrong]))
        return 1
    say("\nNothing lost, nothing doubled, nothing wrong.")
    if wanted.docs:
        findings.write()
    return 0


def _refuse(problem: CannotRun) -> int:
    say(f"It can't run here. {problem}")
    return CANNOT_RUN


def _run(
    kind: Kind, findings: Findings, directory: Path, turns: int, scale: float, chance: Random
) -> None:
    data_dir = directory / "d"
    data_dir.mkdir(mode=0o700)
    with kind.surroundings(data_dir) as more, running_sandbox() as sandbox:
        trial = Trial(data_dir, directory / "log", sandbox, scale, chance)
        trial.installation.environ |= more
        try:
            trial.begin()
            kind.trouble(trial, findings, turns)
            _look_over(trial, findings)
        except CannotRun as problem:  # it could be begun, so this is no fault of the machine
            findings.wrong.append(str(problem))
        finally:
            if not trial.installation.stop():
                findings.wrong.append("serve.py did not end by itself")
            if findings.wrong:
                say(trial.installation.log())


def _look_over(trial: Trial, findings: Findings) -> None:
    trial.links.let_an_hour_pass()
    took = trial.repaired_after()
    if took is None:
        findings.wrong.append("it was not well again in time")
    else:
        findings.add("well again after", f"{took:.1f} s")
    trial.forget_answers()
    trial.live(2)
    trial.links.let_an_hour_pass()
    findings.objects("afterwards", trial.bad_answers())
    if trial.repaired_after() is None:
        findings.wrong += ["what came afterwards was not counted", *trial.unsettled()]
    findings.objects("at the end", trial.damage())
    findings.add("comments lost or doubled, figures wrong", len(trial.damage()))


def note_answers(trial: Trial, findings: Findings, refusals: tuple[int, ...]) -> None:
    """What people were answered during the trouble, and what the log said of it."""
    findings.objects("meanwhile", trial.bad_answers(refusals=refusals))
    findings.add("pages read", said(trial.reads))
    findings.add("changes tried", said(trial.changes))
    lines = trial.log_lines()
    tracebacks = sum("Traceback" in line for line in lines)
    findings.add("lines in the log", len(lines))
    for line in list(dict.fromkeys(lines))[:MOST_LINES]:
        say(f"  log: {line}")
    if len(lines) > MOST_LINES or tracebacks:
        findings.wrong.append(f"the log has {len(lines)} lines, {tracebacks} tracebacks")


def said(answers: dict[tuple[int, str], int]) -> str:
    return ", ".join(
        f"{count}x {status} {title}".strip() for (status, title), count in sorted(answers.items())
    )


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
