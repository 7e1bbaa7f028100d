"""File systems of a run's own, seen by nobody else: gone with the process, however it ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_APART = "TALLY_FAULTS_APART"


class CannotRun(Exception):
    """Why this machine can't make that trouble, with the remedy."""


def go_apart(module: str) -> None:
    """Begin this run anew where its mounts are its own; as somebody who is root there alone, if
    not root already. Returns there. Raises CannotRun."""
    if os.environ.get(_APART) == module:
        return
    apart = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    try:
        tried = subprocess.run([*apart, "true"], capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CannotRun("unshare is not there: apt-get install util-linux.") from error
    if tried.returncode:
        raise CannotRun(f"This machine lets us mount nothing ({tried.stderr.strip()}): be root.")
    os.environ[_APART] = module
    os.execvp(apart[0], [*apart, sys.executable, "-m", module, *sys.argv[1:]])


@contextmanager
def mounted_memory(place: Path, size: str) -> Iterator[None]:
    """A file system in memory of this size, such as 24m. Raises CannotRun."""
    order("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tally", str(place))
    try:
        yield
    finally:
        order("umount", "--lazy", str(place))  # some connection may be open


def order(*command: str, good: tuple[int, ...] = (0,)) -> str:
    """What the command says. Raises CannotRun where it ends with another code than the good."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CannotRun(f"The program {command[0]} is not installed.") from error
    if done.returncode not in good:
        raise CannotRun(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()
