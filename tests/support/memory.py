"""Where files lie in memory: what a test throws away need not reach a disk."""

import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 2**30
"""Bytes; the databases of a run take a tenth of it."""


def memory() -> Path | None:
    """The place, if it is here and has room."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return None
