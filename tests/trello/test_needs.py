"""Home, Needs you: each trouble once, told to those who can do something about it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Person, Workspace
from app.beats import WorkerBeat, beat
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.okrs.models import Measure
from app.trello.models import Connection, TrelloSource
from app.trello.sources import NOT_ALLOWED
from tests.support.client import Client
from tests.support.sql import count_statements
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source

GONE = "The list “Done” was deleted. The value stands still until the source is chosen again."


@pytest.fixture(autouse=True)
def _today(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "today", lambda _workspace: date(2026, 6, 1))
    with app.app_context():
        beat("a worker")


@pytest.fixture
def connection(app: Flask, alice: Person) -> int:
    """Of Alice, shared with everyone."""
    with app.app_context():
        return make_connection(alice, sharing="everyone").id


def link_item(
    app: Flask, owner: Person, connection: int, title: str, board: int = 1, **values: Any
) -> int:
    """A key result that counts on a board of the connection; the id of its source."""
    with app.app_context():
        key_result = make_key_result(make_objective(owner))
        key_result.title = title
        found = db.session.get_one(Connection, connection)
        source = make_source(key_result.measure, found, board=f"{board:024x}")
        source.frozen_reason = values.pop("frozen_reason", None)
        for name, value in values.items():
            setattr(source.board, name, value)
        db.session.commit()
        return source.id


def change(app: Flask, source_id: int, how: Callable[[TrelloSource], object]) -> None:
    with app.app_context():
        how(db.session.get_one(TrelloSource, source_id))
        db.session.commit()


def revoke(app: Flask, connection: int) -> None:
    with app.app_context():
        db.session.get_one(Connection, connection).reconnect_reason = "Trello refused it."
        db.session.commit()


def needs_of(client: Client, person: Person) -> list[tuple[str, str, str]]:
    """What the person's home says needs them: title, sentence, and the words of the link."""
    client.sign_in(person)
    page = client.page("/")
    found = [
        (one.one("h3").text, one.one("p").text, one.one("a").text) for one in page.all(".needs li")
    ]
    assert ("Needs you" in page.text) == bool(found)
    return found


def links_of(client: Client, person: Person) -> list[str]:
    client.sign_in(person)
    return [link["href"] for link in client.page("/").all(".needs li a")]


def item_path(app: Flask, source_id: int) -> str:
    with app.app_context():
        measure = db.session.get_one(TrelloSource, source_id).measure
        return f"/key-results/{measure.item.id}"


def test_where_all_is_well_nothing_needs_anyone(
    client: Client, app: Flask, alice: Person, bob: Person, connection: int
) -> None:
    link_item(app, bob, connection, "Publish posts")
    assert needs_of(client, alice) == needs_of(client, bob) == []


def test_a_connection_to_reconnect_is_one_thing_however_much_hangs_on_it(
    client: Client, app: Flask, alice: Person, bob: Person, carol: Person, connection: int
) -> None:
    for owner, title in ((alice, "Mine"), (bob, "Posts"), (bob, "Readers")):
        link_item(app, owner, connection, title, board=len(title))
    revoke(app, connection)
    assert needs_of(client, alice) == [
        (
            "The connection “Marketing” has to be reconnected",
            "Trello refused it. 3 items stand still until then.",
            "Reconnect",
        )
    ]
    assert links_of(client, alice) == [f"/connections/trello/new?reconnect={connection}"]
    # Who can't do it is told whom to ask, once.
    assert needs_of(client, bob) == [
        (
            "Alice Adams has to reconnect “Marketing”",
            "“Posts” and “Readers” stand still until then.",
            "See what it holds up",
        )
    ]
    assert needs_of(client, carol) == []


def test_a_connection_that_nothing_hangs_on_is_named_as_well(
    client: Client, app: Flask, alice: Person, connection: int
) -> None:
    revoke(app, connection)
    ((_title, sentence, _action),) = needs_of(client, alice)
    assert sentence == "Trello refused it."


def test_the_name_of_a_private_connection_is_not_told(
    client: Client, app: Flask, bob: Person, connection: int
) -> None:
    source = link_item(app, bob, connection, "Posts")
    change(app, source, lambda one: setattr(one.board.connection, "sharing", "private"))
    revoke(app, connection)
    ((title, *_rest),) = needs_of(client, bob)
    assert title == "Alice Adams has to reconnect a Trello account"


def test_another_api_key_is_noticed_before_any_sync(
    client: Client, app: Flask, alice: Person, connection: int
) -> None:
    with app.app_context():
        found = db.session.get_one(Connection, connection)
        found.key_fingerprint = "of another key"
        db.session.commit()
    ((title, sentence, action),) = needs_of(client, alice)
    assert "API key was changed" in sentence and action == "Reconnect"


def test_a_criterion_that_is_gone_asks_the_owner_to_choose_again(
    client: Client, app: Flask, alice: Person, bob: Person, connection: int
) -> None:
    source = link_item(app, bob, connection, "Posts", frozen_reason=GONE)
    assert needs_of(client, bob) == [("“Posts” stands still", GONE, "Choose again")]
    (link,) = links_of(client, bob)
    assert link == f"{item_path(app, source)}/edit#source"
    assert client.page(link.partition("#")[0]).all("#source")
    # It is the owner's, even where an admin could do it too.
    assert needs_of(client, alice) == []


def test_items_with_the_same_trouble_on_a_board_are_one_thing(
    client: Client, app: Flask, bob: Person, connection: int
) -> None:
    for title in "ABCDE":
        link_item(app, bob, connection, title, frozen_reason=GONE)
    link_item(app, bob, connection, "F", board=2, frozen_reason=NOT_ALLOWED)
    link_item(app, bob, connection, "G", board=3, failure="It is closed.")
    link_item(app, bob, connection, "H", board=3, failure_kind="board_lost")
    assert [(title, said) for title, said, _ in needs_of(client, bob)] == [
        ("“A”, “B” and 3 more stand still", GONE),
        ("“F” stands still", NOT_ALLOWED),
        ("“G” and “H” stand still", "It is closed."),
    ]


def test_only_trouble_that_lasts_is_worth_a_line(
    client: Client, app: Flask, alice: Person, bob: Person, connection: int
) -> None:
    def failing(hours: int) -> dict[str, Any]:
        return {
            "failure": "Trello is down.",
            "failure_kind": "unavailable",
            "failing_since": utcnow() - timedelta(hours=hours),
        }

    link_item(app, bob, connection, "Short", 1, **failing(5))
    assert needs_of(client, bob) == []
    link_item(app, bob, connection, "Long", 2, **failing(7))
    link_item(app, bob, connection, "Longer", 3, **failing(8))
    ((title, sentence, action),) = needs_of(client, bob)
    assert title == "Trello can't be reached"
    assert sentence == "Trello is down. “Long” and “Longer” stand still."
    assert action == "See what it holds up"
    link_item(app, alice, connection, "Also", 3)
    assert links_of(client, alice) == ["/admin/sync"]


def test_connections_come_before_criteria_and_those_before_the_rest(
    client: Client, app: Flask, alice: Person, bob: Person, connection: int
) -> None:
    with app.app_context():
        other = make_connection(alice, name="Other", reconnect_reason="Refused.").id
        own = make_connection(bob, name="Own", reconnect_reason="Refused.").id
    late = {"failure": "Odd.", "failure_kind": "odd_answer"}
    link_item(app, bob, connection, "Late", failing_since=utcnow() - timedelta(days=1), **late)
    link_item(app, bob, connection, "Gone", 2, frozen_reason=GONE)
    link_item(app, bob, other, "Waits", 3)
    link_item(app, bob, own, "Mine", 4)
    assert [title for title, *_ in needs_of(client, bob)] == [
        "The connection “Own” has to be reconnected",
        "Alice Adams has to reconnect a Trello account",
        "“Gone” stands still",
        "Counting fails again and again",
    ]


def test_a_missing_worker_is_told_to_admins_alone(
    client: Client, app: Flask, alice: Person, bob: Person, connection: int
) -> None:
    link_item(app, bob, connection, "Posts")
    with app.app_context():
        db.session.get_one(WorkerBeat, "a worker").seen_at = utcnow() - timedelta(hours=1)
        db.session.commit()
    ((title, _sentence, action),) = needs_of(client, alice)
    assert (title, action) == ("No worker is running", "Open Sync")
    assert links_of(client, alice) == ["/admin/sync"]
    assert needs_of(client, bob) == []


def test_keys_that_trello_refuses_are_the_admins_matter(
    client: Client, app: Flask, alice: Person, bob: Person, connection: int
) -> None:
    refused = {"failure": "Trello does not know the API key.", "failure_kind": "key"}
    link_item(app, bob, connection, "Posts", **refused)
    link_item(app, alice, connection, "Mine", 2, **refused)
    ((title, sentence, _action),) = needs_of(client, alice)
    assert title == "Trello can't be asked with the present keys"
    assert sentence == "Trello does not know the API key."
    assert links_of(client, alice) == ["/admin/integrations/trello"]
    ((title, *_rest),) = needs_of(client, bob)
    assert title == "An admin has to mend the access to Trello"


@pytest.mark.parametrize("reason", ["disabled", "deleted", "over", "ended", "passed on"])
def test_what_is_over_or_put_aside_needs_nobody(
    client: Client, app: Flask, alice: Person, bob: Person, connection: int, reason: str
) -> None:
    source = link_item(app, bob, connection, "Posts", frozen_reason=GONE)

    def put_aside(one: TrelloSource) -> None:
        item = one.measure.item
        match reason:
            case "disabled":
                switch("trello", False, alice)
            case "deleted":
                item.deleted_at = utcnow()
            case "over":
                item.cycle.ends_on = date(2026, 5, 31)
            case "ended":
                one.ended_at = utcnow()
            case _:
                item.owner = alice

    assert len(needs_of(client, bob)) == 1
    change(app, source, put_aside)
    # What is over is still to be closed or postponed, but no board needs anybody any more.
    left = [action for _title, _sentence, action in needs_of(client, bob)]
    assert left == (["Look at it"] * 2 if reason == "over" else [])


def test_an_objective_of_one_s_own_counts_like_a_key_result(
    client: Client, app: Flask, bob: Person, connection: int
) -> None:
    with app.app_context():
        objective = make_objective(bob, measure=Measure(kind="percent"))
        found = db.session.get_one(Connection, connection)
        make_source(objective.measure, found).frozen_reason = GONE
        db.session.commit()
        path = f"/objectives/{objective.id}/edit#source"
    assert links_of(client, bob) == [path]


def test_hostile_names_are_only_text(
    client: Client, app: Flask, alice: Person, bob: Person, connection: int
) -> None:
    hostile = "<script>alert(1)</script>"
    link_item(app, bob, connection, hostile, frozen_reason=hostile)
    with app.app_context():
        make_connection(bob, name=hostile, reconnect_reason=hostile)
    client.sign_in(bob)
    page = client.page("/")
    assert hostile not in page.html and page.text.count(hostile) >= 4


@pytest.mark.both_databases
def test_the_number_of_statements_does_not_grow(
    client: Client, app: Flask, alice: Person, connection: int
) -> None:
    def statements() -> int:
        with count_statements() as counted:
            client.page("/")
        return len(counted)

    def add(number: int) -> None:
        with app.app_context():
            own = make_connection(alice, name=f"Own {number}", reconnect_reason="Refused.").id
        link_item(app, alice, own, f"Item {number}", number)
        link_item(app, alice, connection, f"Gone {number}", number, frozen_reason=f"{number}")

    client.sign_in(alice)
    add(1)
    client.page("/")  # the first visit of a quarter makes its cycle
    few = statements()
    for number in range(2, 9):
        add(number)
    client.page("/")  # roll-ups are settled with the first page after a change
    assert statements() == few <= 24
    assert len(needs_of(client, alice)) == 8 + 8
