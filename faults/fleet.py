"""Tally on several hosts: PostgreSQL, Redis, two webs and three workers, each on its own."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import psycopg
import redis
import requests
from cryptography.fernet import Fernet

from faults.installation import EMAIL, PASSWORD, ROOT, wait_for
from faults.network import PLACE, Host, Network
from sandbox import RunningSandbox
from tests.support.postgresql import binaries

WEBS, WORKERS = ("web1", "web2"), ("worker1", "worker2", "worker3")
NAMES = ("database", "redis", "trello", *WEBS, *WORKERS)
# The sandbox and what it calls back have names under which it may be used at all.
ALIASES = {"trello.localhost": "trello", "tally.localhost": "web1"}
PUBLIC_URL = "http://tally.localhost:8000"
MAIL_PORT = 2525
READY_WITHIN = 60
STOPPED_WITHIN = 30
_PROGRAMS = {"web": "gunicorn --bind 0.0.0.0:8000 app:create_app()", "worker": "worker"}


def why_not() -> str | None:
    """Which program is missing, in a sentence; None if none is."""
    if binaries() is None:
        return "PostgreSQL is missing: apt-get install postgresql."
    if shutil.which("redis-server") is None:
        return "Redis is missing: apt-get install redis-server."
    if _faketime() is None:
        return "A second clock needs libfaketime: apt-get install faketime."
    return None


class Fleet:
    """All hosts with what runs on them."""

    def __init__(self, network: Network, sandbox: RunningSandbox) -> None:
        self.hosts = network.hosts
        self._password = secrets.token_hex(12)
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        passed_on = ("PATH", "PYTHONPATH", "AUTHLIB_INSECURE_TRANSPORT")
        self._environ = {name: os.environ[name] for name in passed_on if name in os.environ} | {
            "DATABASE_URL": f"postgresql://tally:{self._password}@database/tally",
            "REDIS_URL": f"redis://:{self._password}@redis:6379/0",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "PUBLIC_URL": PUBLIC_URL,
            "SMTP_URL": f"smtp://people:{MAIL_PORT}?from=okr@example.com&tls=off",
            "TRELLO_API_URL": sandbox.api_url,
            "TRELLO_OAUTH_URL": sandbox.api_url,
            "TRELLO_API_KEY": sandbox.api_key,
            "TRELLO_API_SECRET": sandbox.api_secret,
        }

    def environ(self, name: str) -> dict[str, str]:
        """The settings of one host, whose DATA_DIR is its own."""
        return self._environ | {"DATA_DIR": str(PLACE / name / "data")}

    @property
    def own_environ(self) -> dict[str, str]:
        """The settings for what we do ourselves, beside all hosts."""
        return self._environ | {"DATA_DIR": str(PLACE / "own")}

    def prepare(self, names: Sequence[str] = (*WEBS, *WORKERS)) -> None:
        """The servers and these run, with an admin; raises RuntimeError where they do not."""
        self._make_database()
        self.start_postgres()
        self.start_redis()
        command = ["-m", "flask", "--app", "app", "create-admin", EMAIL, "--name", "Ada Ek"]
        subprocess.run(
            [sys.executable, *command, "--password", PASSWORD],
            cwd=ROOT,
            env=self.own_environ,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for name in names:
            self.start(name)
        for name in names:
            if name in WEBS:
                wait(partial(self.is_ready, name), f"{name} did not come up", self)

    def start(self, name: str, minutes_off: int = 0) -> None:
        """Start a web or a worker; `minutes_off` is how far the clock of its host is wrong."""
        program = _PROGRAMS[name.rstrip("0123456789")].split()
        environ = self.environ(name)
        if minutes_off:
            environ |= {"LD_PRELOAD": str(_faketime()), "FAKETIME": f"{minutes_off:+d}m"}
        command = [sys.executable, "-m", *program]
        self._programs[name] = self.hosts[name].start(command, cwd=ROOT, env=environ)

    def stop(self, name: str) -> None:
        """End what runs on a host as systemd does: the program is asked, and killed if it hangs."""
        host = self.hosts[name]
        self._programs[name].terminate()
        if not wait_for(lambda: not _pids(host), STOPPED_WITHIN):
            self.kill(name)

    def kill(self, name: str) -> None:
        """As where the power fails."""
        host = self.hosts[name]
        host.end_all()
        wait(lambda: not _pids(host), f"{name} did not end", self)

    def is_ready(self, web: str) -> bool:
        try:
            return requests.get(f"http://{web}:8000/readyz", timeout=3).ok
        except requests.RequestException:
            return False

    def start_postgres(self) -> None:
        settings = ("listen_addresses=*", "max_connections=100", f"unix_socket_directories={PLACE}")
        self._programs["database"] = self.hosts["database"].start(
            [*_as_postgres(), f"{binaries()}/postgres", f"-D{self._cluster}"]
            + [f"-c{setting}" for setting in settings],
            cwd="/",
        )
        wait(self._is_postgres_there, "PostgreSQL did not come up", self)

    def stop_postgres(self, number: signal.Signals) -> None:
        """SIGINT ends it as a restart does, SIGQUIT as a crash."""
        self._programs["database"].send_signal(number)
        self._programs["database"].wait(60)

    def start_redis(self) -> None:
        host = self.hosts["redis"]
        options = f"--bind 0.0.0.0 --requirepass {self._password} --appendonly yes --save"
        self._programs["redis"] = host.start(
            ["redis-server", *options.split(), "", "--dir", str(host.disk)]
        )
        wait(self._is_redis_there, "Redis did not come up", self)

    def stop_redis(self, *, loses_data: bool) -> None:
        """As a restart does, or as where its disk is lost with it."""
        if not loses_data:
            self.stop("redis")
        else:
            self.kill("redis")
            shutil.rmtree(self.hosts["redis"].disk / "appendonlydir")

    def logs(self) -> dict[str, str]:
        """What each host has said so far."""
        return {
            name: host.log.read_text(errors="replace")
            for name, host in self.hosts.items()
            if host.log.exists()
        }

    def processor_seconds(self, name: str) -> float:
        """What all processes of a host have used so far."""
        ticks = 0
        for pid in _pids(self.hosts[name]):
            used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(used[11]) + int(used[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def said(self) -> dict[str, int]:
        """How much each host has said so far."""
        return {name: len(text) for name, text in self.logs().items()}

    @property
    def _cluster(self) -> Path:
        return self.hosts["database"].disk / "cluster"

    def _make_database(self) -> None:
        disk = self.hosts["database"].disk
        shutil.chown(disk, "postgres", "postgres")
        PLACE.chmod(0o777)  # its socket is made there
        secret = disk / "password"
        secret.write_text(self._password)
        shutil.chown(secret, "postgres")
        made = (
            f"{binaries()}/initdb -D {self._cluster} -U tally -A scram-sha-256 -E UTF8 -k --no-sync"
        )
        subprocess.run(
            [*_as_postgres(), *made.split(), "--locale=C", f"--pwfile={secret}"],
            check=True,
            capture_output=True,
            cwd="/",
        )
        with open(self._cluster / "pg_hba.conf", "a") as allowed:
            allowed.write("host all all 10.77.0.0/24 scram-sha-256\n")
        self.start_postgres()
        with psycopg.connect(self._maintenance_url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE tally")
        self.stop_postgres(signal.SIGINT)

    @property
    def _maintenance_url(self) -> str:
        return f"postgresql://tally:{self._password}@database/postgres?connect_timeout=2"

    def _is_postgres_there(self) -> bool:
        try:
            psycopg.connect(self._maintenance_url).close()
        except psycopg.OperationalError:
            return False
        return True

    def _is_redis_there(self) -> bool:
        try:
            return bool(redis.Redis(host="redis", password=self._password).ping())
        except redis.RedisError:
            return False


def wait(holds: Callable[[], bool], complaint: str, fleet: Fleet) -> None:
    """Raises RuntimeError with what the hosts said last."""
    if not wait_for(holds, READY_WITHIN):
        said = [f"== {name}\n{text[-1500:]}" for name, text in fleet.logs().items()]
        raise RuntimeError("\n".join([complaint, *said]))


def _as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _faketime() -> Path | None:
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def _pids(host: Host) -> list[str]:
    found = subprocess.run(["ip", "netns", "pids", host.name], capture_output=True, text=True)
    return found.stdout.split()
