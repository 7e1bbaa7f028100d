"""python3 bin/install.py base|dev|bench: makes .venv with what requirements/NAME.txt pins.

Where that is done already it does nothing: a stamp beside the packages says what was installed.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
GROUPS = ["base", "dev", "bench"]
"""Each holds all of the one before, in the same versions."""


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  (this file runs before that is certain)
        sys.exit(
            "Tally needs Python 3.11 or newer, and python3 is older here. "
            "Name another one: make PYTHON=python3.12 demo"
        )
    group = sys.argv[1]
    root = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(root, fcntl.LOCK_EX)  # two at once take turns
    requirements = ROOT / "requirements" / f"{group}.txt"
    stamp = VENV / f".installed-{group}"
    if not _is_current(stamp, requirements):
        say("Installing what Tally needs into .venv, once. This takes about half a minute.")
        if not _has_pip():
            _make_venv()
        _pip_install(requirements)
        stamp.write_text(_mark(requirements))
        for held in GROUPS[: GROUPS.index(group)]:
            smaller = ROOT / "requirements" / f"{held}.txt"
            (VENV / f".installed-{held}").write_text(_mark(smaller))
    _fetch_htmx()


def _is_current(stamp: Path, requirements: Path) -> bool:
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == _mark(requirements)


def _mark(requirements: Path) -> str:
    """What was installed, and for which Python: the system's may have become another one."""
    return f"{hashlib.sha256(requirements.read_bytes()).hexdigest()} {PYTHON.resolve()}\n"


def _has_pip() -> bool:
    if not PYTHON.exists():
        return False
    return not subprocess.run([PYTHON, "-c", "import pip"], stderr=subprocess.DEVNULL).returncode


def _make_venv() -> None:
    if subprocess.run([sys.executable, "-m", "venv", "--clear", VENV]).returncode:
        sys.exit("Python's venv module is missing: apt-get install python3-venv brings it.")


def _pip_install(requirements: Path) -> None:
    command: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--no-input",
    ]
    # Only what is pinned, only as pinned, and nothing that would have to be built here.
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", requirements]
    if subprocess.run(command).returncode:
        sys.exit("The packages could not be installed; pip says why above. Then try again.")


def _fetch_htmx() -> None:
    """A copy of htmx for browsers that can't reach its CDN; Tally works without it."""
    if not any(ROOT.glob("static/vendor/htmx-*.min.js")):
        subprocess.run([PYTHON, "-m", "bin.htmx"], cwd=ROOT)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
