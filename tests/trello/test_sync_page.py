"""Admin, Sync: is the work done, how does each board fare, what did each run cost; trying again."""

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.beats import beat
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.trello import sync_page, sync_page_views
from app.trello.models import (
    ABANDONED,
    DONE,
    FAILED,
    HOURLY,
    QUEUED,
    REFRESH,
    RETRY,
    RUNNING,
    WEBHOOK,
    Board,
    Connection,
    SyncRun,
    Webhook,
)
from app.trello.sync import sync_board
from app.trello.sync_page import lasting
from tests.support.client import Client
from tests.support.html import Page
from tests.support.moments import relative
from tests.support.sql import count_statements
from tests.trello.linked import make_connection, make_key_result, make_objective, make_source

PAGE = "/admin/sync"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def noticed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """A queue that only remembers: which run it was told of, and whether that came first."""
    told: list[tuple[int, bool]] = []

    def enqueue(job: object, row_id: int, *, first: bool = False) -> bool:
        assert job is sync_board
        told.append((row_id, first))
        return True

    monkeypatch.setattr(sync_page_views, "enqueue", enqueue)
    monkeypatch.setattr(sync_page, "queue_lengths", lambda: {"now": 2, "hourly": 5})
    return told


@pytest.fixture
def board(app: Flask, bob: Person, alice: Person) -> int:
    """A board of a connection of Bob's on which one item counts."""
    with app.app_context():
        connection = make_connection(bob)
        source = make_source(make_key_result(make_objective(bob)).measure, connection)
        return source.board_id


@pytest.fixture
def admin(client: Client, alice: Person, noticed: object) -> Iterator[Client]:
    client.sign_in(alice)
    yield client


def add_board(connection_id: int, owner: Person, number: int = 2, **values: object) -> int:
    connection = db.session.get_one(Connection, connection_id)
    measure = make_key_result(make_objective(owner)).measure
    board = make_source(measure, connection, board=f"{number:024x}").board
    for name, value in values.items():
        setattr(board, name, value)
    db.session.commit()
    return board.id


def change(app: Flask, board_id: int, **values: object) -> None:
    with app.app_context():
        board = db.session.get_one(Board, board_id)
        for name, value in values.items():
            setattr(board, name, value)
        db.session.commit()


def add_run(board_id: int, status: str = DONE, **values: object) -> int:
    run = SyncRun(**{"board_id": board_id, "status": status, "trigger": HOURLY} | values)
    db.session.add(run)
    db.session.commit()
    return run.id


def facts(page: Page) -> dict[str, str]:
    parts = page.all("#work .facts div")
    return {part.one("dt").text: part.one("dd").text for part in parts}


def cells(page: Page, row: str) -> dict[str, str]:
    return {cell["data-label"]: cell.text for cell in page.one(row).all("td[data-label]")}


def runs_of(board_id: int) -> list[SyncRun]:
    db.session.expire_all()
    return list(db.session.scalars(select(SyncRun).where(SyncRun.board_id == board_id)))


def test_only_admins_see_it_or_try_again(client: Client, bob: Person, board: int) -> None:
    paths = ((PAGE, "GET"), (f"{PAGE}/retry", "POST"))
    for path, method in (*paths, (f"{PAGE}/boards/{board}/retry", "POST")):
        client.sign_out()
        answer = client.send(method, path, data={"csrf_token": client.token()})
        assert answer.headers["Location"].startswith("/login")
        client.sign_in(bob)
        answer = client.send(method, path, data={"csrf_token": client.token()})
        assert answer.status_code == 403, path
    assert runs_of(board) == []
    assert not client.page("/").named("Sync")


def test_it_is_in_the_admin_navigation(admin: Client) -> None:
    assert admin.page("/").link("Sync") == PAGE


def test_empty_it_teaches_the_next_step(admin: Client) -> None:
    page = admin.page(PAGE)
    assert "No board is counted on yet." in page.text
    assert "No board has been synced yet." in page.text
    assert "No run failed." in admin.page(f"{PAGE}?show=failed").text
    assert "Trello is disabled, so nothing is synced." in page.text
    assert facts(page)["Next sync"] == "Paused"


def test_without_worker_or_queue_it_says_so(
    admin: Client, board: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_page, "queue_lengths", lambda: None)
    page = admin.page(PAGE)
    said = [note.text for note in page.all("#work .note")]
    assert said[0].startswith("No worker is running, so nothing is counted.")
    assert said[1].startswith("The server for jobs (Redis) can't be reached.")
    assert facts(page)["Workers"] == "None"
    assert facts(page)["Queue"] == "Out of reach"


def test_the_work_in_figures(admin: Client, app: Flask, board: int, bob: Person) -> None:
    now = utcnow()
    with app.app_context():
        beat("server-7")
        change(app, board, next_sync_at=now + timedelta(minutes=12, seconds=30))
        connection_id = db.session.get_one(Board, board).connection_id
        add_board(connection_id, bob, next_sync_at=now + timedelta(hours=3))
        add_run(board, finished_at=now - timedelta(minutes=5), request_count=3)
        add_run(board, finished_at=now - timedelta(minutes=59), request_count=1200)
        add_run(board, finished_at=now - timedelta(minutes=61), request_count=50)
        for key, trello_id in (("a", "hook"), ("b", None)):
            hook = Webhook(board_id=board, key=key, callback_url="", trello_id=trello_id)
            db.session.add(hook)
            board += 1
        db.session.commit()
    page = admin.page(PAGE)
    told = facts(page)
    assert relative(told.pop("Next sync")) == "in 12 minutes"
    assert told == {
        "Workers": "1",
        "Runs": "None waiting",
        "Queue": "2 urgent, 5 hourly",
        "Due within the hour": "1 board",
        "Requests of syncs, last hour": "1,203",
        "Webhooks": "Off: set PUBLIC_URL",
    }
    assert "server-7" in page.one("#work ul").text
    assert "hx-get" not in page.one("#work")


def test_webhooks_are_counted_where_they_are_possible(
    admin: Client, app: Flask, board: int
) -> None:
    app.extensions["tally_config"] = dataclasses.replace(
        app.extensions["tally_config"], public_url="https://tally.example.com"
    )
    with app.app_context():
        db.session.add(Webhook(board_id=board, key="a", callback_url="", trello_id="hook"))
        db.session.commit()
    assert facts(admin.page(PAGE))["Webhooks"] == "1"


def test_a_deleted_item_is_nothing_to_sync(
    admin: Client, app: Flask, bob: Person, board: int
) -> None:
    with app.app_context():
        item = db.session.get_one(Board, board).sources[0].measure.item
        item.deleted_at = utcnow()
        db.session.commit()
    page = admin.page(PAGE)
    assert facts(page)["Next sync"] == "Nothing to sync"
    assert facts(page)["Due within the hour"] == "0 boards"
    assert not page.all("#boards")


def test_while_runs_are_under_way_the_page_asks_again(
    admin: Client, app: Flask, board: int
) -> None:
    with app.app_context():
        run_id = add_run(board, RUNNING, started_at=utcnow(), request_count=4)
    page = admin.page(PAGE)
    assert facts(page)["Runs"] == "1 running, 0 waiting"
    assert facts(page)["Requests of syncs, last hour"] == "4"
    work = page.one("#syncs")
    assert (work["hx-get"].rstrip("?"), work["hx-select"]) == (PAGE, "#syncs")
    assert work["hx-trigger"] == "every 2s"
    with app.app_context():
        run = db.session.get_one(SyncRun, run_id)
        run.status, run.finished_at = DONE, utcnow()
        db.session.commit()
    assert "hx-get" not in admin.page(work["hx-get"]).one("#syncs")


def test_boards_in_trouble_come_first_and_say_why(
    admin: Client, app: Flask, bob: Person, board: int
) -> None:
    with app.app_context():
        change(app, board, last_synced_at=utcnow() - timedelta(minutes=20), name="Calm")
        connection_id = db.session.get_one(Board, board).connection_id
        failing = add_board(connection_id, bob, failure="Trello is down.", name="Zebra")
        waiting = add_board(connection_id, bob, 3, name="Queued up")
        source = db.session.get_one(Board, waiting).sources[0]
        source.frozen_reason = "The list is gone."
        add_run(waiting, QUEUED)
    page = admin.page(PAGE)
    assert [row["id"] for row in page.all("#boards tbody tr")] == [
        f"board-{failing}",
        f"board-{board}",
        f"board-{waiting}",
    ]
    assert cells(page, f"#board-{failing}")["State"] == "Failed Trello is down. What failed"
    assert page.link("What failed") == f"/connections/{connection_id}/failures"
    assert cells(page, f"#board-{failing}")["Last sync"] == "None yet"
    calm = cells(page, f"#board-{board}")
    assert relative(calm["Last sync"]) == "20 minutes ago"
    assert (calm["State"], calm["Items"]) == ("Working", "1")
    held = cells(page, f"#board-{waiting}")
    assert (held["State"], held["Items"]) == ("Waiting", "1 1 to choose again")
    assert page.one(f"#board-{board} th").text == "Calm Marketing"
    assert len(page.named("Retry")) == 1


def test_a_board_counted_on_the_copy_of_a_form_says_so(
    admin: Client, app: Flask, bob: Person, board: int
) -> None:
    with app.app_context():
        counted = db.session.get_one(Board, board)
        counted.sources[0].counted_at = utcnow()
        fresh = add_board(counted.connection_id, bob)
    page = admin.page(PAGE)
    told = cells(page, f"#board-{board}")
    assert told["Last sync"] == "None yet Counted when it was linked"
    assert told["State"] == "Working"
    told = cells(page, f"#board-{fresh}")
    assert (told["Last sync"], told["State"]) == ("None yet", "Not counted yet")


def test_retry_asks_for_a_run_at_once(
    admin: Client, app: Flask, alice: Person, board: int, noticed: list[tuple[int, bool]]
) -> None:
    change(app, board, failure="Trello is down.", failure_kind="unavailable")
    page = admin.follow(admin.submit(admin.page(PAGE), "Retry"))
    assert page.flashes == ["Content calendar is tried again."]
    (run,) = runs_of(board)
    assert (run.status, run.trigger, run.asked_by_id) == (QUEUED, RETRY, alice.id)
    assert noticed == [(run.id, True)]
    assert cells(page, f"#board-{board}")["State"] == "Waiting Trello is down. What failed"
    assert cells(page, f"#run-{run.id}")["Why"] == "Retry by Alice Adams"
    assert admin.post(f"{PAGE}/boards/{board}/retry").status_code == 303
    assert len(runs_of(board)) == 1


def test_retry_is_a_post_with_a_token_to_a_board_that_is_there(admin: Client, board: int) -> None:
    path = f"{PAGE}/boards/{board}/retry"
    assert admin.get(path).status_code == 405
    assert admin.send("POST", path).status_code == 400
    for missing in (999, 2**63):
        assert admin.post(f"{PAGE}/boards/{missing}/retry").status_code == 404
    assert runs_of(board) == []


def test_a_board_on_which_nothing_counts_is_not_tried_again(
    admin: Client, app: Flask, board: int, noticed: list[tuple[int, bool]]
) -> None:
    change(app, board, failure="Trello is down.", failure_kind="unavailable")
    page = admin.page(PAGE)
    with app.app_context():
        db.session.get_one(Board, board).sources[0].ended_at = utcnow()
        db.session.commit()
    page = admin.follow(admin.submit(page, "Retry"))
    assert page.flashes == ["Content calendar was not tried again. Nothing counts on it any more."]
    assert runs_of(board) == [] and noticed == []


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("disabled", "The Trello integration is disabled."),
        ("reconnect", "Revoked."),
        ("limited", "Trello asked us to wait."),
    ],
)
def test_where_trello_must_not_be_asked_retry_says_why(
    admin: Client,
    app: Flask,
    alice: Person,
    board: int,
    noticed: list[tuple[int, bool]],
    trouble: str,
    sentence: str,
) -> None:
    change(app, board, failure="No.", next_sync_at=utcnow() + timedelta(minutes=9))
    if trouble == "limited":
        change(app, board, failure_kind="limited")
    with app.app_context():
        if trouble == "reconnect":
            db.session.get_one(Board, board).connection.reconnect_reason = "Revoked."
        switch("trello", trouble != "disabled", alice)
        db.session.commit()
    page = admin.follow(admin.post(f"{PAGE}/boards/{board}/retry"))
    (said,) = page.flashes
    assert said.startswith("Content calendar was not tried again.") and sentence in said
    page = admin.follow(admin.post(f"{PAGE}/retry"))
    assert page.flashes == [
        "No board is tried again. 1 board is left alone: see what is said there."
    ]
    assert runs_of(board) == [] and noticed == []
    # A button that could do nothing is not offered.
    assert bool(page.named("Retry")) == (trouble == "limited")


def test_retry_all_asks_for_every_board_that_failed_and_may_be_asked(
    admin: Client, app: Flask, bob: Person, board: int, noticed: list[tuple[int, bool]]
) -> None:
    with app.app_context():
        first = db.session.get_one(Board, board)
        ids = [
            add_board(first.connection_id, bob, number, failure="Trello is down.")
            for number in (2, 3)
        ]
        other = make_connection(bob, name="Other", reconnect_reason="Revoked.")
        add_board(other.id, bob, 4, failure="Revoked.")
    page = admin.follow(admin.submit(admin.page(PAGE), "Retry all that failed"))
    assert page.flashes == [
        "2 boards are tried again. 1 board is left alone: see what is said there."
    ]
    asked = [run for one in ids for run in runs_of(one)]
    assert [run.trigger for run in asked] == [RETRY, RETRY]
    assert noticed == [(run.id, False) for run in asked]
    assert runs_of(board) == []
    with app.app_context():
        for row in db.session.scalars(select(Board)):
            row.failure = None
        db.session.commit()
    assert not admin.page(PAGE).named("Retry all that failed")
    page = admin.follow(admin.post(f"{PAGE}/retry"))
    assert page.flashes == ["No board failed last time."]


def test_a_run_in_words_and_figures(admin: Client, app: Flask, bob: Person, board: int) -> None:
    start = datetime.fromisoformat("2026-03-04T10:00:00+00:00")
    values = {
        "queued_at": start,
        "started_at": start + timedelta(seconds=0.25),
        "finished_at": start + timedelta(seconds=3.4),
        "request_count": 2,
        "source_count": 9,
        "changed_count": 1,
    }
    with app.app_context():
        done = add_run(board, trigger=REFRESH, asked_by_id=bob.id, **values)
        failed = add_run(board, FAILED, trigger=WEBHOOK, failure="Trello is down.", **values)
        given_up = add_run(board, ABANDONED, failure="The worker stopped.", queued_at=start)
    page = admin.page(PAGE)
    assert cells(page, f"#run-{done}") == {
        "Asked for": "4 Mar 2026, 10:00",
        "Why": "Refresh by Bob Brown",
        "Waited": "0.2 s",
        "Took": "3.1 s",
        "Requests": "2",
        "Changed": "1 of 9",
        "Outcome": "Done",
    }
    assert cells(page, f"#run-{failed}")["Outcome"] == "Failed Trello is down."
    assert cells(page, f"#run-{failed}")["Why"] == "Webhook"
    ended = cells(page, f"#run-{given_up}")
    assert ended["Outcome"] == "Given up The worker stopped."
    assert (ended["Why"], ended["Waited"], ended["Took"]) == ("Hourly", "", "")


@pytest.mark.parametrize("kind", ["held", "paused"])
def test_what_was_put_off_has_not_failed(admin: Client, app: Flask, board: int, kind: str) -> None:
    with app.app_context():
        run_id = add_run(board, FAILED, failure_kind=kind, failure="Later.")
    assert cells(admin.page(PAGE), f"#run-{run_id}")["Outcome"] == "Put off Later."
    assert "No run failed." in admin.page(f"{PAGE}?show=failed").text


def test_runs_are_filtered_and_paged(admin: Client, app: Flask, board: int) -> None:
    with app.app_context():
        kinds = [DONE, FAILED, DONE, ABANDONED]
        ids = [add_run(board, kinds[number % 4]) for number in range(120)]
    ids.reverse()

    def shown(page: Page) -> list[str]:
        return [row["id"] for row in page.all("#runs tbody tr")]

    first = admin.page(PAGE)
    assert shown(first) == [f"run-{one}" for one in ids[:50]]
    assert not first.named("Newest")
    second = admin.page(first.link("Older").partition("#")[0])
    assert shown(second) == [f"run-{one}" for one in ids[50:100]]
    third = admin.page(second.link("Older").partition("#")[0])
    assert shown(third) == [f"run-{one}" for one in ids[100:]]
    assert not third.named("Older")
    assert third.link("Newest").startswith(PAGE)

    failed = admin.page(first.link("Failed").partition("#")[0])
    assert shown(failed) == [f"run-{one}" for one in ids[:100:2]]
    rest = admin.page(failed.link("Older").partition("#")[0])
    assert shown(rest) == [f"run-{one}" for one in ids[100::2]]
    assert rest.one("a[aria-current=true].chip").text == "Failed"


@pytest.mark.parametrize("before", ["x", "", "-1", "0", str(2**70)])
def test_an_odd_address_does_no_harm(admin: Client, app: Flask, board: int, before: str) -> None:
    with app.app_context():
        add_run(board)
    assert admin.page(f"{PAGE}?before={before}&show=<b>").h1 == "Sync"


def test_hostile_names_are_only_text(admin: Client, app: Flask, board: int, bob: Person) -> None:
    change(app, board, name=HOSTILE, failure=HOSTILE)
    with app.app_context():
        db.session.get_one(Board, board).connection.name = HOSTILE
        add_run(board, FAILED, failure=HOSTILE)
    page = admin.page(PAGE)
    assert HOSTILE not in page.html
    assert page.one(f"#board-{board} th").text == f"{HOSTILE} {HOSTILE}"
    page = admin.follow(admin.submit(page, "Retry"))
    assert page.flashes == [f"{HOSTILE} is tried again."]


@pytest.mark.both_databases
def test_the_number_of_statements_does_not_grow(
    admin: Client, app: Flask, bob: Person, board: int
) -> None:
    def statements() -> int:
        with count_statements() as counted:
            admin.page(PAGE)
        return len(counted)

    with app.app_context():
        add_run(board, asked_by_id=bob.id)
    few = statements()
    with app.app_context():
        for number in range(2, 12):
            connection = make_connection(bob, name=f"Connection {number}")
            one = add_board(connection.id, bob, number, failure="Trello is down.")
            for _ in range(4):
                add_run(one, FAILED, asked_by_id=bob.id)
    assert statements() == few <= 14


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (11.6, "12 s"), (150, "2 min"), (9000, "2 h"), (-3, "0.0 s")],
)
def test_how_long_something_lasted(seconds: float, said: str) -> None:
    now = utcnow()
    assert lasting(now, now + timedelta(seconds=seconds)) == said
    assert lasting(None, now) == lasting(now, None) == ""
