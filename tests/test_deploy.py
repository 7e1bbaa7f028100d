"""What deploy/ puts on a server goes with the rest; its trials try all of it on a bare root."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
SCRIPTS = ("install", "upgrade", "tally", "release.sh", "bare.sh", "trial", "trial-containers")


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_can_be_read(name):
    subprocess.run(["bash", "-n", DEPLOY / name], check=True)


def test_the_services_run_what_the_procfile_names():
    procfile = _procfile()
    for name in ("web", "worker"):
        unit = (DEPLOY / f"tally-{name}.service").read_text()
        [command] = re.findall(r"^ExecStart=/opt/tally/current/.venv/bin/(.*)$", unit, re.M)
        assert command == procfile[name].replace("$PORT", "${PORT}")


def test_the_containers_run_what_the_procfile_names():
    procfile, compose = _procfile(), (DEPLOY / "compose.yaml").read_text()
    for name in ("web", "worker"):
        [command] = re.findall(rf"^  {name}:\n(?:    .*\n)*?    command: (.*)$", compose, re.M)
        expected = procfile[name].replace("127.0.0.1:$PORT", "0.0.0.0:8000")
        assert json.loads(command) == shlex.split(expected)
    page = (ROOT / "docs/containers.md").read_text()
    migrate = procfile["release"].removeprefix("python -m ")
    assert f"    podman-compose run --rm -T worker {migrate}\n" in page


def test_the_containers_may_do_no_more_than_they_must():
    containers = (DEPLOY / "compose.yaml").read_text().splitlines()
    for line in (
        "  read_only: true",
        "  tmpfs: [/tmp]",
        "  cap_drop: [ALL]",
        '  security_opt: ["no-new-privileges:true"]',
        "    internal: true",
        '    ports: ["127.0.0.1:${PORT:-8000}:8000"]',
    ):
        assert line in containers, line
    for service in ("web", "worker"):
        assert containers[containers.index(f"  {service}:") + 1] == "    <<: *tally"
    assert "USER tally" in (DEPLOY / "Containerfile").read_text().splitlines()


@pytest.mark.parametrize(
    "trial, page", [("trial", "install.md"), ("trial-containers", "containers.md")]
)
def test_the_trials_run_every_command_of_their_page(trial, page):
    """By their headings; one has only examples."""
    followed = set(re.findall(r'follow "([^"]+)"', (DEPLOY / trial).read_text()))
    with_commands = set()
    for line in (ROOT / "docs" / page).read_text().splitlines():
        if heading := re.fullmatch(r"#+ (.*)", line):
            current = heading[1]
        elif line.startswith("    "):
            with_commands.add(current)
    assert with_commands - {"What is where"} == followed


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
        "SystemCallFilter=@system-service",
        "SystemCallErrorNumber=EPERM",
        "StateDirectoryMode=0700",
        "EnvironmentFile=/etc/tally/tally.env",
    ):
        assert line in unit, line


def _procfile() -> dict[str, str]:
    return dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
