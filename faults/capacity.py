"""What one process of each kind bears, on several hosts: the figures of docs/scaling.md.

All hosts, the people and the sandbox share this machine, so that each figure is a lower bound.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from random import Random

import requests

from app import create_app
from app.config import load_config
from faults import fleet as fleets
from faults import network as networks
from faults.fleet import WORKERS, Fleet
from faults.hosts import on_its_host
from faults.installation import wait_for
from faults.kills import say
from faults.links import Links
from faults.network import Network
from faults.people import Crowd, settle_in
from faults.stored import Rows, on_server
from faults.truth import Truth
from sandbox import RunningSandbox

BOARDS = 150
ANSWER_TIME = 0.2
"""Seconds that the sandbox takes for a board, as Trello does."""
READERS = 16
SECONDS = 15
COPIES = 40
"""How often the rows of a table are written again, so that its pages are full."""


def main() -> int:
    argparse.ArgumentParser(prog="python -m faults capacity", description=__doc__).parse_args()
    if problem := networks.why_not() or fleets.why_not():
        sys.stderr.write(f"{problem}\n")
        return 3
    networks.enter("faults.capacity")
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    network = Network(fleets.NAMES, fleets.ALIASES)
    with on_its_host(network, BOARDS) as sandbox:
        _measure(Fleet(network, sandbox), sandbox)
    return 0


def _measure(fleet: Fleet, sandbox: RunningSandbox) -> None:
    truth, chance = Truth(), Random(7)
    fleet.prepare(("web1", WORKERS[0]))
    links = Links(fleet.own_environ, sandbox, truth, chance)
    boards = [one for one in sandbox.store.boards.values() if one.name.startswith("Board ")]
    for board in boards:
        truth.note(board)
        links.link_new(board)
    items = settle_in(create_app(load_config(fleet.own_environ)))
    rows = on_server(fleet.own_environ["DATABASE_URL"])
    _have(lambda: _is_at_rest(rows), 180)
    _tell_pages(fleet, items, rows)
    sandbox.faults.add(path="/1/boards/*", kind="delay", delay=ANSWER_TIME, times=10**6)
    _tell_hour(1, links, rows, len(boards))
    for name in WORKERS[1:]:
        fleet.start(name)
    _have(lambda: _scalar(rows, "select count(*) from worker_beat") == len(WORKERS), 30)
    _tell_hour(len(WORKERS), links, rows, len(boards))
    _tell_sizes(rows)


def _tell_pages(fleet: Fleet, items: dict[str, int], rows: Callable[[], Rows]) -> None:
    """Pages a second of one web process, asked for by more readers than it has threads."""
    crowd = Crowd(("web1",), items, [1], 7)
    crowd.sign_in()
    someone = crowd.somebody
    for what, path in (("item page", f"/key-results/{someone.item}"), ("list", "/okrs")):
        before = fleet.processor_seconds("web1")
        times: list[float] = []
        ends_at = time.monotonic() + SECONDS
        readers = [
            threading.Thread(target=_read, args=(someone.headers, path, ends_at, times))
            for _ in range(READERS)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        used = fleet.processor_seconds("web1") - before
        times.sort()
        say(
            f"{what}: {len(times) / SECONDS:.0f} a second of one web process, "
            f"{1000 * used / len(times):.0f} ms of processor each; with {READERS} at once median "
            f"{1000 * statistics.median(times):.0f} ms, "
            f"p99 {1000 * times[len(times) * 99 // 100]:.0f} ms"
        )
    counted = "select host(client_addr), count(*) from pg_stat_activity where datname = 'tally'"
    with rows() as opened:
        found = dict(opened.execute(f"{counted} group by client_addr").fetchall())
    for name in ("web1", WORKERS[0]):
        kept = found.get(fleet.hosts[name].address, 0)
        say(f"connections to PostgreSQL after that: {kept} of {name}")


def _read(headers: dict[str, str], path: str, ends_at: float, times: list[float]) -> None:
    with requests.Session() as session:
        while (began := time.monotonic()) < ends_at:
            answer = session.get(f"http://web1:8000{path}", headers=headers, timeout=30)
            answer.raise_for_status()
            times.append(time.monotonic() - began)


def _have(condition: Callable[[], bool], seconds: float) -> None:
    if not wait_for(condition, seconds):
        raise RuntimeError(f"what is measured was not there within {seconds} s")


def _tell_hour(workers: int, links: Links, rows: Callable[[], Rows], boards: int) -> None:
    """How long it takes until all boards that are due at once are counted."""
    time.sleep(11)  # Trello's windows are empty again
    began, before = time.monotonic(), _runs_done(rows)
    links.let_an_hour_pass()
    _have(lambda: _runs_done(rows) - before >= boards, 180)
    took = time.monotonic() - began
    say(
        f"hourly run of {boards} boards of one account, each answered after {ANSWER_TIME} s, "
        f"{workers} workers: {took:.0f} s, {boards / took:.1f} boards a second"
    )


def _tell_sizes(rows: Callable[[], Rows]) -> None:
    """Bytes of a row with its place in all indexes, once there are many."""
    with rows() as opened:
        for table in ("reading", "evidence", "trello_sync_run"):
            columns = [
                name
                for (name,) in opened.execute(
                    "select column_name from information_schema.columns where table_name = %s"
                    " and column_name not in ('id', 'check_in_id', 'base_id')",
                    (table,),
                )
            ]
            done = "where status not in ('queued', 'running')" if table.endswith("run") else ""
            listed = ", ".join(columns)
            opened.execute(
                f"insert into {table} ({listed}) select {listed} from {table},"
                f" generate_series(1, {COPIES}) {done}"
            )
            opened.execute(f"vacuum full {table}")
            size, count = opened.execute(
                f"select pg_total_relation_size('{table}'), count(*) from {table}"
            ).fetchone()
            say(f"{table}: {size / count:.0f} bytes a row, with indexes, of {count} rows")


def _is_at_rest(rows: Callable[[], Rows]) -> bool:
    time.sleep(0.5)
    waiting = "select count(*) from trello_past where status in ('waiting', 'running')"
    unread = "select count(*) from trello_board where last_synced_at is null"
    return not _scalar(rows, waiting) and not _scalar(rows, unread)


def _runs_done(rows: Callable[[], Rows]) -> int:
    return _scalar(rows, "select count(*) from trello_sync_run where status = 'done'")


def _scalar(rows: Callable[[], Rows], statement: str) -> int:
    with rows() as opened:
        found: int = opened.execute(statement).fetchone()[0]
        return found


if __name__ == "__main__":
    sys.exit(main())
