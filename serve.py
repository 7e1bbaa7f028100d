"""Starts Tally in one terminal and stops it again: the programs of the Procfile, with --demo also
the sandbox that stands in for Trello.

Standard library only: it runs as long as Tally does, and small servers have little memory.
"""

import argparse
import fcntl
import json
import os
import secrets
import shlex
import socket
import sys
from errno import EADDRINUSE
from pathlib import Path
from typing import IO

from bin.supervisor import ROOT, Program, Supervisor, say

READY_WITHIN = 60


class CannotStart(Exception):
    """What stands in the way, with its remedy."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs Tally until Ctrl-C.")
    parser.add_argument("--demo", action="store_true", help="with a sandbox and sample data")
    is_demo = parser.parse_args().demo
    os.umask(0o077)  # what is kept in DATA_DIR is for its owner alone
    environ = dict(os.environ)
    # So that "python" in the Procfile is the one that has what Tally needs.
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}"
    environ.setdefault("MALLOC_ARENA_MAX", "2")  # else every thread keeps freed memory for itself
    # Else the twenty megabytes that a password's check takes are kept once it was made twice.
    environ.setdefault("MALLOC_MMAP_THRESHOLD_", "1048576")
    # Else what is freed of one answer of Trello's goes back to the system, and is got anew, page by
    # page, for the next: with the size above set, the usual care not to is gone.
    environ.setdefault("MALLOC_TRIM_THRESHOLD_", "2097152")
    try:
        with _lock(_data_dir(environ, is_demo), _port(environ)):
            return _serve(environ, is_demo)
    except CannotStart as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


def _serve(environ: dict[str, str], is_demo: bool) -> int:
    """Start everything, keep it running until a signal, stop everything. Raises CannotStart."""
    port = int(environ["PORT"])
    # A Trello that the environment names is used instead.
    has_sandbox = is_demo and not any(
        environ.get(name) for name in ("TRELLO_API_URL", "TRELLO_API_URL_FILE")
    )
    _check_ports(port, port + 1 if has_sandbox else port)
    kept = _demo_secrets(environ) if is_demo else {}
    say("Tally is starting …")
    supervisor = Supervisor()
    try:
        if has_sandbox:
            _point_at_sandbox(environ, kept, port + 1)
            if not _setting(environ, "PUBLIC_URL"):
                # Trello itself could not reach it, but the sandbox can, and tells of changes.
                environ["PUBLIC_URL"] = _address(port)
            supervisor.keep(Program("sandbox", _sandbox_command(environ, port + 1), environ))
        _start_programs(supervisor, environ, is_demo)
        if supervisor.run_until(lambda: " 200 " in ask(port, "/readyz"), READY_WITHIN):
            say(_welcome(port, kept, has_sandbox))
        elif not supervisor.is_asked_to_stop:
            raise CannotStart("Tally did not come up; the lines above say why.")
        while not supervisor.is_asked_to_stop:
            supervisor.turn(0.5)
        say("Tally is stopping …")
    finally:
        supervisor.stop()
    say("Tally has stopped.")
    return 0


def _start_programs(supervisor: Supervisor, environ: dict[str, str], is_demo: bool) -> None:
    commands = _procfile()
    preparation = "python -m sandbox.demo" if is_demo else commands["release"]
    is_prepared = supervisor.run(Program("", preparation, environ))
    if not is_prepared and not supervisor.is_asked_to_stop:
        raise CannotStart("Tally could not start; the lines above say why.")
    for name in ("worker", "web"):  # they are stopped in the opposite order
        if not supervisor.is_asked_to_stop:
            supervisor.keep(Program(name, commands[name], environ))


def _setting(environ: dict[str, str], name: str) -> str | None:
    path = environ.get(f"{name}_FILE")
    try:
        return Path(path).read_text().strip() if path else environ.get(name)
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(f"{name}_FILE can't be read: check the path and its rights.") from error


def _port(environ: dict[str, str]) -> int:
    text = environ.setdefault("PORT", "8000")
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65535):
        raise CannotStart("PORT must be a number from 1 to 65534: PORT=8000.")
    return int(text)


def _data_dir(environ: dict[str, str], is_demo: bool) -> Path:
    """Where the state is kept, made if need be; the children are told the same."""
    text = _setting(environ, "DATA_DIR")
    data_dir = Path(text).absolute() if text else ROOT / ("data/demo" if is_demo else "data")
    environ.pop("DATA_DIR_FILE", None)
    environ["DATA_DIR"] = str(data_dir)
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data_dir / "serve.lock").touch(mode=0o600)
    except OSError as error:
        raise CannotStart(
            "DATA_DIR can't be written to or is no directory: choose one you may write to."
        ) from error
    return data_dir


def _lock(data_dir: Path, port: int) -> IO[str]:
    """Held as long as the file is open."""
    lock = open(data_dir / "serve.lock", "r+")  # noqa: SIM115  (the caller closes it)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        with lock:
            raise CannotStart(f"Tally already runs in this directory ({lock.read()}).") from error
    lock.truncate()
    lock.write(f"pid {os.getpid()}, {_address(port)}")
    lock.flush()
    return lock


def _check_ports(*ports: int) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                is_taken = error.errno == EADDRINUSE
                why = "is taken by another program" if is_taken else "may not be used by you"
                raise CannotStart(f"Port {port} {why}. Choose another one: PORT=8100.") from error


def _procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


def _demo_secrets(environ: dict[str, str]) -> dict[str, str]:
    """The demo's sign-in and the sandbox's API key: made once, for the owner's eyes alone."""
    path = Path(environ["DATA_DIR"]) / "demo.json"
    if not path.exists():
        fresh = {
            "email": "ada@example.com",
            "password": secrets.token_urlsafe(9),
            "api_key": secrets.token_hex(16),
            "api_secret": secrets.token_hex(32),
        }
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(fresh, indent=2) + "\n")
        draft.replace(path)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _point_at_sandbox(environ: dict[str, str], kept: dict[str, str], port: int) -> None:
    for name in ("TRELLO_API_KEY", "TRELLO_API_SECRET", "TRELLO_OAUTH_URL"):
        environ.pop(f"{name}_FILE", None)
    environ["no_proxy"] = "127.0.0.1"
    environ["TRELLO_API_URL"] = environ["TRELLO_OAUTH_URL"] = f"{_address(port)}/1"
    environ["TRELLO_API_KEY"] = environ["SANDBOX_API_KEY"] = kept["api_key"]
    environ["TRELLO_API_SECRET"] = environ["SANDBOX_API_SECRET"] = kept["api_secret"]


def _sandbox_command(environ: dict[str, str], port: int) -> str:
    data_dir = Path(environ["DATA_DIR"]) / "sandbox"
    return f"python -m sandbox --port {port} --data-dir {shlex.quote(str(data_dir))}"


def _welcome(port: int, kept: dict[str, str], has_sandbox: bool) -> str:
    lines = ["", "Tally is ready.", f"  Address   {_address(port)}"]
    if kept:
        lines += [f"  Email     {kept['email']}", f"  Password  {kept['password']}"]
    elif "/setup" in ask(port, "/"):
        lines += [f"  There is no admin yet: open {_address(port)}/setup"]
    if has_sandbox:
        lines += [f"  Trello    {_address(port + 1)}  (a sandbox that stands in for Trello)"]
    return "\n".join([*lines, "  Stop it with Ctrl-C.", ""])


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def ask(port: int, path: str) -> str:
    """The status line and headers of the answer to a GET; empty where none comes."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            with connection.makefile("rb") as answer:
                return answer.read().partition(b"\r\n\r\n")[0].decode(errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
