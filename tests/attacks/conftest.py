"""Fixtures of the attacker's run: a world to attack, and a Trello that answers nothing."""

from collections.abc import Iterator

import pytest
import responses
from flask import Flask

from app.accounts.models import Person
from tests.attacks.world import World, make_observer, make_world
from tests.support.client import Client


@pytest.fixture(autouse=True)
def trello() -> Iterator[responses.RequestsMock]:
    """Whatever asks Trello finds it away."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def world(app: Flask, alice: Person) -> World:
    """Everything in it is Bob's; Alice is an admin."""
    return make_world(app)


@pytest.fixture
def owner(client: Client, world: World) -> Client:
    client.sign_in(world.owner)
    return client


@pytest.fixture
def admin(app: Flask, alice: Person) -> Client:
    client = Client(app)
    client.sign_in(alice)
    return client


@pytest.fixture
def member(app: Flask, carol: Person) -> Client:
    client = Client(app)
    client.sign_in(carol)
    return client


@pytest.fixture
def observer(app: Flask, world: World) -> Client:
    client = Client(app)
    client.sign_in(make_observer())
    return client
