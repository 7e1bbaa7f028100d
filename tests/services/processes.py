"""The processes of an installation's worker."""

from pathlib import Path

from tests.support.installation import Installation


def lanes_of(installation: Installation) -> list[int]:
    assert installation.worker is not None
    return [one for one in children(installation.worker.pid) if "valkey" not in command(one)]


def children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in children.split()]


def descendants(pid: int) -> list[int]:
    """The lanes and their jobs, and the server for RQ."""
    own = children(pid)
    return own + [one for child in own for one in descendants(child)]


def command(pid: int) -> str:
    with open(f"/proc/{pid}/cmdline") as file:
        return file.read()
