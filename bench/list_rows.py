"""What pages of many items cost: statements, and time beside the same HTML from dicts."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask, render_template, template_rendered
from sqlalchemy import select

from app import create_app
from app.accounts.models import ADMIN, Person
from app.accounts.setup import make_workspace
from app.config import load_config
from app.db import db, utcnow
from app.migrating import upgrade
from app.okrs.cycles import current_cycle
from app.okrs.models import CheckIn, KeyResult, Reading
from app.trello.counting import Criteria
from app.trello.models import Board
from app.trello.sources import link
from bench.ready import Watched, ready, watched
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


def many_items(objective_count: int = 1000, rounds: int = 25) -> Iterable[Row]:
    """The explorer, the tree and an item's page of a workspace of three times as many items."""
    with _workspace(objective_count, rounds) as paged:
        every = f"{objective_count * 3:,}"
        yield from _rows(paged, f"explorer page of 200 items out of {every}", "explorer", 10, 2.5)
        yield from _rows(paged, f"tree of {every} items, its first page", "tree", 10, 2.5)
        yield from _rows(paged, f"item page, among {every} items", "item", 15, 3)


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
    """A bare route that renders the same page, which is checked, from ready-made dicts."""
    filters = paged.app.jinja_env.filters
    moment = filters["moment"]
    filters["moment"] = Watched(moment)  # it asks in whose zone
    own = {
        name: Watched(one)
        for name, one in paged.app.jinja_env.globals.items()
        if getattr(one, "__module__", "").startswith("app.")
    }
    name, context = _context_of(paged, path, own)
    url_for = Watched(paged.app.url_for)
    with paged.app.test_request_context(path):
        paged.app.jinja_env.get_template(name).render(context | {"url_for": url_for})
    made = {key: ready(value) for key, value in context.items()}
    bare = Flask("floor", template_folder=str(Path(paged.app.root_path).parent / "templates"))
    bare.jinja_env.trim_blocks = bare.jinja_env.lstrip_blocks = True
    bare.jinja_env.filters.update(filters | {"moment": filters["moment"].ready()})
    filters["moment"] = moment
    bare.jinja_env.globals.update(paged.app.jinja_env.globals)
    bare.jinja_env.globals.update({name: one.ready() for name, one in own.items()})
    bare.jinja_env.globals.update(csrf_token=lambda: "token", url_for=url_for.ready())
    bare.secret_key = "for flashes, of which there are none"
    bare.add_url_rule(path.partition("?")[0], "page", lambda: render_template(name, **made))
    browser = bare.test_client()
    _check(paged.client.get(path).text, browser.get(path).text)
    return lambda: browser.get(path, buffered=True)


def _context_of(paged: Paged, path: str, own: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The template of a page, and what it was rendered with, to be watched; `own` are functions
    of ours that templates call."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def note(_app: Flask, template: Any, context: dict[str, Any], **_rest: Any) -> None:
        left = ("request", "session", "g", "config")
        kept = {key: watched(value) for key, value in context.items() if key not in left}
        # Rendered at once, while what it needs can still be loaded.
        template.render(context | kept | own)
        seen.append((template.name, kept))

    with template_rendered.connected_to(note, paged.app):
        paged.client.get(path)
    name, kept = seen[-1]
    return name, kept


def _check(ours: str, floor: str) -> None:
    """Raises AssertionError unless both pages are the same but for their tokens."""

    def plain(html: str) -> list[str]:
        without = re.sub(r'(name="csrf(_|-)token" (value|content)=)"[^"]*"', r"\1", html)
        return without.split("\n")

    for our, its in zip(plain(ours), plain(floor), strict=True):
        assert our == its, f"the floor renders another page:\n{our}\n{its}"


@contextmanager
def _workspace(objective_count: int, rounds: int) -> Iterator[Paged]:
    with TemporaryDirectory(prefix="tally-") as directory:
        url = f"sqlite:///{directory}/tally.sqlite3"
        upgrade(url)
        app = create_app(load_config(KEYS | {"DATA_DIR": directory, "DATABASE_URL": url}))
        try:
            with app.app_context():
                yield _filled(app, objective_count, rounds)
        finally:
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
