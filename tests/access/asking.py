"""Asking every route with every method as everyone, and noting what is answered.

Each request meets the workspace as it was made: what one of them changed is put back.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import responses
from flask import Flask
from sqlalchemy import event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import create_app
from app.config import load_config
from app.db import db
from tests.access.world import CLOSED, ME, ROLES, SETTINGS, World, make_world
from tests.support.memory import memory

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NOTHING = "-"

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
_IDS = re.compile(r"(?<=/)\d+(?=/|$)")
_TOKENS = re.compile(r"[\w-]{40,}")


@dataclass(frozen=True)
class Request:
    """One row of the table: a route, a method, and which of the things it may name."""

    route: str
    method: str
    which: str

    def __str__(self) -> str:
        return f"{self.method} {self.route}" + (f" ({self.which})" if self.which != NOTHING else "")


@dataclass(frozen=True)
class Answer:
    status: int
    place: str
    """Where it leads, without ids and the query; empty where it leads nowhere."""
    has_changed: bool
    """Whether anything was changed in the database."""
    text: str = field(repr=False)
    allowed: frozenset[str] = frozenset()
    recorded: tuple[str, ...] = ()
    """What came into the audit log by it."""

    @property
    def cell(self) -> str:
        """As it stands in the table: "403", "200", "→/connections*"."""
        said = "login" if self.place == "/login" else f"→{self.place}" if self.place else None
        return f"{said or self.status}{'*' if self.has_changed else ''}"


class Asker:
    """The app on a file of its own, and the routes it has."""

    def __init__(self, app: Flask, world: World, path: Path) -> None:
        self.app, self.world = app, world
        self.rules = sorted(
            app.url_map.iter_rules(), key=lambda rule: (rule.endpoint.split(".")[0], str(rule))
        )
        self._path, self._original = path, path.with_suffix(".original")
        self._is_changed = self._is_touched = False
        db.session.remove()
        db.engine.dispose()  # the last connection to close puts everything into the one file
        shutil.copyfile(path, self._original)
        self._old_entries = len(self._actions())
        event.listen(db.engine, "after_cursor_execute", self._note_statement)
        event.listen(db.engine, "commit", self._note_commit)
        event.listen(db.engine, "rollback", self._note_rollback)

    def methods_of(self, route: str) -> set[str]:
        """What the route answers, by all views at this address."""
        return {one for rule in self.rules if str(rule) == route for one in rule.methods or ()}

    def requests(self) -> Iterator[tuple[Request, Rule, dict[str, Any]]]:
        """Every request there is to make, but for the methods that are the same everywhere."""
        for rule in self.rules:
            methods = set(rule.methods or ()) - {"OPTIONS"}
            if "GET" in methods:
                methods.discard("HEAD")
            for method in sorted(methods):
                for which, address, options in self._variants(rule, method):
                    yield Request(str(rule), method, which), rule, {"path": address, **options}

    def _variants(self, rule: Rule, method: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        names = sorted(rule.arguments)
        known = [self._things(rule, name) for name in names]
        queries = self.world.queries.get(rule.endpoint, {NOTHING: {}})
        sent = {NOTHING: {"data": self.world.forms.get(rule.endpoint, {})}}
        if method != "GET":
            sent = self.world.deliveries.get(rule.endpoint, sent)
        for things in product(*(one.items() for one in known)):
            values = {name: thing for name, (_, thing) in zip(names, things, strict=True)}
            for (query, asked), (body, options) in product(queries.items(), sent.items()):
                words = [*(word for word, _ in things), query, body]
                said = ",".join(word for word in words if word != NOTHING) or NOTHING
                more = options if method not in ("GET", "HEAD") else {}
                yield said, self.address(rule, values), {"query_string": asked, **more}

    def _things(self, rule: Rule, name: str) -> dict[str, object]:
        """What the argument may name; `things` may hold those of one route apart."""
        things = self.world.things
        assert f"{rule} {name}" in things or name in things, (
            f"{rule} names a thing by {name}: say in tests/access/world.py, where world.things is "
            "filled, which there are to be asked for."
        )
        return things.get(f"{rule} {name}") or things[name]

    def address(self, rule: Rule, values: dict[str, object]) -> str:
        built = rule.build(values, append_unknown=False)
        assert built is not None
        return built[1]

    def ask(self, role: str, method: str, path: str, **options: Any) -> Answer:
        browser = self.world.browsers[role]
        if isinstance(options.get("data"), dict):
            filled = {"csrf_token": browser.csrf_token} | options["data"]
            options["data"] = {
                name: browser.person_id if value == ME else value for name, value in filled.items()
            }
        headers = {"Cookie": browser.cookie, "X-CSRFToken": browser.csrf_token}
        options["headers"] = headers | options.get("headers", {})
        self._is_changed = self._is_touched = False
        browser_at_work = self.app.test_client(use_cookies=False)
        response = browser_at_work.open(path, method=method, **options)
        answer = self._answer(response)
        response.close()
        if not self._is_changed:
            return answer
        recorded = self._actions()[self._old_entries :]
        self._put_back()
        return replace(answer, recorded=tuple(recorded))

    def _answer(self, response: TestResponse) -> Answer:
        text = response.get_data().decode(errors="replace")  # workbooks are no text
        place = response.headers.get("Location", "").partition("?")[0].partition("#")[0]
        return Answer(
            response.status_code,
            _TOKENS.sub("#", _IDS.sub("#", place)),
            self._is_changed,
            text,
            frozenset(response.allow),
        )

    def _actions(self) -> list[str]:
        """What the audit log says was done, from the first entry to the last."""
        with closing(sqlite3.connect(self._path)) as connection:
            return [
                one for (one,) in connection.execute("SELECT action FROM audit_entry ORDER BY id")
            ]

    def _put_back(self) -> None:
        db.session.remove()
        db.engine.dispose()
        shutil.copyfile(self._original, self._path)

    def _note_statement(self, _connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if _WRITES.match(statement) and cursor.rowcount != 0:
            self._is_touched = True

    def _note_commit(self, _connection: Any) -> None:
        self._is_changed |= self._is_touched
        self._is_touched = False

    def _note_rollback(self, _connection: Any) -> None:
        self._is_touched = False


@contextmanager
def asker(template: Path, keys: dict[str, str]) -> Iterator[Asker]:
    """An app with the whole workspace; Trello can't be reached from it."""
    with ExitStack() as stack:
        # Each change that is put back closes the database, which a disk would have us wait for.
        directory = stack.enter_context(TemporaryDirectory(prefix="tally-access-", dir=memory()))
        path = Path(directory) / "tally.sqlite3"
        shutil.copyfile(template, path)
        config = load_config(
            keys | SETTINGS | {"DATA_DIR": directory, "DATABASE_URL": f"sqlite:///{path}"}
        )
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("app.trello.quota.Turns.take", lambda turns, path: None)
        stack.enter_context(responses.RequestsMock(assert_all_requests_are_fired=False))
        app = create_app(config)
        for limiter in app.extensions["limiter"]:
            limiter.enabled = False  # the limits have tests of their own
        try:
            yield Asker(app, make_world(app), path)
        finally:
            db.session.remove()
            db.engine.dispose()


def answers(asking: Asker) -> dict[Request, dict[str, Answer]]:
    """What everyone is answered, whose account is closed among them."""
    return {
        request: {role: asking.ask(role, request.method, **options) for role in (*ROLES, CLOSED)}
        for request, _rule, options in asking.requests()
    }
