"""bin/release, up to where it would run everything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ("# Changes\n\n## Unreleased\n\n## 0.1.0\n\n- One thing.\n", "nothing under Unreleased"),
        ("# Changes\n\nOf all kinds.\n\n## 0.1.0\n\n- One thing.\n", "nothing under Unreleased"),
        ("# Changes\n\n## Unreleased\n\n- Another.\n\n## 0.1.0\n", "make check test"),
    ],
)
def test_a_release_has_something_to_say(tmp_path: Path, changes: str, said: str) -> None:
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin/release", tmp_path / "bin")
    (tmp_path / "make").write_text('#!/bin/sh\necho "make $*" >&2\nexit 1\n')
    (tmp_path / "make").chmod(0o755)
    (tmp_path / "CHANGELOG.md").write_text(changes)
    as_somebody = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q"], ["add", "."], [*as_somebody, "commit", "-qm", "All"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    done = subprocess.run(
        [tmp_path / "bin/release", "0.2.0"],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert said in done.stderr
