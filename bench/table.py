"""What was measured, as rows of a table, and where it was."""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Row:
    what: str
    measured: str
    floor: str
    goal: str
    is_reached: bool | None = None
    """None where there is no goal."""


def as_text(rows: Iterable[Row]) -> str:
    """A table in Markdown that can be read as it is."""
    lines = [("what", "measured", "floor", "goal", "")]
    lines += [(row.what, row.measured, row.floor, row.goal, _mark(row)) for row in rows]
    return markdown(lines)


def markdown(lines: Iterable[tuple[str, ...]]) -> str:
    """The same of any lines, of which the first is the head."""
    head, *rest = lines
    widths = [max(map(len, column)) for column in zip(head, *rest, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "".join(
        f"| {' | '.join(text.ljust(width) for text, width in zip(line, widths, strict=True))} |\n"
        for line in (head, rule, *rest)
    )


def _mark(row: Row) -> str:
    if row.is_reached is None:
        return ""
    return "reached" if row.is_reached else "MISSED"


def machine() -> str:
    """On what it was measured, and when."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    model = names[0] if names else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {model}, {os.cpu_count()} cores, "
        f"{memory:.0f} GB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite."
    )
