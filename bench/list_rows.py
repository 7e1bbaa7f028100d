"""What pages of many items cost: statements, and time beside the same HTML from dicts."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from sqlalchemy import select

from app import create_app
from app.accounts.models import ADMIN, Person
from app.accounts.setup import make_workspace
from app.config import load_config
from app.db import db, utcnow
from app.garbage import look_rarely
from app.migrating import upgrade
from app.okrs.cycles import current_cycle
from app.okrs.models import CheckIn, KeyResult, Reading
from app.trello.counting import Criteria
from app.trello.models import Board
from app.trello.sources import link
from bench.bare import bare_of
from bench.table import Row
from tests.conftest import KEYS
from tests.okrs.many import make_many
from tests.support.client import Client
from tests.support.people import make_person
from tests.support.sql import count_statements
from tests.trello.linked import make_connection

BOARDS = 30


@dataclass(frozen=True)
class Paged:
    """A workspace in this process, and a browser in which its admin is signed in."""

    app: Flask
    client: Client
    paths: dict[str, str]
    rounds: int


def many_items(objective_count: int = 1000, rounds: int = 100) -> Iterable[Row]:
    """The explorer, the tree and an item's page of a workspace of three times as many items."""
    with _workspace(objective_count, rounds) as paged:
        every = f"{objective_count * 3:,}"
        yield from _rows(paged, f"explorer page of 200 items out of {every}", "explorer", 10, 2.5)
        yield from _rows(paged, f"tree of {every} items, its first page", "tree", 10, 2.5)
        yield from _rows(paged, f"item page, among {every} items", "item", 15, 3)


@dataclass(frozen=True)
class PageCost:
    statements: int
    seconds: float
    """Of processor time."""


def page_costs(objective_count: int, rounds: int) -> dict[str, PageCost]:
    """By the name of the page, in a workspace of three times as many items, without floors."""
    with _workspace(objective_count, rounds) as paged:
        return {name: _cost_of(paged, path) for name, path in paged.paths.items()}


def _cost_of(paged: Paged, path: str) -> PageCost:
    paged.client.page(path)
    with count_statements() as statements:
        paged.client.page(path)
    (seconds,) = _in_turns(paged.rounds, lambda: paged.client.get(path))
    return PageCost(len(statements), seconds)


def _rows(paged: Paged, what: str, name: str, most: int, times: float) -> Iterable[Row]:
    path = paged.paths[name]
    paged.client.page(path)
    with count_statements() as statements:
        paged.client.page(path)
    count = len(statements)
    yield Row(f"{what}: SQL statements", str(count), "", f"at most {most}", count <= most)
    ours, floor = _in_turns(paged.rounds, lambda: paged.client.get(path), _floor(paged, path))
    ratio = ours / floor
    yield Row(
        f"{what}: processor time of a request",
        f"{ours * 1000:.0f} ms ({ratio:.1f}x)",
        f"{floor * 1000:.0f} ms",
        f"at most {times:g}x",
        ratio <= times,
    )


def _in_turns(rounds: int, *actions: Callable[[], Any]) -> list[float]:
    """The median processor time of each in seconds, measured by turns."""
    took: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, times in zip(actions, took, strict=True):
            began = time.process_time()
            action()
            times.append(time.process_time() - began)
    return [median(times) for times in took]


def _floor(paged: Paged, path: str) -> Callable[[], Any]:
    browser = bare_of(paged.app, paged.client, path).test_client()
    return lambda: browser.get(path, buffered=True)


@contextmanager
def _workspace(objective_count: int, rounds: int) -> Iterator[Paged]:
    with TemporaryDirectory(prefix="tally-") as directory:
        url = f"sqlite:///{directory}/tally.sqlite3"
        upgrade(url)
        app = create_app(load_config(KEYS | {"DATA_DIR": directory, "DATABASE_URL": url}))
        usual = gc.get_threshold()
        try:
            with app.app_context():
                filled = _filled(app, objective_count, rounds)
                look_rarely()  # as where it is served; else pages pay for what was there before
                yield filled
        finally:
            gc.unfreeze()
            gc.set_threshold(*usual)
            db.session.remove()
            db.engine.dispose()


def _filled(app: Flask, objective_count: int, rounds: int) -> Paged:
    """Half of the key results are linked to boards that were counted a moment ago."""
    make_workspace("Tally", "UTC")
    ada = make_person("Ada Ek", ADMIN)
    cycle = current_cycle()
    make_many(ada, cycle, objective_count)
    connection = make_connection(ada)
    boards = [Board(connection=connection, trello_id=f"{n:024x}", name="B") for n in range(BOARDS)]
    db.session.add_all(boards)
    key_results = db.session.scalars(select(KeyResult).order_by(KeyResult.id)).all()
    for number, key_result in enumerate(key_results[::2]):
        source = link(key_result.measure, boards[number % BOARDS], Criteria(), ada)
        source.counted_at = utcnow()
    _give_history(key_results[0], ada)
    db.session.commit()
    client = Client(app)
    client.sign_in(ada)
    paths = {
        "explorer": f"/okrs?cycle={cycle.id}",
        "tree": f"/okrs/tree?cycle={cycle.id}",
        "item": f"/key-results/{key_results[0].id}",
    }
    return Paged(app, client, paths, rounds)


def _give_history(key_result: KeyResult, person: Person) -> None:
    """Two readings a day for thirty days, and a check-in every third."""
    measure, now = key_result.measure, utcnow()
    for number in range(60):
        moment = now - timedelta(hours=12 * (60 - number))
        reading = Reading(measure=measure, series=1, taken_at=moment, value=Fraction(number))
        db.session.add(reading)
        if number % 6 == 0:
            note = "Going well, two more are being written."
            db.session.add(CheckIn(measure=measure, person_id=person.id, made_at=moment, note=note))
    measure.value, measure.valued_at = Fraction(59), now
