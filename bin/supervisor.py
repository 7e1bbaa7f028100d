"""Keeping programs running, and leaving none of them behind.

Standard library only: what keeps Tally running runs as long, and small servers have little memory.
"""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

STOP_WITHIN = 20
LONGEST_PAUSE = 30
"""Seconds before a program that dies again and again is started once more."""
STEADY_AFTER = 60
"""Seconds after which a program counts as well again."""

ROOT = Path(__file__).resolve().parent.parent
_libc = ctypes.CDLL(None)
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36


class Program:
    """A command that is kept running."""

    def __init__(self, name: str, command: str, environ: dict[str, str]) -> None:
        self.name, self._command, self._environ = name, command, environ
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = self.start_at = 0.0
        self.failure_count = 0
        self.time_scale = float(environ.get("TIME_SCALE") or 1)  # below 1 in fault runs only
        self.unfinished_line = b""

    def start(self) -> IO[bytes]:
        """Start it in a session of its own, where a Ctrl-C does not reach it. Its output."""
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {self._command}"],
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self.started_at, self.unfinished_line = time.monotonic(), b""
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll() if self.process else None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Keeps programs running and passes on what they say. In a single thread: Linux would take
    the end of the thread that started a program for the end of its parent."""

    def __init__(self) -> None:
        self._signal_count = 0
        self._kept: list[Program] = []
        self._outputs = selectors.DefaultSelector()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._count_signal)
        # What a killed program leaves behind becomes ours, and is found at the end.
        _libc.prctl(_SET_CHILD_SUBREAPER, 1)
        self._is_below_make = _is_below_make()
        if self._is_below_make:
            _libc.prctl(_SET_PDEATHSIG, signal.SIGTERM)

    @property
    def is_asked_to_stop(self) -> bool:
        if self._is_below_make and not self._signal_count and _is_make_waiting():
            self._signal_count = 1
        return self._signal_count > 0

    def keep(self, program: Program) -> None:
        """Run it from now on, until `stop`."""
        self._kept.append(program)
        self._start(program)

    def run(self, program: Program) -> bool:
        """Run it once, to its end or to a signal; whether it ended well."""
        self._start(program)
        while program.is_running and not self.is_asked_to_stop:
            self.turn(0.05)
        self._stop(program, time.monotonic() + STOP_WITHIN, self._signal_count)
        self.turn(0)
        return program.exit_code == 0

    def run_until(self, is_done: Callable[[], bool], seconds: float) -> bool:
        """Whether it came to be done within so many seconds and before a signal."""
        deadline = time.monotonic() + seconds
        while not self.is_asked_to_stop and time.monotonic() < deadline:
            if is_done():
                return True
            self.turn(0.1)
        return False

    def turn(self, wait: float) -> None:
        """Pass on what was said meanwhile, and start again what has died."""
        for key, _ in self._outputs.select(wait):
            program, output = key.data
            self._pass_on(program, output)
        for program in self._kept:
            if program.exit_code is not None:
                self._plan_restart(program)
            elif not program.is_running and time.monotonic() >= program.start_at:
                self._start(program)

    def stop(self) -> None:
        """Stop one after the other, the last kept first; one more signal ends the patience."""
        deadline, signals_before = time.monotonic() + STOP_WITHIN, self._signal_count
        stopping, self._kept = self._kept[::-1], []
        for program in stopping:
            self._stop(program, deadline, signals_before)
        _kill_descendants()

    def _start(self, program: Program) -> None:
        output = program.start()
        self._outputs.register(output, selectors.EVENT_READ, (program, output))

    def _plan_restart(self, program: Program) -> None:
        was_steady = time.monotonic() - program.started_at > STEADY_AFTER * program.time_scale
        program.failure_count = 1 if was_steady else program.failure_count + 1
        pause = min(2 ** (program.failure_count - 1), LONGEST_PAUSE) * program.time_scale
        say(f"{program.name} stopped ({_ending(program)}); it is started again in {pause:g} s")
        program.process, program.start_at = None, time.monotonic() + pause

    def _stop(self, program: Program, deadline: float, signals_before: int) -> None:
        if program.process is None or not program.is_running:
            return
        program.process.terminate()
        while program.is_running and time.monotonic() < deadline:
            if self._signal_count > signals_before:
                break
            self.turn(0.05)
        if program.is_running:
            say(f"{program.name} did not stop in time and is killed")
            program.process.kill()
            program.process.wait()

    def _pass_on(self, program: Program, output: IO[bytes]) -> None:
        text = os.read(output.fileno(), 65536)
        *lines, program.unfinished_line = (program.unfinished_line + text).split(b"\n")
        for line in lines:
            shown = line.decode(errors="replace")
            say(f"{program.name:<7} | {shown}" if program.name else shown)
        if not text:
            self._outputs.unregister(output)
            output.close()

    def _count_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signal_count += 1


def say(text: str) -> None:
    """Write a line for whoever watches, at once."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError:
        pass  # nobody listens any more, and what runs must still be stopped


def _is_below_make() -> bool:
    return Path(f"/proc/{os.getppid()}/comm").read_text().strip() == "make"


def _is_make_waiting() -> bool:
    """A SIGINT that is sent to make alone stays there: make blocks it and waits for our end."""
    try:
        lines = Path(f"/proc/{os.getppid()}/status").read_text().splitlines()
    except OSError:
        return False
    blocked = next(line.split()[1] for line in lines if line.startswith("SigBlk:"))
    return bool(int(blocked, 16) & 1 << signal.SIGINT - 1)


def _ending(program: Program) -> str:
    code = program.exit_code or 0
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _die_with_parent() -> None:
    _libc.prctl(_SET_PDEATHSIG, signal.SIGTERM)  # also when the parent is killed with -9


def _kill_descendants() -> None:
    """Kill whatever is left, until nothing is."""
    while descendants := _descendants():
        for pid in descendants:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _descendants() -> set[int]:
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_bytes().rpartition(b")")[2].split()[1])
    found, newest = set[int](), {os.getpid()}
    while newest:
        newest = {pid for pid, parent in parents.items() if parent in newest} - found
        found |= newest
    return found
