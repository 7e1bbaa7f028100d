"""Redis, of the installation's own choosing, has no memory left; then it starts anew, empty."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from app.embedded_redis import server_binary
from app.queues import connect
from faults.conducting import Kind, conduct, note_answers
from faults.results import Findings
from faults.trial import Trial

MEMORY = "8mb"


def main() -> int:
    server = _Server()
    return conduct(
        Kind(
            "redis-memory",
            f"A Redis of {MEMORY} with noeviction is filled until it refuses, then killed, and"
            " started anew with nothing in it.",
            server.run_out,
            surroundings=server.running,
        )
    )


class _Server:
    """A Redis that keeps nothing on a disk, in a directory of its own."""

    _directory: Path
    _process: subprocess.Popen[bytes]

    @contextmanager
    def running(self, data_dir: Path) -> Iterator[dict[str, str]]:
        self._directory = data_dir.parent
        self._start()
        try:
            yield {"REDIS_URL": self._url}
        finally:
            self._kill()

    def run_out(self, trial: Trial, findings: Findings, turns: int) -> None:
        self._fill()
        trial.links.let_an_hour_pass()
        for _ in range(turns):
            trial.live(1)
            self._fill()  # what a client that left held has become free
        note_answers(trial, findings, ())
        trial.forget_answers()
        self._kill()
        trial.live(turns)
        trial.visitor.press_refresh(1)
        findings.add("then killed, and not there", "")
        note_answers(trial, findings, ())
        page = trial.visitor.read("/key-results/1")
        says_so = "No worker is running" in page.text and "reaches Redis again" in page.text
        findings.objects("meanwhile", [] if says_so else ["the item says nothing of it"])
        self._start()

    @property
    def _socket(self) -> Path:
        return self._directory / "r.sock"

    @property
    def _url(self) -> str:
        return f"unix://{self._socket}"

    def _start(self) -> None:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "save": "",
            "maxmemory": MEMORY,
            "maxmemory-policy": "noeviction",
            "logfile": str(self._directory / "redis.log"),
        }
        command = [str(server_binary())]
        for name, value in options.items():
            command += [f"--{name}", value]
        self._process = subprocess.Popen(command)
        while not self._socket.exists():
            time.sleep(0.02)

    def _fill(self) -> None:
        """Until it refuses even a little."""
        client, number, size = connect(self._url, patience=5), 0, 1 << 18
        while size:
            try:
                client.set(f"filler-{number}", bytes(size))
                number += 1
            except redis.exceptions.OutOfMemoryError:
                size //= 2
        client.close()

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._socket.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
