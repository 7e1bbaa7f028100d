"""Half an hour of fifty people and a hundred boards: errors, memory, and how long answers take.

python -m bench soak [--minutes MINUTES] writes its tables to bench/README.md, in a place of their
own.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from bench.installation import Measured
from bench.people_rows import (
    EVERY,
    PEOPLE,
    Felt,
    bare_pages,
    hourly_runs,
    peopled,
    rows_of,
)
from bench.plots import Line, Plot
from bench.processes import children_of, family, proportional_memory
from bench.table import Row, as_text, markdown

MINUTES = 30
RUN_EVERY = 60.0
"""Seconds between two "hourly" runs."""
_MEGABYTE = 1024 * 1024
_MOST_GROWTH = 5
"""Percent by which the last quarter may exceed the second one; less can't be told from noise."""


@dataclass(frozen=True)
class Sample:
    """Bytes of proportional memory by the process, so many minutes after the beginning."""

    minute: float
    memory: Mapping[str, int]

    @property
    def total(self) -> float:
        return sum(self.memory.values()) / _MEGABYTE


@dataclass
class Soaked:
    ours: Felt
    floor: Felt
    samples: list[Sample]
    run_count: int
    rows: list[Row] = field(default_factory=list)


def soak(
    minutes: float = MINUTES,
    count: int = PEOPLE,
    board_count: int = 100,
    floor_seconds: float = 60,
    sample_every: float = 60,
    run_every: float = RUN_EVERY,
    **extra: str,
) -> Soaked:
    """All people act until the end, while all boards change and are counted again and again. The
    floor is measured before and after. `extra` is for the installation's environment."""
    with (
        peopled(count, board_count, **extra) as visited,
        bare_pages(visited) as bare,
        hourly_runs(visited.measured, pause=run_every) as runs,
    ):
        before = visited.visit(floor_seconds / 2, at=bare)
        runs.clear()
        with _samples(visited.measured, sample_every) as samples:
            ours = visited.visit(60 * minutes)
        run_count = len(runs)
        after = visited.visit(floor_seconds / 2, at=bare)
    floor = Felt(before.took + after.took, before.errors | after.errors)
    soaked = Soaked(ours, floor, samples, run_count)
    what = f"{count} people, each acting every {EVERY:g} s for {minutes:g} minutes"
    soaked.rows = [*rows_of(what, ours, floor), _growth_row(samples)]
    return soaked


def report(soaked: Soaked, minutes: float) -> str:
    """For the README; draws the plot beside it."""
    minute = max(minutes, soaked.samples[-1].minute)
    plot = Plot(
        "Proportional memory of the whole installation in MB",
        "minutes",
        [minute * part / 6 for part in range(7)],
        [Line("all processes", [(one.minute, one.total) for one in soaked.samples])],
    )
    Path(__file__).with_name("soak.svg").write_text(plot.svg())
    said = (
        f"{soaked.run_count} runs over all boards went on meanwhile, one about every "
        f"{minutes * 60 / max(1, soaked.run_count):.0f} s instead of every hour, and each changed "
        "a tenth of the figures; every figure was checked after every run."
    )
    picture = "![Memory of the installation by the minute](soak.svg)"
    return f"{as_text(soaked.rows)}\n{said}\n\n{_by_process(soaked.samples)}\n{picture}\n"


def _growth_row(samples: Sequence[Sample]) -> Row:
    second, last = _second_quarter(samples), _last_quarter(samples)
    before, after = (mean(one.total for one in part) for part in (second, last))
    percent = 100 * (after / before - 1)
    return Row(
        "proportional memory of all processes, second quarter of the time and last one",
        f"{before:.1f} MB, {after:.1f} MB ({percent:+.1f} %)",
        "",
        f"no growth: at most {_MOST_GROWTH} %",
        percent <= _MOST_GROWTH,
    )


def _by_process(samples: Sequence[Sample]) -> str:
    """Memory of each process in both quarters, as a table."""
    parts = [samples[:1], _second_quarter(samples), _last_quarter(samples)]
    names = dict.fromkeys(name for one in samples for name in one.memory)
    head = ("process", "first sample", "second quarter", "last quarter")
    rows = [
        (name, *(f"{mean(one.memory.get(name, 0) for one in p) / _MEGABYTE:.1f} MB" for p in parts))
        for name in names
    ]
    return markdown([head, *rows])


def _second_quarter(samples: Sequence[Sample]) -> Sequence[Sample]:
    quarter = max(1, len(samples) // 4)
    return samples[quarter : 2 * quarter] or samples[:1]


def _last_quarter(samples: Sequence[Sample]) -> Sequence[Sample]:
    return samples[-max(1, len(samples) // 4) :]


@contextmanager
def _samples(measured: Measured, every: float) -> Iterator[list[Sample]]:
    """Taken meanwhile, so many seconds one after the other."""
    ended, samples = threading.Event(), list[Sample]()

    def look() -> None:
        number = 0
        while not ended.wait(every):
            number += 1
            samples.append(Sample(number * every / 60, _memory_by_process(measured)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def _memory_by_process(measured: Measured) -> dict[str, int]:
    """Those that live for a job alone count with the lane that started them."""
    found: dict[str, int] = defaultdict(int)
    web, worker = measured.installation.web, measured.installation.worker
    assert web is not None and worker is not None
    found["web, which starts the others"] = proportional_memory(web.pid)
    for number, pid in enumerate(children_of(web.pid), start=1):
        found[f"web {number}"] = sum(map(proportional_memory, family(pid)))
    found["worker, which winds the clock"] = proportional_memory(worker.pid)
    for number, pid in enumerate(children_of(worker.pid)):
        name = f"lane {number}" if number else "server for jobs"
        found[name] = sum(map(proportional_memory, family(pid)))
    return dict(found)
