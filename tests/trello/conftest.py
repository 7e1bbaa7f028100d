"""Trello as canned answers or as the sandbox, and items that hang on a board."""

from collections.abc import Iterator

import pytest
import responses
from flask import Flask

from app.accounts.models import Person
from app.trello.counting import Criteria
from app.trello.models import Connection, TrelloSource
from sandbox import RunningSandbox, running_sandbox
from tests.trello.accounts import point_to
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source


@pytest.fixture
def inside(app: Flask) -> Iterator[None]:
    """As in a job or a command; not for tests that also ask for pages."""
    with app.app_context():
        yield


@pytest.fixture
def trello() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        running.limits.enabled = False
        yield running


@pytest.fixture
def sandbox(app: Flask, running: RunningSandbox, alice: Person) -> RunningSandbox:
    """The app asks it; what one test left at it, the next one of the file finds."""
    running.faults.clear()
    point_to(app, running, alice)
    return running


@pytest.fixture
def connection(inside: None, alice: Person) -> Connection:
    return make_connection(alice)


@pytest.fixture
def source(connection: Connection, alice: Person) -> TrelloSource:
    """A key result that counts the cards in the list "Done"."""
    key_result = make_key_result(make_objective(alice))
    return make_source(key_result.measure, connection, Criteria(list_ids=("done",)))
