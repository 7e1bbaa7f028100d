"""Tally on several hosts, while people work: hosts, networks and clocks fail, one after another.

One host has PostgreSQL, one Redis, two are webs, three workers, one is the sandbox in Trello's
place, which keeps Trello's limits. After each fault every check-in that was answered with success
has to be stored once, every figure to be its board's, and no limit of Trello's broken.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom

from aiosmtpd.controller import Controller

from app import create_app
from app.config import load_config
from faults import fleet as fleets
from faults import network as networks
from faults.boards import change_at_random
from faults.fleet import MAIL_PORT, WEBS, Fleet
from faults.installation import wait_for
from faults.limits import board_of, busiest, tokens_in
from faults.links import Links
from faults.network import Network
from faults.people import Answer, Crowd, settle_in
from faults.results import Findings, say
from faults.stored import Stored, on_server
from faults.truth import Truth
from sandbox import RunningSandbox, running_sandbox
from tests.mail.mailbox import Mailbox

REPAIRED_WITHIN = 120
"""Seconds within which every figure is its board's again, and all mail is sent."""
PAGES_WITHIN = 20
"""Seconds after the end of a fault from which no page fails any more."""
QUIET = 10
"""Seconds after that which people and hosts are watched once more."""
MOMENT = 5.0
"""Seconds after the beginning of an hourly run that a fault comes."""
MOST_A_TOKEN, MOST_A_KEY = 100, 300
"""What Trello allows in ten seconds."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what ends it."""

    title: str
    strike: Callable[[Fleet], None]
    mend: Callable[[Fleet], None] = lambda fleet: None
    lasts: float = 0.0
    """Seconds between the two."""
    is_done_without: bool = False
    """Whether the others have to bring all in order before it is mended."""
    may_fail: frozenset[str] = frozenset()
    """Which webs may give no page meanwhile."""
    comes_back: str = ""
    """The host that finds out only at the end of its job that its lines were cut."""


def _off(minutes: int) -> Fault:
    def strike(fleet: Fleet) -> None:
        _restart(fleet, minutes)

    def mend(fleet: Fleet) -> None:
        _restart(fleet, 0)

    which = "ahead" if minutes > 0 else "behind"
    return Fault(
        f"The clocks of a worker and a web are {abs(minutes)} minutes {which}",
        strike,
        mend,
        is_done_without=True,
        may_fail=frozenset({"web2"}),
    )


def _restart(fleet: Fleet, minutes_off: int) -> None:
    for name in ("worker3", "web2"):
        fleet.stop(name)
        fleet.start(name, minutes_off)


BOTH = frozenset(WEBS)
FAULTS = {
    "nothing": Fault("Nothing fails", lambda fleet: None),
    "worker-killed": Fault(
        "A worker is killed (-9) in the middle of the hourly run",
        lambda fleet: fleet.kill("worker2"),
        lambda fleet: fleet.start("worker2"),
        is_done_without=True,
    ),
    "redis-restarted": Fault(
        "Redis is restarted with its data",
        lambda fleet: fleet.stop_redis(loses_data=False),
        lambda fleet: fleet.start_redis(),
        lasts=5,
    ),
    "redis-emptied": Fault(
        "Redis is killed and comes back empty",
        lambda fleet: fleet.stop_redis(loses_data=True),
        lambda fleet: fleet.start_redis(),
        lasts=1,
    ),
    "postgres-fast": Fault(
        "PostgreSQL is restarted, fast",
        lambda fleet: fleet.stop_postgres(signal.SIGINT),
        lambda fleet: fleet.start_postgres(),
        lasts=5,
        may_fail=BOTH,
    ),
    "postgres-immediate": Fault(
        "PostgreSQL is stopped at once, as in a crash, and started again",
        lambda fleet: fleet.stop_postgres(signal.SIGQUIT),
        lambda fleet: fleet.start_postgres(),
        lasts=5,
        may_fail=BOTH,
    ),
    "worker-cut": Fault(
        "A worker is cut off the network in the middle of the hourly run",
        lambda fleet: fleet.hosts["worker1"].cut(),
        lambda fleet: fleet.hosts["worker1"].restore(),
        is_done_without=True,
        comes_back="worker1",
    ),
    "web-cut": Fault(
        "A web is cut off the network for 40 seconds",
        lambda fleet: fleet.hosts["web2"].cut(),
        lambda fleet: fleet.hosts["web2"].restore(),
        lasts=40,
        may_fail=frozenset({"web2"}),
    ),
    "database-cut": Fault(
        "PostgreSQL is cut off the network for 20 seconds",
        lambda fleet: fleet.hosts["database"].cut(),
        lambda fleet: fleet.hosts["database"].restore(),
        lasts=20,
        may_fail=BOTH,
    ),
    "redis-cut": Fault(
        "Redis is cut off the network for 20 seconds",
        lambda fleet: fleet.hosts["redis"].cut(),
        lambda fleet: fleet.hosts["redis"].restore(),
        lasts=20,
    ),
    "clock-ahead": _off(5),
    "clock-behind": _off(-5),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults hosts", description=__doc__)
    parser.add_argument("--boards", type=int, default=150)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", default=",".join(FAULTS), help=f"of {', '.join(FAULTS)}")
    parser.add_argument("--docs", action="store_true", help="write results to docs/faults.md")
    parser.add_argument("--logs", type=Path, help="a directory that keeps what the hosts said")
    wanted = parser.parse_args()
    if problem := networks.why_not() or fleets.why_not():
        sys.stderr.write(f"{problem}\n")
        return 3
    networks.enter("faults.hosts")
    seed = SystemRandom().randrange(10**6) if wanted.seed is None else wanted.seed
    say(f"hosts: {wanted.boards} boards of one token, real timers, seed {seed}")
    logging.getLogger().addHandler(logging.NullHandler())  # what we do ourselves says nothing
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the sandbox has no https, on either side
    network = Network(fleets.NAMES, fleets.ALIASES)
    mailbox = Mailbox()
    post = Controller(mailbox, hostname=Network.OWN_ADDRESS, port=MAIL_PORT, ready_timeout=20)
    post.start()
    try:
        with on_its_host(network, wanted.boards) as sandbox:
            fleet = Fleet(network, sandbox)
            try:
                run = Run(fleet, sandbox, mailbox, Random(seed))
                results = run.all_faults(wanted.only.split(","))
            finally:
                if wanted.logs:
                    _keep_logs(fleet, wanted.logs)
            if wanted.docs:
                _write(results, f"--boards {wanted.boards} --seed {seed}")
            return int(any(result.wrong for result in results.values()))
    except KeyboardInterrupt:
        return 130
    finally:
        post.stop()


@contextmanager
def on_its_host(network: Network, board_count: int) -> Iterator[RunningSandbox]:
    """The sandbox on its host, and its boards within our reach."""
    boards = [board_of(number) for number in range(board_count)]
    with network.hosts["trello"].inside():
        running = running_sandbox(host="trello.localhost", port=8001, boards=boards)
        sandbox = running.__enter__()
    try:
        yield sandbox
    finally:
        running.__exit__(None, None, None)


@dataclass
class Result:
    """What one fault came to."""

    fault: Fault
    settled_after: float | None = None
    """Seconds until every figure was its board's; None where that was not in time."""
    pages_after: float = 0.0
    """Seconds after the end of the fault that the last page failed; 0 where none did."""
    answers: list[Answer] = field(default_factory=list)
    check_ins: int = 0
    mails: int = 0
    abandoned: int = 0
    busiest_token: int = 0
    busiest_key: int = 0
    refused: int = 0
    complaints: int = 0
    """Lines of level ERROR while a part was away."""
    wrong: list[str] = field(default_factory=list)

    def rows(self) -> list[tuple[str, str]]:
        """What was asked of it, and what was found."""
        failed = Counter(str(one.status or "no answer") for one in self.answers if one.has_failed)
        told = ", ".join(f"{count} times {status}" for status, count in failed.items())
        late = f", the last {self.pages_after:.1f} s after the end" if self.pages_after else ""
        slowest = max((one.took for one in self.answers), default=0.0)
        settled = "never" if self.settled_after is None else f"after {self.settled_after:.0f} s"
        return [
            ("every figure its board's", settled),
            ("runs given to another worker", str(self.abandoned)),
            ("answers to people", f"{len(self.answers)}, the slowest after {slowest:.1f} s"),
            ("of these failed", f"{told}{late}" if told else "none"),
            ("check-ins answered, and each stored once", str(self.check_ins)),
            ("mails, and each sent once", str(self.mails)),
            (
                "most requests to Trello in 10 s",
                f"{self.busiest_token} of one token (it allows {MOST_A_TOKEN}), "
                f"{self.busiest_key} of the key ({MOST_A_KEY}); {self.refused} refused",
            ),
            ("lines of level ERROR on all hosts", str(self.complaints)),
        ]


class Run:
    """A fleet that is put through all faults."""

    def __init__(
        self, fleet: Fleet, sandbox: RunningSandbox, mailbox: Mailbox, chance: Random
    ) -> None:
        self._fleet, self._sandbox, self._mailbox = fleet, sandbox, mailbox
        self._chance = chance
        self._truth = Truth()
        self._boards = [one for one in sandbox.store.boards.values() if one.name.startswith("Boa")]
        url = fleet.own_environ["DATABASE_URL"]
        self._rows = on_server(url)
        self._stored = Stored(self._rows, self._truth)
        self._is_changing = threading.Event()

    def all_faults(self, names: list[str]) -> "dict[str, Result]":
        """What each came to, by its name."""
        self._begin()
        self._crowd.begin()
        threading.Thread(target=self._change_boards, daemon=True).start()
        results = {}
        for name in names:
            result = results[name] = self._one(FAULTS[name])
            say(f"{name}: {result.fault.title}")
            say("\n".join(f"  {what}: {found}" for what, found in result.rows()))
            say("".join(f"  WRONG: {one}\n" for one in result.wrong))
        self._crowd.end()
        return results

    def _begin(self) -> None:
        for board in self._boards:
            self._truth.note(board)
        self._fleet.prepare()
        environ = self._fleet.own_environ
        self._links = Links(environ, self._sandbox, self._truth, self._chance)
        for board in self._boards:
            self._links.link_new(board)
        items = settle_in(create_app(load_config(environ)))
        self._crowd = Crowd(WEBS, items, self._links.source_ids(), self._chance.randrange(10**6))
        if not wait_for(self._is_settled, REPAIRED_WITHIN):
            raise RuntimeError("\n".join(["it does not count at all", *self._unsettled()]))

    def _one(self, fault: Fault) -> Result:
        result = Result(fault)
        diary, marks = self._crowd.diary, [self._fleet.said()]
        first_answer, saved_before = len(diary.answers), len(diary.saved)
        mails_before, abandoned_before = len(self._mailbox.messages), self._count_abandoned()
        self._sandbox.forget_requests()
        self._crowd.go_on()
        self._is_changing.set()
        self._links.let_an_hour_pass()
        time.sleep(MOMENT)
        struck_at = time.monotonic()
        marks.append(self._fleet.said())
        fault.strike(self._fleet)
        time.sleep(fault.lasts)
        if not fault.is_done_without:
            fault.mend(self._fleet)
        began = mended_at = time.monotonic()
        self._settle(result, began)
        if fault.is_done_without:
            fault.mend(self._fleet)
            mended_at = time.monotonic()
            time.sleep(PAGES_WITHIN)
            self._settle(result, time.monotonic())
        time.sleep(max(0.0, mended_at + PAGES_WITHIN - time.monotonic()))
        marks.append(self._fleet.said())
        time.sleep(QUIET)
        self._crowd.pause()
        if not wait_for(self._is_settled, REPAIRED_WITHIN):
            result.wrong += ["it did not come to rest", *self._unsettled()[:5]]
        result.answers = diary.answers[first_answer:]
        result.check_ins = len(diary.saved) - saved_before
        result.mails = len(self._mailbox.messages) - mails_before
        result.abandoned = self._count_abandoned() - abandoned_before
        self._judge_answers(result, struck_at, mended_at)
        self._judge_trello(result)
        self._judge_logs(result, marks)
        result.wrong += [*self._stored.damage(), *self._lost_or_doubled()]
        return result

    def _settle(self, result: Result, began: float) -> None:
        """Boards stand still, an hour passes, and all figures have to come to be true."""
        time.sleep(2)
        self._is_changing.clear()
        time.sleep(1)  # what is being changed has been noted
        self._links.let_an_hour_pass()
        is_settled = wait_for(self._are_figures_true, REPAIRED_WITHIN)
        took = time.monotonic() - began
        if not is_settled:
            result.settled_after = None
            result.wrong += [f"not settled after {took:.0f} s", *self._unsettled()[:5]]
        elif result.settled_after is None and not result.wrong:
            result.settled_after = took

    def _are_figures_true(self) -> bool:
        time.sleep(0.2)
        return not self._stored.unsettled()

    def _is_settled(self) -> bool:
        time.sleep(0.2)
        return not self._unsettled()

    def _unsettled(self) -> list[str]:
        found = self._stored.unsettled()
        with self._rows() as rows:
            waiting = rows.execute(
                "select count(*) from outgoing_mail where content_encrypted is not null"
            ).fetchone()[0]
        return [*found, *([f"{waiting} mails wait"] if waiting else [])]

    def _count_abandoned(self) -> int:
        with self._rows() as rows:
            counted = "select count(*) from trello_sync_run where status = 'abandoned'"
            count: int = rows.execute(counted).fetchone()[0]
            return count

    def _change_boards(self) -> None:
        while True:
            self._is_changing.wait()
            board = self._chance.choice(self._boards)
            change_at_random(board, self._sandbox, self._chance)
            self._truth.note(board)
            time.sleep(0.1)

    def _judge_answers(self, result: Result, struck_at: float, mended_at: float) -> None:
        may_until = mended_at + PAGES_WITHIN
        for one in result.answers:
            if not one.has_failed:
                continue
            began = one.at - one.took
            is_allowed = one.web in result.fault.may_fail and one.at > struck_at
            is_allowed &= began < may_until and one.status in (0, 503) and one.is_clear
            if not is_allowed:
                result.wrong.append(f"{one}, {began - struck_at:+.1f} s from the fault")
            elif one.at > mended_at:
                result.pages_after = max(result.pages_after, one.at - mended_at)

    def _judge_trello(self, result: Result) -> None:
        asked = self._sandbox.requests
        of_tokens = [[one for one in asked if one["token"] == token] for token in tokens_in(asked)]
        result.busiest_token = max(map(busiest, of_tokens), default=0)
        result.busiest_key = busiest(asked)
        result.refused = sum(one["status"] == 429 for one in asked)
        refused = Counter(
            f"{one['status']} for {one['method']} {one['path']}"
            for one in asked
            # A webhook is refused while the web that it would tell does not answer.
            if one["status"] >= 400 and (one["status"], one["path"]) != (400, "/1/webhooks")
        )
        result.wrong += [f"Trello answered {count} times {one}" for one, count in refused.items()]
        if result.busiest_token > MOST_A_TOKEN or result.busiest_key > MOST_A_KEY:
            result.wrong.append("more requests than Trello allows")

    def _judge_logs(self, result: Result, marks: list[dict[str, int]]) -> None:
        """A host may complain while a part is away, but neither before nor long after."""
        begun, struck, over = marks
        for name, text in self._fleet.logs().items():
            since, until = struck.get(name, 0), over.get(name, 0)
            if name == result.fault.comes_back:
                until = len(text)
            result.complaints += len(_errors(text[since:until]))
            unasked = [*_errors(text[begun.get(name, 0) : since]), *_errors(text[until:])]
            result.wrong += [f"{name} says: {line[:200]}" for line in unasked[:3]]

    def _lost_or_doubled(self) -> Iterator[str]:
        diary = self._crowd.diary
        with self._rows() as rows:
            stored = Counter(note for (note,) in rows.execute("select note from check_in"))
            readings = rows.execute(
                "select check_in_id from reading where check_in_id is not null"
                " group by check_in_id having count(*) > 1"
            ).fetchall()
        yield from (f"the check-in “{one}” is lost" for one in diary.saved if not stored[one])
        yield from (
            f"the check-in “{one}” is there {n} times" for one, n in stored.items() if n > 1
        )
        yield from (f"nobody knows of “{one}”" for one in diary.given_up if stored[one])
        yield from (f"check-in {one} has several readings" for (one,) in readings)
        sent = Counter(str(one["Message-ID"]) for one in self._mailbox.messages)
        yield from (f"mail {one} came {n} times" for one, n in sent.items() if n > 1)
        mentions = sum(diary.saved.values())
        if len(sent) != mentions:
            yield f"{mentions} people were mentioned, {len(sent)} mails came"


def _write(results: dict[str, Result], options: str) -> None:
    """A section of docs/faults.md for each fault that ended well."""
    for name, result in results.items():
        if not result.wrong:
            command = f"python -m faults hosts --only {name} {options}"
            Findings(f"hosts: {name}", f"{result.fault.title}.", command, result.rows()).write()


def _errors(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("ERROR", "CRITICAL"))]


def _keep_logs(fleet: Fleet, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in fleet.logs().items():
        (directory / f"{name}.log").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
