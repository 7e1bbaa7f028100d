"""Processor time and memory of a process with all that it started."""

import ctypes
import os
import time
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_libc = ctypes.CDLL(None)


def processor_time(pid: int) -> float:
    """Seconds, in user space and in the kernel, of the process and all below it, ended or not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        own, children = _own_time(pid), children_of(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # it ended just now; its parent counts it from here on
    ended = sum(int(field) for field in fields[13:15]) / _TICKS
    return own + ended + sum(processor_time(child) for child in children)


def _own_time(pid: int) -> float:
    """Without its children; the stat file tells it in hundredths of a second alone, a fifth of what
    a large board takes. Raises ProcessLookupError."""
    clock = ctypes.c_int()
    if _libc.clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise ProcessLookupError(pid)
    try:
        return time.clock_gettime(clock.value)
    except OSError as error:
        raise ProcessLookupError(pid) from error


def family(pid: int) -> Iterator[int]:
    """The process and all below it that run."""
    yield pid
    try:
        children = children_of(pid)
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children:
        yield from family(child)


def proportional_memory(pid: int) -> int:
    """Bytes that the process takes up, of what it shares with others its part; 0 once it ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def children_of(pid: int) -> list[int]:
    """In the order in which they were started."""
    return sorted(
        int(child)
        for listed in Path(f"/proc/{pid}/task").glob("*/children")
        for child in listed.read_text().split()
    )
