"""The processes of an installation's worker."""

from pathlib import Path

from bench.processes import children_of
from tests.support.installation import Installation


def lanes_of(installation: Installation) -> list[int]:
    return [one for one in _own(installation) if not _is_server(one)]


def server_of(installation: Installation) -> int:
    """The server for RQ."""
    return next(one for one in _own(installation) if _is_server(one))


def _own(installation: Installation) -> list[int]:
    assert installation.worker is not None
    return children_of(installation.worker.pid)


def _is_server(pid: int) -> bool:
    return "valkey" in Path(f"/proc/{pid}/cmdline").read_text()
