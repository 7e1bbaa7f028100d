"""What deploy/ puts on a server goes with the rest; deploy/trial tries all of it on a bare root."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
SCRIPTS = ("install", "upgrade", "trial", "tally", "release.sh")


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_can_be_read(name):
    subprocess.run(["bash", "-n", DEPLOY / name], check=True)


def test_the_services_run_what_the_procfile_names():
    procfile = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    for name in ("web", "worker"):
        unit = (DEPLOY / f"tally-{name}.service").read_text()
        [command] = re.findall(r"^ExecStart=/opt/tally/current/.venv/bin/(.*)$", unit, re.M)
        assert command == procfile[name].replace("$PORT", "${PORT}")


def test_every_setting_in_the_file_is_one_that_the_readme_explains():
    named = re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "tally.env").read_text(), re.M)
    assert "PUBLIC_URL" in named
    explained = (ROOT / "README.md").read_text()
    for name in named:
        assert f"`{name.removesuffix('_FILE')}`" in explained, name


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("tally-*.service")), ids=lambda path: path.name)
def test_the_services_may_do_no_more_than_they_must(path):
    unit = path.read_text().splitlines()
    for line in (
        "User=tally",
        "UMask=0077",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "ProtectProc=invisible",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "StateDirectoryMode=0700",
        "EnvironmentFile=/etc/tally/tally.env",
    ):
        assert line in unit, line
