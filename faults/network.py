"""Several hosts on one machine: network namespaces, each with a cable to one switch.

All of it lies in namespaces of our own, which the kernel takes away with our last process, however
that ends: nothing is left behind, and the machine's own network is never touched.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_NAMED = Path("/run/netns")
PLACE = _NAMED / "disks"
"""Where the hosts' disks are: in memory, and seen by our own processes alone."""
_INSIDE = "TALLY_FAULTS_INSIDE"
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


def why_not() -> str | None:
    """What keeps this machine from playing several hosts, in a sentence; None if nothing does."""
    if os.geteuid() != 0:
        return "Several hosts need root here, for network namespaces: run it as root."
    missing = [name for name in ("ip", "unshare") if shutil.which(name) is None]
    if missing:
        return f"{' and '.join(missing)} is missing: apt-get install iproute2 util-linux."
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True
    )
    if tried.returncode:
        return f"This machine allows no namespaces of our own: {tried.stderr.strip()}."
    return None


def enter(module: str) -> None:
    """Go on in namespaces of our own, as their first process; returns there."""
    if os.environ.get(_INSIDE):
        _furnish()
        return
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    again = [sys.executable, "-m", module, *sys.argv[1:]]
    os.execvpe("unshare", [*command, *again], os.environ | {_INSIDE: "1"})


def _furnish() -> None:
    _NAMED.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(_NAMED))
    PLACE.mkdir()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the first process ignores it else


class Host:
    """One machine of the network, with a disk of its own."""

    def __init__(self, name: str, address: str) -> None:
        self.name, self.address = name, address
        self.disk = PLACE / name
        self.disk.mkdir()

    def start(self, command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
        """Run it there; what it says is added to the host's log."""
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.name, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,
            )

    @property
    def log(self) -> Path:
        return self.disk / "log"

    def cut(self) -> None:
        """Nothing comes or goes any more, and nobody is told so."""
        _run("ip", "link", "set", f"to-{self.name}", "down")

    def restore(self) -> None:
        _run("ip", "link", "set", f"to-{self.name}", "up")

    def end_all(self) -> None:
        """Kill every process of this host at once, as where the power fails."""
        found = subprocess.run(
            ["ip", "netns", "pids", self.name], check=True, capture_output=True, text=True
        )
        for pid in map(int, found.stdout.split()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets that this thread opens meanwhile are that host's."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as own, open(_NAMED / self.name) as there:
            _check(libc.setns(there.fileno(), _NEW_NETWORK))
            try:
                yield
            finally:
                _check(libc.setns(own.fileno(), _NEW_NETWORK))


class Network:
    """The switch, to which we are connected too, and the hosts on it by their names."""

    OWN_ADDRESS = "10.77.0.1"

    def __init__(self, names: Sequence[str], aliases: Mapping[str, str]) -> None:
        """`aliases` are more names for hosts, each for one of `names`."""
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", "switch", "type", "bridge")
        _run("ip", "address", "add", f"{self.OWN_ADDRESS}/24", "dev", "switch")
        _run("ip", "link", "set", "switch", "up")
        self.hosts = {
            name: Host(name, f"10.77.0.{number}") for number, name in enumerate(names, start=11)
        }
        for host in self.hosts.values():
            _connect(host)
        self._name_hosts(aliases)

    def _name_hosts(self, aliases: Mapping[str, str]) -> None:
        lines = ["127.0.0.1 localhost", f"{self.OWN_ADDRESS} people"]
        lines += [f"{host.address} {host.name}" for host in self.hosts.values()]
        lines += [f"{self.hosts[name].address} {alias}" for alias, name in aliases.items()]
        names = PLACE / "hosts"
        names.write_text("\n".join([*lines, ""]))
        _run("mount", "--bind", str(names), "/etc/hosts")


def _connect(host: Host) -> None:
    cable, name = f"to-{host.name}", host.name
    _run("ip", "netns", "add", name)
    _run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
    _run("ip", "link", "set", cable, "master", "switch", "up")
    _run("ip", "-n", name, "address", "add", f"{host.address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        _run("ip", "-n", name, "link", "set", device, "up")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _check(answer: int) -> None:
    if answer:
        raise OSError(ctypes.get_errno(), "setns")
