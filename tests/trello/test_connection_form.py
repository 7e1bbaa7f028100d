"""A connection's name, whom it is shared with, and which boards it may show."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import responses
from flask import Flask

from app.accounts.models import OBSERVER, Person
from app.db import db, utcnow
from app.okrs.integrations import let_members_connect
from app.trello import connect_views
from app.trello.configuring import Offer, offer_boards
from app.trello.models import EVERYONE, Connection
from tests.support.client import Client
from tests.support.html import Page
from tests.support.opened import opened
from tests.trello.connections import BOARDS, keep_boards, make_connection, make_ready
from tests.trello.test_meanwhile import elsewhere

LAUNCH, SUPPORT, IDEAS = BOARDS
MEMBER_BOARDS = "https://api.trello.com/1/members/me/boards"


@pytest.fixture
def here(app: Flask, client: Client, alice: Person, bob: Person) -> Client:
    """Bob's browser."""
    make_ready(app, alice)
    client.sign_in(bob)
    return client


@pytest.fixture
def connection(app: Flask, here: Client, bob: Person) -> Connection:
    """Bob's, not configured yet, whose boards were asked for just now."""
    made = make_connection(app, bob, is_configured=False, shows_all_boards=False)
    keep_boards(made)
    return made


def path_of(connection: Connection) -> str:
    return f"/connections/{connection.id}/configure"


def send(client: Client, connection: Connection, status: int = 422, **fields: Any) -> Page:
    data = {"name": "Team", "sharing": "private", "shown": "all"} | fields
    response = client.post(path_of(connection), data)
    if status == 303:
        assert response.status_code == 303, response.text
        return client.follow(response)
    return client.see(response, status)


def reloaded(connection: Connection) -> Connection:
    db.session.remove()
    return db.session.get_one(Connection, connection.id)


def test_choosing_boards_is_explicit(here: Client, connection: Connection) -> None:
    page = here.page(path_of(connection))
    assert not [one for one in page.all("input[name=shown]") if "checked" in one]
    page = here.see(here.submit(page, "Save", {"name": "Kept"}), 422)
    assert page.one("#shown-errors").text == (
        "Choose which boards it may show: all of them, or only some."
    )
    assert page.field("Name").value == "Kept"
    assert not reloaded(connection).is_configured


def test_only_these_needs_a_board(here: Client, connection: Connection) -> None:
    page = send(here, connection, shown="only", sharing="everyone")
    assert page.one("#boards-errors").text == "Tick at least one board."
    assert "checked" in page.field("Only these boards")
    assert "checked" in page.field("Everyone")


def test_boards_of_others_are_refused(here: Client, connection: Connection) -> None:
    page = send(here, connection, shown="only", boards=[LAUNCH, "f" * 24])
    assert "not among this account's open boards" in page.one("#boards-errors").text
    assert "checked" in page.field("Launch")
    assert not reloaded(connection).allowed_boards


@pytest.mark.parametrize("name", ["", "   ", "\x00", "x" * 121])
def test_name_is_needed_and_short(here: Client, connection: Connection, name: str) -> None:
    assert send(here, connection, name=name).error("Name")


@pytest.mark.parametrize("field", ["sharing", "shown"])
def test_made_up_choices_are_refused(here: Client, connection: Connection, field: str) -> None:
    made_up: dict[str, Any] = {field: "<b>"}
    assert send(here, connection, **made_up).one(f"#{field}-errors")
    assert not reloaded(connection).is_configured


def test_first_save_announces_itself(here: Client, connection: Connection) -> None:
    page = send(here, connection, 303)
    assert page.one("p[data-announce=connected]")
    assert reloaded(connection).shows_all_boards


def test_later_save_leads_to_its_page(here: Client, connection: Connection) -> None:
    send(here, connection, 303)
    page = send(here, connection, 303, name="Renamed", sharing="everyone")
    assert page.h1 == "Renamed"
    assert page.flashes == ["The connection is saved."]
    saved = reloaded(connection)
    assert (saved.name, saved.sharing) == ("Renamed", "everyone")
    assert saved.shared_at is not None and utcnow() - saved.shared_at < timedelta(minutes=1)
    send(here, connection, 303, sharing="private")
    assert reloaded(connection).shared_at is None


def test_moment_of_sharing_is_kept(here: Client, connection: Connection) -> None:
    send(here, connection, 303, sharing="everyone")
    before = reloaded(connection).shared_at
    send(here, connection, 303, sharing="everyone", name="Other")
    assert reloaded(connection).shared_at == before


def test_boards_are_added_and_taken_away(here: Client, connection: Connection) -> None:
    send(here, connection, 303, shown="only", boards=[LAUNCH, SUPPORT])
    send(here, connection, 303, shown="only", boards=[SUPPORT, IDEAS])
    saved = reloaded(connection)
    assert {one.trello_id: one.name for one in saved.allowed_boards} == {
        SUPPORT: "Support",
        IDEAS: "Archive of ideas",
    }
    assert saved.shows(SUPPORT) and not saved.shows(LAUNCH)
    send(here, connection, 303, shown="all", boards=[SUPPORT])
    assert reloaded(connection).allowed_boards == []


def test_boards_of_one_name_can_be_told_apart(app: Flask, here: Client, bob: Person) -> None:
    made = make_connection(app, bob)
    keep_boards(made, {"1" * 24: "Twin", "2" * 24: "Twin", "3" * 24: ""})
    page = here.page(path_of(made))
    labels = [node.text for node in page.all("label") if node["for"].startswith("boards-")]
    assert labels == ["Twin (11111111)", "Twin (22222222)", "unnamed board"]


def test_account_without_boards(app: Flask, here: Client, bob: Person) -> None:
    made = make_connection(app, bob)
    keep_boards(made, {})
    assert "can read no open board" in here.page(path_of(made)).text


def test_names_from_trello_are_text(app: Flask, here: Client, bob: Person) -> None:
    made = make_connection(app, bob, member_name="<script>alert(1)</script>")
    keep_boards(made, {"1" * 24: "<img src=x onerror=alert(1)>"})
    page = here.page(path_of(made))
    assert page.field("<img src=x onerror=alert(1)>")
    assert "<script>alert" not in page.html


@responses.activate
def test_trello_is_down(app: Flask, here: Client, bob: Person) -> None:
    responses.get(MEMBER_BOARDS, status=503)
    made = make_connection(app, bob, boards=[LAUNCH])
    page = here.page(path_of(made))
    assert "can't be listed now" in page.text
    assert "checked" in page.field("Launch")
    # What was allowed before can be kept, and the rest be changed.
    send(here, made, 303, name="Renamed", shown="only", boards=[LAUNCH])
    assert reloaded(made).name == "Renamed"
    page = send(here, made, shown="only", boards=[LAUNCH, SUPPORT])
    assert "Trello can't be asked now" in page.one("#boards-errors").text


@responses.activate
def test_boards_can_be_asked_for_again(here: Client, connection: Connection) -> None:
    board = {"id": "1" * 24, "name": "Brand new", "closed": False, "url": "https://trello.com/b/x"}
    responses.get(MEMBER_BOARDS, json=[board])
    page = here.page(path_of(connection))
    assert "Brand new" not in page.text
    page = here.see(here.submit(page, "Reload boards", {"name": "Kept", "shown": "only"}))
    assert page.field("Brand new")
    assert page.field("Name").value == "Kept"
    assert "checked" in page.field("Only these boards")
    assert not reloaded(connection).is_configured


@responses.activate
def test_board_closed_since_stays_allowed(app: Flask, here: Client, bob: Person) -> None:
    made = make_connection(app, bob, boards=[LAUNCH])
    keep_boards(made, {SUPPORT: "Support"})
    page = here.page(path_of(made))
    assert "checked" in page.field("Launch (not open any more)")
    assert "checked" not in page.field("Support")


def test_others_may_not(app: Flask, here: Client, carol: Person, bob: Person) -> None:
    private = make_connection(app, carol)
    shared = make_connection(app, carol, sharing="everyone")
    unfinished = make_connection(app, carol, sharing="everyone", is_configured=False)
    for connection, status in ((private, 404), (shared, 403), (unfinished, 404)):
        assert here.get(path_of(connection)).status_code == status
        assert here.post(path_of(connection), {"name": "Mine"}).status_code == status
        assert here.get(f"/connections/{connection.id}/connected").status_code == status
        assert here.post(f"/connections/{connection.id}/remove").status_code == status
    assert here.get("/connections/99999999999999999999/configure").status_code == 404
    assert here.get("/connections/999/configure").status_code == 404


def test_admin_may(app: Flask, client: Client, alice: Person, bob: Person) -> None:
    make_ready(app, alice)
    made = make_connection(app, bob)
    keep_boards(made)
    client.sign_in(alice)
    page = client.page(path_of(made))
    assert page.field("Only Bob Brown")
    assert send(client, made, 303, name="Set by Alice").h1 == "Set by Alice"
    assert reloaded(made).name == "Set by Alice"


def test_needs_a_token_against_forgery(here: Client, connection: Connection) -> None:
    assert here.send("POST", path_of(connection), data={"name": "x"}).status_code == 400


def _observer(bob: Person, _connection: Connection, _carol: Person) -> None:
    db.session.get_one(Person, bob.id).role = OBSERVER


def _closed(bob: Person, _connection: Connection, _carol: Person) -> None:
    let_members_connect("trello", False, bob)


def _given_away(_bob: Person, connection: Connection, carol: Person) -> None:
    given = db.session.get_one(Connection, connection.id)
    given.owner_id, given.sharing, given.is_configured = carol.id, EVERYONE, True


@pytest.mark.both_databases
@pytest.mark.parametrize("happens", [_observer, _closed, _given_away])
def test_who_may_not_set_it_up_any_more_when_the_boards_come_sets_up_nothing(
    app: Flask,
    here: Client,
    connection: Connection,
    bob: Person,
    carol: Person,
    happens: Callable[[Person, Connection, Person], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def save() -> None:
        happens(bob, connection, carol)
        db.session.commit()

    def offered(own: Connection, fresh: bool = False) -> Offer:
        offer = offer_boards(own, fresh)
        db.end_reading()
        elsewhere(app, save)
        return offer

    monkeypatch.setattr(connect_views, "offer_boards", offered)
    send(here, connection, 403, name="Mine")
    assert reloaded(connection).name == "Trello (bob)"


def test_of_two_who_configure_it_neither_undoes_the_other(
    app: Flask, here: Client, connection: Connection, alice: Person, bob: Person, carol: Person
) -> None:
    send(here, connection, 303, shown="only", boards=[LAUNCH])
    hers, his, his_too = opened(app, path_of(connection), alice, bob, bob)
    hers.save(sharing="people", people=[str(carol.id)], name="Marketing")
    page = his.save(shown="only", boards=[LAUNCH, SUPPORT])
    assert page.flashes[0].startswith("Alice Adams changed “Name”, “Shared with” and “Cho")
    saved = reloaded(connection)
    assert saved.shows(SUPPORT) and [one.name for one in saved.shared_with] == ["Carol Clark"]
    page = his_too.refused(sharing="everyone", boards=[IDEAS])
    assert page.one("#sharing-errors").text.startswith(
        "Alice Adams changed this to “chosen people and teams”"
    )
    assert "You changed this to “Launch, Support”" in page.one("#boards-errors").text
    assert page.field("Name").value == "Marketing"
    assert reloaded(connection).sharing == "people"
    his_too.save()
    assert reloaded(connection).sharing == "everyone"


def test_reloading_the_boards_keeps_what_the_form_was_opened_on(
    app: Flask, here: Client, connection: Connection, alice: Person, bob: Person
) -> None:
    send(here, connection, 303)
    hers, his = opened(app, path_of(connection), alice, bob)
    hers.save(name="Marketing")
    his.page = his.client.see(his.client.submit(his.page, "Reload boards", {"name": "Mine"}))
    assert his.refused().error("Name").startswith("Alice Adams changed this to “Marketing”")
