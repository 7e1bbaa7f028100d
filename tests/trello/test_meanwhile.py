"""What happens while Trello is being waited for: forms, syncs and admins at the same moment."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeVar

import pytest
import responses
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.okrs.models import KeyResult
from app.trello import clock, runs
from app.trello.board_copies import keep_copy
from app.trello.counting import Criteria
from app.trello.linking import NOT_SHOWN, NOT_YOURS, NOW_LOCKED
from app.trello.models import (
    PRIVATE,
    REFRESH,
    AllowedBoard,
    Board,
    BoardCopy,
    Connection,
    SyncRun,
    TrelloSource,
)
from app.trello.sources import NOT_ALLOWED, freeze_disallowed
from app.trello.sync import sync_board
from tests.okrs.items import given_readings
from tests.support.client import Client
from tests.support.html import Page
from tests.trello.boards import BOARD, board, card, snapshot
from tests.trello.linked import (
    make_connection,
    make_key_result,
    make_objective,
    make_source,
    queued_run,
    run_of,
)

API = "https://api.trello.com/1"
ADDRESS = f"{API}/boards/{BOARD}"
Result = TypeVar("Result")
pytestmark = pytest.mark.both_databases


@dataclass
class Trello:
    """A board that can be changed, and something to happen before the next answer."""

    cards: list[dict[str, Any]] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None

    def answer(self, _request: object) -> tuple[int, dict[str, str], str]:
        told = json.dumps(board(self.cards))
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        return 200, {"Content-Type": "application/json"}, told


@pytest.fixture
def trello() -> Iterator[Trello]:
    trello = Trello([card("done"), card("todo")])
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        name = {"id": BOARD, "name": "Content calendar", "closed": False, "url": "https://x"}
        mock.get(f"{API}/members/me/boards", json=[name])
        mock.add_callback(responses.GET, ADDRESS, trello.answer, content_type=None)
        yield trello


@dataclass(frozen=True)
class Linked:
    """The ids of a key result that counts the list "Done"."""

    app: Flask
    key_result: int
    source: int
    board: int
    connection: int

    def sync(self) -> str:
        """A whole sync, as a worker in another process would run it; how it ended."""

        def run() -> str:
            run_id = queued_run(db.session.get_one(Board, self.board))
            sync_board(run_id)
            return run_of(run_id).status

        return elsewhere(self.app, run)

    def now(self) -> TrelloSource:
        db.session.remove()
        return db.session.get_one(TrelloSource, self.source)


@pytest.fixture
def linked(app: Flask, alice: Person) -> Linked:
    with app.app_context():
        connection = make_connection(alice, sharing="everyone")
        key_result = make_key_result(make_objective(alice))
        source = make_source(key_result.measure, connection, Criteria(list_ids=("done",)))
        return Linked(app, key_result.id, source.id, source.board_id, connection.id)


def elsewhere(app: Flask, work: Callable[[], Result]) -> Result:
    """Do it in a thread with a session of its own, to the end."""
    results: list[Result] = []

    def run() -> None:
        with app.app_context():
            results.append(work())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return results[0]


def value_on_page(client: Client, linked: Linked) -> str:
    return client.page(f"/key-results/{linked.key_result}").one("[data-measure]")["data-value"]


def test_a_save_that_waited_while_a_sync_ended_counts_by_the_new_criteria(
    client: Client, alice: Person, linked: Linked, trello: Trello
) -> None:
    assert linked.sync() == "done"
    client.sign_in(alice)
    page = client.page(f"/key-results/{linked.key_result}/edit")
    age_copies()
    trello.cards.append(card("done"))
    trello.meanwhile = linked.sync
    saved = client.submit(page, "Save", {"trello_list": ["", "todo"]})
    assert saved.status_code == 303
    assert value_on_page(client, linked) == "1.000000"
    assert linked.sync() == "done"
    assert value_on_page(client, linked) == "1.000000"


def test_a_board_taken_away_during_the_fetch_is_not_counted(linked: Linked, trello: Trello) -> None:
    assert linked.sync() == "done"

    def narrow() -> None:
        connection = db.session.get_one(Connection, linked.connection)
        connection.shows_all_boards = False
        freeze_disallowed(connection)
        db.session.commit()

    trello.cards.append(card("done"))
    trello.meanwhile = lambda: elsewhere(linked.app, narrow)
    assert linked.sync() == "failed"
    source = linked.now()
    assert source.measure.value == 1 and source.frozen_reason is not None


@pytest.fixture
def make_private(linked: Linked) -> Callable[[], None]:
    """What the connection's owner does meanwhile: nobody else may use it any more."""

    def save() -> None:
        db.session.get_one(Connection, linked.connection).sharing = PRIVATE
        db.session.commit()

    return lambda: elsewhere(linked.app, save)


@pytest.fixture
def narrow(linked: Linked) -> Callable[[], None]:
    """What the connection's owner does meanwhile: it shows another board alone."""

    def save() -> None:
        connection = db.session.get_one(Connection, linked.connection)
        connection.shows_all_boards = False
        connection.allowed_boards = [AllowedBoard(trello_id="f" * 24, name="Other")]
        freeze_disallowed(connection)
        db.session.commit()

    return lambda: elsewhere(linked.app, save)


def new_key_result(client: Client, app: Flask, owner: Person) -> tuple[Page, dict[str, Any]]:
    """The form of one that is to count the list "Done", and what is typed into it; the copy of
    the board that it counts on is too old by now."""
    with app.app_context():
        path = f"/objectives/{make_objective(owner).id}/key-results/new"
    client.sign_in(owner)
    page = client.page(path)
    page = client.see(client.submit(page, "Connect data source to auto-update progress"))
    page = client.see(client.submit(page, "Trello"))
    page = client.see(client.submit(page, "Show its boards", {"trello_board": BOARD}))
    age_copies()
    return page, {"title": "Write posts", "target": "20", "trello_list": ["", "done"]}


def age_copies() -> None:
    """The next save has to ask Trello."""
    old = update(BoardCopy).values(fetched_at=utcnow() - timedelta(minutes=2))
    db.session.execute(old)
    db.session.commit()


def links_of(person: Person) -> list[int]:
    db.session.remove()
    linked_by = TrelloSource.linked_by_id == person.id
    return list(db.session.scalars(select(TrelloSource.id).where(linked_by)))


def test_a_connection_that_is_no_longer_shared_is_not_linked_to(
    client: Client, bob: Person, linked: Linked, trello: Trello, make_private: Callable[[], None]
) -> None:
    page, typed = new_key_result(client, linked.app, bob)
    trello.meanwhile = make_private
    page = client.see(client.submit(page, "Save", typed), 422)
    assert NOT_YOURS in page.text and page.field("Title").value == "Write posts"
    assert not page.named("Connection") and trello.meanwhile is None
    assert links_of(bob) == []
    assert len(db.session.scalars(select(KeyResult)).all()) == 1


def test_a_connection_that_is_just_being_taken_away_is_waited_for(
    request: pytest.FixtureRequest, client: Client, bob: Person, linked: Linked, trello: Trello
) -> None:
    """Trello answers at once here: whoever saves first, the other one is told."""
    page, typed = new_key_result(client, linked.app, bob)
    db.session.execute(update(BoardCopy).values(fetched_at=utcnow()))
    db.session.commit()
    if "sqlite" in request.node.callspec.id:
        owners = Session(db.engine, execution_options={"sqlite_write": True})
    else:
        owners = Session(db.engine)
    owners.execute(update(Connection).values(sharing=PRIVATE))
    threading.Timer(0.5, lambda: (owners.commit(), owners.close())).start()
    page = client.see(client.submit(page, "Save", typed), 422)
    assert NOT_YOURS in page.text
    assert links_of(bob) == []


def test_a_board_that_is_no_longer_shown_is_not_linked_to(
    client: Client, bob: Person, linked: Linked, trello: Trello, narrow: Callable[[], None]
) -> None:
    page, typed = new_key_result(client, linked.app, bob)
    trello.meanwhile = narrow
    page = client.see(client.submit(page, "Save", typed), 422)
    assert page.error("Board") == NOT_SHOWN and page.field("Title").value == "Write posts"
    assert BOARD not in page.field("Board").options.values()
    assert links_of(bob) == []


def test_other_criteria_are_not_saved_for_a_connection_that_was_taken_away(
    client: Client, bob: Person, linked: Linked, trello: Trello, make_private: Callable[[], None]
) -> None:
    page, typed = new_key_result(client, linked.app, bob)
    saved = client.follow(client.submit(page, "Save", typed))
    page = client.page(f"{saved.path}/edit")
    before = [len(one.versions) for one in db.session.scalars(select(TrelloSource))]
    age_copies()
    trello.meanwhile = make_private
    changed = {"title": "Write more", "trello_list": ["", "todo"]}
    page = client.see(client.submit(page, "Save", changed), 422)
    assert NOW_LOCKED in page.text and page.field("Title").value == "Write more"
    page = client.follow(client.submit(page, "Save"))
    assert page.h1 == "Write more"
    db.session.remove()
    assert [len(one.versions) for one in db.session.scalars(select(TrelloSource))] == before


def test_an_item_stays_editable_where_its_board_was_just_taken_away(
    client: Client, alice: Person, linked: Linked, trello: Trello, narrow: Callable[[], None]
) -> None:
    assert linked.sync() == "done"
    client.sign_in(alice)
    page = client.page(f"/key-results/{linked.key_result}/edit")
    age_copies()
    trello.cards.append(card("done"))
    trello.meanwhile = narrow
    assert client.submit(page, "Save", {"title": "Renamed"}).status_code == 303
    source = linked.now()
    assert source.measure.item.title == "Renamed"
    assert source.measure.value == 1 and source.frozen_reason == NOT_ALLOWED
    assert len(given_readings()) == 1


def test_disabling_during_the_fetch_stops_it_and_enabling_goes_on_at_once(
    linked: Linked, trello: Trello, alice: Person
) -> None:
    assert linked.sync() == "done"

    def disable() -> None:
        switch("trello", False, db.session.get_one(Person, alice.id))
        db.session.commit()

    trello.cards.append(card("done"))
    trello.meanwhile = lambda: elsewhere(linked.app, disable)
    assert linked.sync() == "failed"
    source = linked.now()
    assert source.measure.value == 1
    assert source.board.failure is None and source.board.next_sync_at <= utcnow()


def test_two_first_copies_of_a_board_do_not_fail_each_other(
    request: pytest.FixtureRequest, linked: Linked, trello: Trello
) -> None:
    with db.writing() as session:  # for a Refresh, since an hourly sync makes no first copy
        runs.ask(session, session.get_one(Board, linked.board), REFRESH)
    if "sqlite" in request.node.callspec.id:
        other = Session(db.engine, execution_options={"sqlite_write": True})
    else:
        other = Session(db.engine)
    older = snapshot(board([]), utcnow() - timedelta(seconds=5))
    keep_copy(other, linked.connection, older)
    threading.Timer(0.3, lambda: (other.commit(), other.close())).start()
    assert linked.sync() == "done"
    assert linked.now().measure.value == 1


def test_who_may_not_use_the_connection_gets_right_figures_after_another_measure(
    client: Client, app: Flask, bob: Person, linked: Linked, trello: Trello
) -> None:
    """The stored criteria ask for completed cards, which would make every percentage 100."""
    trello.cards = [card("done", dueComplete=True), *(card("done") for _ in range(3))]
    with app.app_context():
        connection = db.session.get_one(Connection, linked.connection)
        key_result = make_key_result(make_objective(bob))
        source = make_source(key_result.measure, connection, Criteria(completion="completed"))
        connection.sharing = PRIVATE
        db.session.commit()
        own = Linked(app, key_result.id, source.id, source.board_id, connection.id)
    assert own.sync() == "done" and own.now().measure.value == 1
    client.sign_in(bob)
    page = client.page(f"/key-results/{own.key_result}/edit")
    assert client.submit(page, "Save", {"measure": "percent"}).status_code == 303
    source = own.now()
    assert source.counted_at is None and source.board.next_sync_at <= utcnow()
    assert own.sync() == "done"
    assert own.now().measure.value == 25


def test_endless_refusals_are_asked_about_less_and_less(linked: Linked) -> None:
    pauses = []
    with responses.RequestsMock() as mock:
        mock.get(ADDRESS, status=429, headers={"Retry-After": "1"}, body="{}")
        for _ in range(5):
            assert linked.sync() == "failed"
            pauses.append((linked.now().board.next_sync_at - utcnow()).total_seconds())
            db.session.execute(update(Connection).values(limited_until=utcnow()))
            db.session.commit()
    assert pauses[0] < 4
    assert pauses[1] > 15 and all(later > earlier for earlier, later in pairwise(pauses))


def test_a_limit_holds_for_the_other_boards_of_the_connection(linked: Linked) -> None:
    with linked.app.app_context():
        connection = db.session.get_one(Connection, linked.connection)
        other = Board(connection=connection, trello_id="f" * 24, name="Other")
        db.session.add(other)
        db.session.commit()
        other_id = other.id
    with responses.RequestsMock() as mock:
        mock.get(ADDRESS, status=429, headers={"Retry-After": "60"}, body="{}")
        assert linked.sync() == "failed"
    db.session.remove()
    due = db.session.get_one(Board, other_id).next_sync_at
    assert due - utcnow() > timedelta(seconds=55)


def test_several_clocks_at_once_make_one_run(
    linked: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "enqueue", lambda job, run_id, lane: True)
    monkeypatch.setattr(clock, "count_notices", lambda job, lane: 0)
    barrier = threading.Barrier(4)

    def tick() -> None:
        with linked.app.app_context():
            barrier.wait()
            clock.tick()

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    db.session.remove()
    assert len(db.session.scalars(select(SyncRun)).all()) == 1
