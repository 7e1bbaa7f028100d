"""python -m bin.htmx: puts a copy of htmx into static/vendor, for browsers that reach no CDN.

From the CDN, else from npm where that is installed; only a file with the right hash is kept.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from app.config import ROOT
from app.security import HTMX_HASH, HTMX_URL

FOLDER = ROOT / "static" / "vendor"
COPY = FOLDER / "htmx-4.0.1.min.js"
PACKAGE = "htmx.org@4.0.1"
TRIED = FOLDER / ".tried"
"""Its age tells when the last attempt failed."""
NOT_AGAIN_FOR = 24 * 3600


def main() -> None:
    if COPY.exists() or (TRIED.exists() and time.time() - TRIED.stat().st_mtime < NOT_AGAIN_FOR):
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for content in _offers():
        if _hash(content) == HTMX_HASH:
            draft = COPY.with_suffix(".new")
            draft.write_bytes(content)
            draft.replace(COPY)
            return
    TRIED.touch()
    sys.stdout.write(
        "Note: htmx could not be fetched, so browsers will take it from its CDN. "
        "Where they can't reach that, Tally works without it.\n"
    )


def _offers() -> Iterator[bytes]:
    try:
        with urllib.request.urlopen(HTMX_URL, timeout=5) as answer:
            yield answer.read(1_000_000)
    except OSError:
        pass
    if shutil.which("npm"):
        with tempfile.TemporaryDirectory() as folder:
            try:
                subprocess.run(
                    ["npm", "pack", "--silent", PACKAGE],
                    cwd=folder,
                    timeout=60,
                    check=True,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                yield from _unpacked(Path(folder))
            except (OSError, subprocess.SubprocessError, tarfile.TarError, KeyError):
                pass


def _unpacked(folder: Path) -> Iterator[bytes]:
    for archive in folder.glob("*.tgz"):
        with tarfile.open(archive) as files:
            content = files.extractfile("package/dist/htmx.min.js")
            if content:
                yield content.read()


def _hash(content: bytes) -> str:
    return f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"


if __name__ == "__main__":
    main()
