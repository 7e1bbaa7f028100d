"""The clock of the machine jumps forth and back, as after a wrong answer about the time.

clock.c stands between the programs and the system's clock: Python and the server for jobs see the
time that it tells. Their monotonic clocks go on evenly, as they do when a clock is set.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.boards import STARTED_WITHIN
from faults.conducting import Kind, conduct, note_answers
from faults.mounts import order
from faults.results import Findings
from faults.trial import Trial

SOURCE = Path(__file__).with_name("clock.c")
JUMPS = (("an hour forth", 3600), ("back again", 0), ("an hour back", -3600), ("and forth", 0))
"""In seconds from the true time; those to 0 are followed by a look at what came of it."""


def main() -> int:
    clock = _Clock()
    return conduct(
        Kind(
            "clock",
            "The clock jumps an hour forth and back again, then an hour back and forth again.",
            clock.jump,
            surroundings=clock.in_hand,
        )
    )


class _Clock:
    """What the installation takes for the time."""

    _offset: Path

    @contextmanager
    def in_hand(self, data_dir: Path) -> Iterator[dict[str, str]]:
        library = data_dir.parent / "clock.so"
        order("cc", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl")
        self._offset = data_dir.parent / "offset"
        self._set(0)
        yield {"LD_PRELOAD": str(library), "TALLY_CLOCK_OFFSET": str(self._offset)}

    def jump(self, trial: Trial, findings: Findings, turns: int) -> None:
        for words, seconds in JUMPS:
            trial.forget_answers()
            self._set(seconds)
            trial.live(turns)
            findings.add(words, "")
            note_answers(trial, findings, ())
            if seconds == 0:
                self._look(trial, findings)

    def _look(self, trial: Trial, findings: Findings) -> None:
        """Without the hour that other trials let pass: it has to come by itself."""
        took = trial.repaired_after(within=3600 * trial.scale + STARTED_WITHIN)
        if took is None:
            findings.wrong += ["what came after a jump was not counted", *trial.unsettled()]
        else:
            findings.add("all figures right after", f"{took:.1f} s")

    def _set(self, seconds: int) -> None:
        fresh = self._offset.with_suffix(".new")
        fresh.write_text(f"{seconds}\n")
        fresh.replace(self._offset)  # never read while it is half written


if __name__ == "__main__":
    sys.exit(main())
