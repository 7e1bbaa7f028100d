"""Who gets which connection, and for what."""

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from app.accounts.models import Person
from app.trello.loading import connection_for
from tests.trello.connections import make_connection, make_ready


def outcome(app: Flask, person: Person, connection_id: int, **wish: bool) -> int:
    """200 where the connection is handed out."""
    with app.test_request_context():
        try:
            connection_for(person, connection_id, **wish)
        except HTTPException as refusal:
            return refusal.code or 0
    return 200


@pytest.mark.parametrize(
    ("sharing", "configured", "who", "outcomes"),
    [
        # to see, to use, to manage
        ("private", True, "bob", (200, 200, 200)),
        ("private", False, "bob", (200, 404, 200)),
        ("private", True, "carol", (404, 404, 404)),
        ("private", True, "alice", (200, 404, 200)),
        ("everyone", True, "carol", (200, 200, 403)),
        ("everyone", False, "carol", (404, 404, 404)),
        ("everyone", True, "alice", (200, 200, 200)),
    ],
)
def test_connection_for(
    app: Flask,
    alice: Person,
    bob: Person,
    carol: Person,
    sharing: str,
    configured: bool,
    who: str,
    outcomes: tuple[int, int, int],
) -> None:
    make_ready(app, alice)
    connection = make_connection(app, bob, sharing=sharing, is_configured=configured)
    person = {"alice": alice, "bob": bob, "carol": carol}[who]
    assert outcomes == (
        outcome(app, person, connection.id),
        outcome(app, person, connection.id, to_use=True),
        outcome(app, person, connection.id, to_manage=True),
    )


@pytest.mark.parametrize("connection_id", [0, 7, 2**31, 2**64])
def test_no_such_connection(app: Flask, alice: Person, connection_id: int) -> None:
    assert outcome(app, alice, connection_id, to_manage=True) == 404
