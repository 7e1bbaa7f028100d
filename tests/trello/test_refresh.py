"""Pressing Refresh, and what a page says of a source that waits, runs, fails or stands still."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import OBSERVER, Person
from app.beats import beat
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.okrs.lines import line_html
from app.okrs.models import PERCENT
from app.trello import runs
from app.trello.counting import Criteria
from app.trello.models import Board, Connection, SyncRun, TrelloSource
from app.trello.sources import apply_snapshot
from tests.support.client import Client
from tests.support.html import Page
from tests.support.moments import relative
from tests.support.people import make_person
from tests.trello.boards import board, card, snapshot
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source


@dataclass(frozen=True)
class Item:
    """A key result of Alice's that counted one card three hours ago."""

    path: str
    source_id: int
    board_id: int

    @property
    def refresh(self) -> str:
        return f"/trello/sources/{self.source_id}/refresh"


@pytest.fixture
def item(app: Flask, alice: Person) -> Item:
    with app.app_context():
        connection = make_connection(alice)
        key_result = make_key_result(make_objective(alice))
        source = make_source(key_result.measure, connection, Criteria(list_ids=("done",)))
        counted = snapshot(board([card("done")]), utcnow() - timedelta(hours=3))
        apply_snapshot(db.session(), source.board, [source], counted)
        db.session.commit()
        return Item(f"/key-results/{key_result.id}", source.id, source.board_id)


def change(app: Flask, item: Item, how: Callable[[TrelloSource], object]) -> None:
    with app.app_context():
        how(db.session.get_one(TrelloSource, item.source_id))
        db.session.commit()


def runs_now() -> list[SyncRun]:
    db.session.expire_all()
    return list(db.session.scalars(select(SyncRun)))


def said(page: Page) -> str:
    return page.one("[data-sync]").text


def test_a_press_waits_for_a_worker_and_says_so(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    with app.app_context():
        beat("a worker")
    client.sign_in(bob)
    page = client.follow(client.submit(client.page(item.path), "Refresh"))
    assert said(page) == "Waiting to be counted …"
    assert "every 1s" in page.one("#standing")["hx-trigger"]
    assert page.all("noscript meta[http-equiv=refresh]")
    assert page.one("[data-measure]")["data-value"] == "1.000000"
    (run,) = runs_now()
    assert (run.status, run.trigger, run.asked_by_id) == ("queued", "refresh", bob.id)
    with app.app_context():
        assert runs.claim(run.id)
    assert said(client.page(item.path)) == "Counting …"


def test_an_open_page_is_told_when_the_run_it_waits_for_has_ended(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    with app.app_context():
        beat("a worker")
    client.sign_in(bob)
    standing = client.see_fragment(client.post(item.refresh, htmx=True)).one("#standing")
    question = f"/live/counting?measures={standing['data-counting']}"
    waited_for = [int(standing["data-counting"])]
    assert client.get(question).json == waited_for
    (run,) = runs_now()
    with app.app_context():
        assert runs.claim(run.id)
    assert client.get(question).json == waited_for
    with app.app_context():
        db.session.get_one(SyncRun, run.id).status = "failed"
        db.session.commit()
    assert client.get(question).json == []


def test_two_presses_are_one_run(client: Client, bob: Person, item: Item) -> None:
    client.sign_in(bob)
    for _ in range(2):
        assert client.post(item.refresh).status_code == 303
    assert len(runs_now()) == 1


def test_htmx_gets_the_part_it_asked_from(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    with app.app_context():
        beat("a worker")
    client.sign_in(bob)
    part = client.see_fragment(client.post(item.refresh, htmx=True))
    assert part.one("#standing") and part.one("[data-sync]")["data-sync"] == "busy"
    row = client.see_fragment(client.post(f"{item.refresh}?show=row", htmx=True))
    assert "every 1s" in row.one(".row")["hx-trigger"]
    plain = client.post(f"{item.refresh}?show=row")
    assert plain.status_code == 303 and "/okrs?cycle=" in plain.headers["Location"]


def test_a_button_in_a_list_sends_the_form_of_the_page(
    client: Client, app: Flask, alice: Person, item: Item
) -> None:
    client.sign_in(alice)
    page = client.page("/okrs?cycle=all")
    button = page.one(f"#refresh-row-{item.source_id}")
    form = page.one(f"form#{button['form']}")
    assert (form["method"], button["formaction"]) == ("post", f"{item.refresh}?show=row")
    token = form.one("[name=csrf_token]")
    client.follow(client.send("POST", button["formaction"], data={token["name"]: token["value"]}))
    (run,) = runs_now()
    assert (run.trigger, run.asked_by_id) == ("refresh", alice.id)


def test_the_kept_line_of_a_list_is_anothers_only_as_far_as_both_may_press(
    client: Client, app: Flask, alice: Person, item: Item
) -> None:
    client.sign_in(alice)
    kept = line_html.cache_info().hits
    for _ in range(2):
        assert client.page("/okrs?cycle=all").all(f"#refresh-row-{item.source_id}")
    assert line_html.cache_info().hits > kept, "nothing was kept"
    with app.app_context():
        watcher = make_person("Olga Olin", OBSERVER)
    client.sign_in(watcher)
    page = client.page("/okrs?cycle=all")
    assert "Publish posts" in page.text
    assert not page.all(f"#refresh-row-{item.source_id}")


def test_the_line_of_a_list_changes_with_all_that_it_shows(
    client: Client, app: Flask, alice: Person, item: Item
) -> None:
    client.sign_in(alice)
    key_result_id = item.path.rpartition("/")[2]

    def shown() -> str:
        return client.page("/okrs?cycle=all").one(f"#key-result-row-{key_result_id}").text

    assert "3 hours ago" in shown() and "1 of 20" in shown()
    changes: list[tuple[str, Callable[[TrelloSource], object]]] = [
        ("<i>Renamed</i>", lambda source: rename(source, "<i>Renamed</i>")),
        ("2 of 20", lambda source: setattr(source.measure, "value", Fraction(2))),
        ("5 hours ago", lambda source: age(source, hours=5)),
        ("stands still", lambda source: setattr(source, "frozen_reason", "Its list is gone.")),
    ]
    for words, how in changes:
        assert words not in shown()
        change(app, item, how)
        assert words in shown()


def rename(source: TrelloSource, title: str) -> None:
    assert source.measure.key_result is not None
    source.measure.key_result.title = title


def age(source: TrelloSource, hours: int) -> None:
    source.counted_at = utcnow() - timedelta(hours=hours)


def test_without_a_worker_the_page_says_so_and_stops_asking(
    client: Client, bob: Person, item: Item
) -> None:
    client.sign_in(bob)
    page = client.follow(client.submit(client.page(item.path), "Refresh"))
    assert said(page).startswith("No worker is running")
    assert "hx-trigger" not in page.one("#standing")


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("disabled", "disabled"),
        ("reconnect", "Revoked."),
        ("limited", "Trello asked us to wait"),
        ("key", "API key was changed"),
    ],
)
def test_a_press_that_can_do_nothing_says_why_and_asks_for_nothing(
    client: Client, app: Flask, alice: Person, bob: Person, item: Item, trouble: str, sentence: str
) -> None:
    def spoil(source: TrelloSource) -> None:
        connection = source.board.connection
        match trouble:
            case "disabled":
                switch("trello", False, alice)
            case "reconnect":
                connection.reconnect_reason = "Revoked."
            case "key":
                connection.key_fingerprint = "of another key"
            case _:
                source.board.failure_kind = "limited"
                source.board.next_sync_at = utcnow() + timedelta(minutes=1)

    change(app, item, spoil)
    client.sign_in(bob)
    page = client.follow(client.submit(client.page(item.path), "Refresh"))
    assert sentence in " ".join(page.flashes)
    assert runs_now() == []


def test_who_may_not_see_the_item_can_refresh_nothing(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    assert "/login" in client.post(item.refresh).headers["Location"]
    client.sign_in(bob)
    for path in ("/trello/sources/999/refresh", f"/trello/sources/{2**63}/refresh"):
        assert client.post(path).status_code == 404
    assert client.get(item.refresh).status_code == 405
    change(app, item, lambda source: setattr(source.measure.item, "deleted_at", utcnow()))
    assert client.post(item.refresh).status_code == 404
    assert runs_now() == []


def test_a_source_that_was_removed_meanwhile_is_not_asked_for(
    client: Client, app: Flask, bob: Person, item: Item
) -> None:
    change(app, item, lambda source: setattr(source, "ended_at", utcnow()))
    client.sign_in(bob)
    assert client.post(item.refresh).status_code == 303
    assert runs_now() == []


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("failed", "Trello could not be reached. This value was counted 3 hours ago"),
        ("frozen", "The list “Done” was deleted."),
        ("disabled", "Trello is disabled by an admin, so this value stands still."),
        ("reconnect", "Alice Adams has to reconnect it; until then the value stands still."),
    ],
)
def test_what_is_wrong_stands_on_the_page_and_the_value_stays(
    client: Client, app: Flask, alice: Person, bob: Person, item: Item, trouble: str, sentence: str
) -> None:
    def spoil(source: TrelloSource) -> None:
        match trouble:
            case "failed":
                source.board.failure = "Trello could not be reached."
            case "frozen":
                source.frozen_reason = "The list “Done” was deleted."
            case "disabled":
                switch("trello", False, alice)
            case _:
                source.board.connection.reconnect_reason = "Revoked."

    change(app, item, spoil)
    client.sign_in(bob)
    page = client.page(item.path)
    assert sentence in said(page)
    assert page.one("[data-sync]")["data-sync"] == "troubled"
    assert page.one("[data-measure]")["data-value"] == "1.000000"
    assert "stands still" in client.page("/okrs?cycle=1").text


def test_all_well_says_when_and_no_match_says_so(
    client: Client, app: Flask, alice: Person, item: Item
) -> None:
    client.sign_in(alice)
    page = client.page(item.path)
    assert relative(said(page)) == "Counted 3 hours ago"
    assert "Cards on Content calendar in Done. 1 card matches, 0 completed." in page.text
    with app.app_context():
        connection = db.session.scalars(select(Connection)).one()
        key_result = make_key_result(make_objective(alice), PERCENT)
        source = make_source(key_result.measure, connection)
        path = f"/key-results/{key_result.id}"
        page = client.page(path)
        assert said(page) == "Not counted yet"
        row = db.session.scalars(select(Board)).one()
        source = db.session.get_one(TrelloSource, source.id)
        apply_snapshot(db.session(), row, [source], snapshot(board()))
        db.session.commit()
    page = client.page(path)
    assert "no cards match" in page.text
    assert page.one("[data-measure]")["data-value"] == "0.000000"


def test_the_name_of_a_private_connection_is_for_those_who_may_know_it(
    client: Client, alice: Person, bob: Person, item: Item
) -> None:
    for person, is_told in ((alice, True), (bob, False)):
        client.sign_in(person)
        assert ("read through Marketing" in client.page(item.path).text) == is_told


def test_who_can_mend_a_connection_is_led_there(
    client: Client, app: Flask, alice: Person, bob: Person, item: Item
) -> None:
    def revoke(source: TrelloSource) -> None:
        source.board.connection.reconnect_reason = "Revoked."

    change(app, item, revoke)
    for person, is_led in ((alice, True), (bob, False)):
        client.sign_in(person)
        links = [link.text for link in client.page(item.path).all("#source-panel a")]
        assert ("Reconnect" in links) == is_led
