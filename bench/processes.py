"""Processor time of a process with all that it started, ended or not."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_time(pid: int) -> float:
    """Seconds, in user space and in the kernel, of the process and all below it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = [
            int(child)
            for listed in Path(f"/proc/{pid}/task").glob("*/children")
            for child in listed.read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # it ended just now; its parent counts it from here on
    # Of itself in both modes, then of those of its children that ended.
    own = sum(int(field) for field in fields[11:15]) / _TICKS
    return own + sum(processor_time(child) for child in children)
