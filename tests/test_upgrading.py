"""deploy/upgrade and deploy/install with paths of their own and stand-ins for what a server has:
whatever ends an upgrade too early, what ran before runs again. deploy/trial has a real server."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TALLY = """#!/bin/sh
echo "$(basename "$TALLY_RELEASE") $*" >>{server}/log
[ "$1" != backup ] || {{ mkdir -p "$3" && touch "$3/tally-1.tally"; }}
[ "$1" != migrate ] || [ ! -e {server}/signal ] || kill -s "$(cat {server}/signal)" $PPID
[ "$1" != schema ] || exit "$(cat {server}/schema 2>/dev/null || echo 3)"
[ "$1" != "$(cat {server}/fails 2>/dev/null)" ]
"""
SYSTEMCTL = '#!/bin/sh\necho "systemctl $*" >>{server}/log\n'
ID = "#!/bin/sh\necho 0\n"
INSTALL = """
import os, shutil
os.makedirs(".venv/bin")
shutil.copy("python", ".venv/bin/python")
"""
PLACES = (
    "/opt/tally",
    "/etc/tally",
    "/var/lib/tally",
    "/etc/systemd/system",
    "/run/systemd/system",
)


class Server:
    def __init__(self, root: Path) -> None:
        self.root, self.code = root, root / "code"
        for place in PLACES:
            (root / place[1:]).mkdir(parents=True)
        for name in ("usr/local/bin", "bin", "code/app", "code/migrations"):
            (root / name).mkdir(parents=True)
        for path, text in (("systemctl", SYSTEMCTL), ("id", ID), ("tally", TALLY)):
            self.write(f"bin/{path}", text.format(server=root))
        shutil.copytree(ROOT / "deploy", self.code / "deploy")
        for script in ("install", "upgrade", "release.sh"):
            path = self.code / "deploy" / script
            text = path.read_text()
            for place in (*PLACES, "/usr/local/bin/tally"):
                text = text.replace(place, f"{root}{place}")
            path.write_text(text.replace(f"{root}/usr/local/bin/tally ", f"{root}/bin/tally "))
        with (self.code / "deploy/release.sh").open("a") as file:
            file.write(f"comes_up() {{ echo comes_up >>{root}/log; [ ! -e {root}/is-down ]; }}\n")
        self.write("code/python", "#!/bin/sh\n")
        self.write("code/bin/install.py", INSTALL)
        self.release("0.1.0")
        before = root / "opt/tally/releases/0.1.0"
        shutil.copytree(self.code, before)
        (root / "opt/tally/current").symlink_to(before)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def release(self, version: str) -> None:
        (self.code / "pyproject.toml").write_text(f'version = "{version}"\n')

    def run(
        self, script: str, *words: str, umask: int = 0o022, said_to: int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"}
        return subprocess.run(
            [self.code / "deploy" / script, *words],
            env=environ,
            umask=umask,
            stdout=said_to,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )

    @property
    def running(self) -> str:
        return (self.root / "opt/tally/current").resolve().name

    @property
    def log(self) -> list[str]:
        return (self.root / "log").read_text().splitlines()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


STARTED = ["systemctl start tally-worker.service tally-web.service", "comes_up"]


def test_an_upgrade_leaves_the_newer_one_running(server: Server) -> None:
    server.release("0.2.0")
    done = server.run("upgrade")
    assert done.returncode == 0, done.stdout
    assert server.running == "0.2.0"
    backups = server.root / "var/lib/tally/backups"
    assert f"The backup from before: {backups}/tally-1.tally" in done.stdout
    assert f"0.2.0 backup --to {backups}" in server.log
    assert server.log[-3:] == ["0.2.0 migrate", *STARTED]


@pytest.mark.parametrize(("how", "what"), [("fails", "migrate"), ("signal", "INT")])
def test_a_migration_that_ends_too_early_is_undone(server: Server, how: str, what: str) -> None:
    """Of several the first may be in already."""
    server.release("0.2.0")
    server.write(how, what)
    assert server.run("upgrade").returncode == 1
    assert server.running == "0.1.0"
    backup = server.root / "var/lib/tally/backups/tally-1.tally"
    assert server.log[-3:] == [f"0.2.0 restore --replace --as-it-was {backup}", *STARTED]


def test_a_connection_that_breaks_off_does_not_end_it(server: Server) -> None:
    server.release("0.2.0")
    server.write("signal", "HUP")
    reading, writing = os.pipe()
    os.close(reading)  # whatever it says from here on fails
    assert server.run("upgrade", said_to=writing).returncode == 0
    os.close(writing)
    assert server.running == "0.2.0"
    assert server.log[-3:] == ["0.2.0 migrate", *STARTED]


def test_what_does_not_come_up_is_undone(server: Server) -> None:
    server.release("0.2.0")
    server.write("is-down", "")
    done = server.run("upgrade")
    assert done.returncode == 1
    assert "What ran before does not answer either" in done.stdout
    assert server.running == "0.1.0"
    assert any("restore" in line for line in server.log)


def test_data_that_another_host_has_brought_to_the_newest_schema_is_not_taken_back(
    server: Server,
) -> None:
    server.release("0.2.0")
    server.write("schema", "0")
    server.write("is-down", "")
    assert server.run("upgrade").returncode == 1
    assert server.running == "0.1.0"
    assert not any("migrate" in line or "restore" in line for line in server.log)
    (server.root / "is-down").unlink()
    assert server.run("upgrade").returncode == 0
    assert server.running == "0.2.0"
    assert not any("migrate" in line for line in server.log)


def test_while_other_hosts_are_at_work_in_it_nothing_is_changed(server: Server) -> None:
    server.release("0.2.0")
    server.write("schema", "4")
    done = server.run("upgrade")
    assert done.returncode == 1
    assert "Nothing was changed." in done.stdout
    assert server.running == "0.1.0"
    assert server.log == ["0.2.0 schema"]


def test_a_backup_that_fails_changes_nothing(server: Server) -> None:
    server.release("0.2.0")
    server.write("fails", "backup")
    done = server.run("upgrade")
    assert done.returncode == 1
    assert "what ran before runs again" in done.stdout
    assert server.running == "0.1.0"
    assert not any("migrate" in line or "restore" in line for line in server.log)
    assert server.log[-2:] == STARTED


def test_services_that_cannot_be_placed_are_gone_back_from(server: Server) -> None:
    server.release("0.2.0")
    (server.code / "deploy/tally-web.service").unlink()
    done = server.run("upgrade")
    assert done.returncode == 1
    assert "what ran before runs again" in done.stdout
    assert server.log[-2:] == STARTED


def test_data_that_cannot_be_brought_back_is_not_run_on(server: Server) -> None:
    server.release("0.2.0")
    server.write("is-down", "")
    server.write("fails", "restore")
    done = server.run("upgrade")
    assert done.returncode == 1
    assert "Nothing runs now" in done.stdout
    assert server.running == "0.1.0"
    assert server.log[-1].startswith("0.2.0 restore")


def test_the_one_from_before_stays_whatever_failed_since(server: Server) -> None:
    server.write("fails", "migrate")
    for version in ("0.2.0", "0.2.1", "0.2.2"):
        server.release(version)
        assert server.run("upgrade").returncode == 1
    (server.root / "fails").unlink()
    server.release("0.2.3")
    assert server.run("upgrade").returncode == 0
    kept = sorted(path.name for path in (server.root / "opt/tally/releases").iterdir())
    assert kept == ["0.1.0", "0.2.1", "0.2.2", "0.2.3"]


def test_the_services_can_read_what_root_keeps_to_itself(server: Server) -> None:
    server.release("0.2.0")
    (server.code / "app/code.py").touch(mode=0o600)
    (server.code / "app").chmod(0o700)
    server.code.chmod(0o700)
    assert server.run("upgrade", umask=0o077).returncode == 0
    placed = server.root / "opt/tally/releases/0.2.0"
    for path in (placed, placed / "app", placed / "app/code.py", placed / ".venv/bin/python"):
        assert path.stat().st_mode & 0o004, path


def test_git_has_to_say_which_it_is(server: Server) -> None:
    (server.code / ".git").touch()
    done = server.run("upgrade")
    assert done.returncode == 1
    assert "git has to say" in done.stdout
    assert not (server.root / "log").exists(), "nothing was stopped"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Where will people reach it?"),
        (("https://tally.example.com",), "Name the domain alone"),
        (("tally.example.com|&",), "Name the domain alone"),
        (("tally.example.com", "other.example.com"), "There can be one domain"),
        (("tally.example.com", "--port", "80a"), "--port wants a number"),
        (("tally.example.com", "--port"), "--port wants a number"),
        (("tally.example.com", "--postgres"), "--postgres is not known"),
    ],
)
def test_words_that_are_off_install_nothing(
    server: Server, words: tuple[str, ...], said: str
) -> None:
    (server.root / "run/systemd/system").rmdir()  # not even if they were taken
    done = server.run("install", *words)
    assert done.returncode == 1
    assert said in done.stdout
