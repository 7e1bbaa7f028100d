"""What is committed installs the same everywhere, and names no machine and no index."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements/base.txt", "requirements/dev.txt")
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)(?: ; [^\\]+)? \\$", re.MULTILINE)


def _pins(lock: str) -> set[tuple[str, str]]:
    return set(PINNED.findall((ROOT / lock).read_text()))


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[=<>~! ;]", one)[0].lower().replace("_", "-") for one in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_path(lock):
    for line in (ROOT / lock).read_text().splitlines():
        assert "://" not in line, line
        assert " @ " not in line, line
        assert not re.search(r"(^|[\s=])[/~]", line), line
        assert not line.startswith(("-", "#")), f"{line}: an option or a comment of a tool"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_hashes(lock):
    for entry in re.split(r"\n(?! )", (ROOT / lock).read_text().strip()):
        first, *hashes = entry.splitlines()
        assert PINNED.match(first), first
        assert hashes, f"{first} has no hash"
        for one in hashes:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", one), one


def test_what_pyproject_asks_for_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = _names(project["project"]["dependencies"])
    locked = {name for name, _ in _pins("requirements/base.txt")}
    assert wanted <= locked, "run make lock"
    for_development = _names(project["dependency-groups"]["dev"])
    assert for_development <= {name for name, _ in _pins("requirements/dev.txt")}, "run make lock"


def test_development_uses_the_versions_that_run():
    assert _pins("requirements/base.txt") <= _pins("requirements/dev.txt")


def _committed() -> list[Path]:
    """The files of the repository, and those that are about to join it."""
    answer = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if answer.returncode:
        pytest.skip("this is no git checkout")
    return [path for line in answer.stdout.splitlines() if (path := ROOT / line).is_file()]


def test_no_file_names_a_registry_or_somebodys_directory():
    registries = (
        "pypi." + "org",
        "pythonhosted." + "org",
        "registry.npmjs." + "org",
        "docker." + "io",
    )
    homes = re.compile(r"(?<![\w.])/(?:home|Users|root|work|farm)/\w")
    for path in _committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        for registry in registries:
            assert registry not in text, f"{path.name} names {registry}"
        assert not homes.search(text), f"{path.name}: {homes.search(text)}"
