"""Kills at random moments: nothing may be lost, doubled or wrong, and all mends itself in time.

Each round changes boards, lets an hour pass, sometimes links an item or presses Refresh, and at
some moment of it kills something. Then hands are off until every item shows what its board has.
"""

import argparse
import ctypes
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random, SystemRandom
from statistics import median

from faults.boards import BOARDS, LINKS_AT_FIRST, REPAIRED_WITHIN, STARTED_WITHIN, change_at_random
from faults.conducting import PR_SET_CHILD_SUBREAPER, interrupt
from faults.installation import KINDS, Installation
from faults.links import Links
from faults.results import say
from faults.stored import Stored, in_file
from faults.truth import Truth
from faults.visitor import Visitor
from sandbox import RunningSandbox, running_sandbox

LONGEST_MOMENT = 1.2
"""Seconds from the beginning of a round within which the kill comes."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--scale", type=float, default=0.05, help="of all timers; 1 is real")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--kinds", default=",".join(KINDS), help="what may be killed")
    wanted = parser.parse_args()
    seed = SystemRandom().randrange(10**6) if wanted.seed is None else wanted.seed
    signal.signal(signal.SIGTERM, interrupt)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans are found, and ended
    say(f"kills: {wanted.rounds} rounds, timers times {wanted.scale}, seed {seed}")
    directory = Path(tempfile.mkdtemp(prefix="tally-"))  # short: it is to hold a socket
    try:
        with running_sandbox() as sandbox:
            sandbox.limits.enabled = False  # its windows do not shrink with our timers
            run = Run(directory, sandbox, wanted.scale, Random(seed))
            try:
                return run.all_rounds(wanted.rounds, wanted.kinds.split(","))
            finally:
                if not run.installation.stop():
                    say("serve.py did not end by itself")
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Run:
    """An installation that is put through many rounds."""

    def __init__(
        self, directory: Path, sandbox: RunningSandbox, scale: float, chance: Random
    ) -> None:
        self._sandbox, self._chance = sandbox, chance
        self._deadline = max(REPAIRED_WITHIN * scale, STARTED_WITHIN)
        self._truth = Truth()
        self._boards = [sandbox.store.board(name) for name in BOARDS]
        self._kills: Counter[str] = Counter()
        self._repairs: dict[str, list[float]] = {}
        self._killed_at = 0.0
        self.installation = Installation(directory, sandbox, scale)
        self._stored = Stored(in_file(directory / "tally.sqlite3"), self._truth)

    def all_rounds(self, rounds: int, kinds: list[str]) -> int:
        """0 when nothing was lost, doubled or wrong, and everything was repaired in time."""
        self._begin()
        for number in range(1, rounds + 1):
            kind = self._chance.choice(kinds)
            killed = self._round(kind)
            is_repaired = self._is_repaired()
            took = time.monotonic() - self._killed_at
            self._kills[kind if killed else f"{kind} (none was there)"] += 1
            self._repairs.setdefault(kind, []).append(took)
            say(f"{number:>4} {kind:<8} {killed or 'none':<12} repaired after {took:5.1f} s")
            wrong = self._stored.damage()
            if not is_repaired:
                wrong += [f"not repaired after {took:.0f} s", *self._stored.unsettled()]
            if wrong:
                say("\n".join(["WRONG:", *wrong, "", self.installation.log()]))
                return 1
        self._report()
        return 0

    def _begin(self) -> None:
        self.installation.prepare()
        for board in self._boards:
            self._truth.note(board)
        self._links = Links(self.installation.environ, self._sandbox, self._truth, self._chance)
        for _ in range(LINKS_AT_FIRST):
            self._links.link_new(self._chance.choice(self._boards))
        self.installation.start()
        self.installation.wait_until_whole()
        self._visitor = Visitor(self.installation.url)
        self._killed_at = time.monotonic()
        if not self._is_repaired():
            raise RuntimeError(f"it does not count at all:\n{self.installation.log()}")

    def _round(self, kind: str) -> str | None:
        """Things happen, and in the middle of them something is killed. What was, if anything."""
        killed: list[str | None] = []
        moment = self._chance.uniform(0, LONGEST_MOMENT)
        killer = threading.Thread(target=self._kill, args=(kind, moment, killed))
        killer.start()
        self._change_boards()
        # Some answers take their time, so that many a kill falls into one.
        self._sandbox.faults.add(
            path="/1/boards/*", kind="delay", delay=self._chance.uniform(0.02, 0.6), times=3
        )
        if self._chance.random() < 0.25:
            self._links.link_new(self._chance.choice(self._boards))
        if self._chance.random() < 0.25:
            self._links.choose_anew(self._boards)
        self._links.let_an_hour_pass()
        if self._chance.random() < 0.5:
            self._visitor.press_refresh(self._chance.choice(self._links.source_ids()))
        killer.join()
        self._sandbox.faults.clear()
        if kind == "machine":
            self.installation.start()
        return killed[0]

    def _kill(self, kind: str, moment: float, killed: list[str | None]) -> None:
        time.sleep(moment)
        killed.append(self.installation.kill(kind, Random(moment)))
        self._killed_at = time.monotonic()

    def _change_boards(self) -> None:
        for board in self._boards:
            for _ in range(self._chance.choice([0, 0, 1, 2, 4])):
                change_at_random(board, self._sandbox, self._chance)
                self._truth.note(board)
                time.sleep(self._chance.uniform(0, 0.05))

    def _is_repaired(self) -> bool:
        """Wait for it, with no hand laid on."""
        deadline = time.monotonic() + self._deadline
        while self._stored.unsettled() or not self.installation.is_whole():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _report(self) -> None:
        say("\nNothing lost, nothing doubled, nothing wrong.")
        for kind, times in sorted(self._repairs.items()):
            say(
                f"  {kind:<8} {len(times):>3} kills, repaired after "
                f"{median(times):.1f} s (median), {max(times):.1f} s (worst)"
            )
        missed = {kind: count for kind, count in self._kills.items() if "none" in kind}
        say(f"  of these without effect: {missed or 'none'}")
        say(f"  stored: {self._stored.counts()}; requests: {len(self._sandbox.requests)}")


if __name__ == "__main__":
    sys.exit(main())
