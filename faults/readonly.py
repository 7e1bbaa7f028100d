"""The disk fails: its file system lets nobody write any more, until the machine starts anew.

Linux does so by itself at the first error (errors=remount-ro). While programs hold files open it
refuses to do so on demand; hence a real ext4 in an image, which is told that there was an error.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from faults.boards import STARTED_WITHIN
from faults.conducting import Kind, conduct, note_answers
from faults.installation import wait_for
from faults.mounts import CannotRun, order
from faults.results import Findings
from faults.trial import Trial

SIZE = 64 << 20


def main() -> int:
    disk = _Disk()
    return conduct(
        Kind(
            "readonly",
            "DATA_DIR, on an ext4 of 64 MB, can only be read after an error of the disk; then the"
            " machine starts anew: everything killed, the file system checked, everything started.",
            disk.fail,
            is_apart=True,
            surroundings=disk.mounted,
        )
    )


class _Disk:
    """A file system in an image, with a journal, on a loop device."""

    _image: Path
    _place: Path

    @contextmanager
    def mounted(self, data_dir: Path) -> Iterator[dict[str, str]]:
        self._image, self._place = data_dir.parent / "image", data_dir
        with self._image.open("wb") as image:
            image.truncate(SIZE)
        order("mkfs.ext4", "-q", str(self._image))
        self._mount()
        try:
            if not self._trigger.exists():
                raise CannotRun("This kernel's ext4 can't be told of an error: trigger_fs_error.")
            yield {}
        finally:
            with suppress(CannotRun):
                order("umount", "--lazy", str(self._place))

    def fail(self, trial: Trial, findings: Findings, turns: int) -> None:
        order("sync", "--file-system", str(self._place))  # what came last would be lost with it
        self._trigger.write_text("a trial")
        trial.live(turns)
        note_answers(trial, findings, (503,))
        if not any(status == 503 for status, _ in trial.changes):
            findings.wrong.append("nobody noticed that the disk can't be written to")
        trial.installation.kill("machine", trial.chance)
        trial.links.let_go()
        if not wait_for(self._is_let_go, STARTED_WITHIN):
            raise RuntimeError("something still holds the disk that failed")
        order("e2fsck", "-p", "-f", str(self._image), good=(0, 1))  # 1: it mended something
        self._mount()
        trial.installation.start()

    def _is_let_go(self) -> bool:
        with suppress(CannotRun):
            order("umount", str(self._place))
            return True
        return False

    def _mount(self) -> None:
        order("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self._place))

    @property
    def _trigger(self) -> Path:
        device = Path(order("findmnt", "--noheadings", "--output", "SOURCE", str(self._place)))
        return Path("/sys/fs/ext4") / device.name / "trigger_fs_error"


if __name__ == "__main__":
    sys.exit(main())
