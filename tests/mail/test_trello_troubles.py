"""What mail says of Trello: to who owns the item, and to who can mend the connection."""

from datetime import timedelta

import pytest

from app.accounts.models import Person, Workspace
from app.db import db, utcnow
from app.trello.failures import Unavailable
from app.trello.models import Connection, TrelloSource
from tests.mail.conftest import SITE
from tests.mail.mailbox import Mailbox, text_of
from tests.mail.posting import Post, waiting
from tests.okrs.items import TODAY
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source


@pytest.fixture
def source(app, alice: Person, bob: Person, carol: Person, monkeypatch) -> TrelloSource:
    """Bob's key result, counted by way of Carol's private connection."""
    monkeypatch.setattr(Workspace, "today", lambda _workspace: TODAY)
    with app.app_context():
        connection = make_connection(carol)
        return make_source(make_key_result(make_objective(bob)).measure, connection)


def break_connection(source: TrelloSource) -> int:
    connection = db.session.get_one(Connection, source.board.connection_id)
    connection.reconnect_reason = "Trello no longer accepts this sign-in."
    db.session.commit()
    return connection.id


def test_a_broken_connection_is_told_to_both(
    source: TrelloSource, bob: Person, carol: Person, post: Post, mailbox: Mailbox
) -> None:
    connection_id = break_connection(source)
    post.warn()
    post.warn()
    post.deliver()
    [to_carol] = mailbox.to("carol@example.com")
    assert to_carol["Subject"] == "The connection “Marketing” has to be reconnected"
    assert f"Reconnect: {SITE}/" in text_of(to_carol)
    assert f"reconnect={connection_id}" in text_of(to_carol)
    [to_bob] = mailbox.to("bob@example.com")
    assert to_bob["Subject"] == "Carol Clark has to reconnect a Trello account"
    assert "“Publish posts” stands still until then." in text_of(to_bob)
    assert "Marketing" not in str(to_bob["Subject"]) + text_of(to_bob)


@pytest.mark.parametrize(("hours", "is_told"), [(0.1, False), (30, True)])
def test_a_trello_out_of_reach_is_told_once_it_lasts(
    source: TrelloSource, bob: Person, post: Post, hours: float, is_told: bool
) -> None:
    board = source.board
    board.failure_kind, board.failure = Unavailable.kind, "Trello can't be reached."
    board.failing_since = utcnow() - timedelta(hours=hours)
    db.session.add(board)
    db.session.commit()
    post.warn()
    assert [mail.person_id for mail in waiting()] == ([bob.id] if is_told else [])


@pytest.mark.parametrize(("is_private", "is_told"), [(False, True), (True, False)])
def test_an_item_that_became_invisible_is_told_no_more(
    source: TrelloSource, carol: Person, post: Post, is_private: bool, is_told: bool
) -> None:
    """Carol owns the key result; its objective is Bob's."""
    stored = db.session.get_one(TrelloSource, source.id)
    stored.frozen_reason = "The list “Done” is gone."
    key_result = stored.measure.key_result
    assert key_result is not None
    key_result.owner_id, key_result.objective.is_private = carol.id, is_private
    db.session.commit()
    post.warn()
    assert [mail.person_id for mail in waiting()] == ([carol.id] if is_told else [])
