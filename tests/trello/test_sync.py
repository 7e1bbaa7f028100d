"""Syncing a board: values only from whole answers, once, and never from a worker that is late."""

import json
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
import responses
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.integrations import switch
from app.okrs.models import PERCENT, UNTIL_RESUMED, CheckIn, Evidence
from app.okrs.readings import record_check_in
from app.okrs.rollup.settling import settle
from app.trello import runs
from app.trello.board_copies import keep_copy
from app.trello.counting import Criteria
from app.trello.evidence.reading import history
from app.trello.live_rows import LiveBoard
from app.trello.models import REFRESH, Board, BoardCopy, Connection, SyncRun, TrelloSource
from app.trello.rehearsal import rehearse
from app.trello.runs import ask
from app.trello.sources import apply_snapshot, count_on
from app.trello.sync import sync_board, sync_waiting
from tests.support.client import Client
from tests.support.sql import count_statements
from tests.trello.boards import BOARD, board, card, label, snapshot, trello_list
from tests.trello.linked import (
    make_key_result,
    make_objective,
    make_source,
    queued_run,
    readings_of,
    run_of,
)

ADDRESS = f"https://api.trello.com/1/boards/{BOARD}"
pytestmark = pytest.mark.both_databases


def sync(source: TrelloSource) -> SyncRun:
    run_id = queued_run(source.board)
    sync_board(run_id)
    db.session.expire_all()
    return run_of(run_id)


def test_a_sync_counts_every_source_on_the_board_from_one_fetch(
    source: TrelloSource, connection: Connection, alice: Person, trello: responses.RequestsMock
) -> None:
    percent = make_key_result(make_objective(alice), PERCENT)
    make_source(percent.measure, connection)
    trello.get(ADDRESS, json=board([card("done", dueComplete=True), card("done"), card("todo")]))
    run = sync(source)
    assert (run.status, run.request_count, len(trello.calls)) == ("done", 1, 1)
    assert source.measure.value == 2
    assert percent.measure.value == Fraction(100, 3)
    assert source.board.last_synced_at is not None and source.board.failure is None
    assert source.board.next_sync_at - utcnow() > timedelta(minutes=59)


def test_a_point_is_written_only_when_a_figure_changes_and_evidence_when_the_cards_do(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    first, second = card("done", name="Post <1>", idLabels=["blog"]), card("done")
    trello.get(ADDRESS, json=board([first]))
    trello.get(ADDRESS, json=board([first]))
    trello.get(ADDRESS, json=board([second]))
    trello.get(ADDRESS, json=board([first, second]))
    for _ in range(4):
        assert sync(source).status == "done"
    readings = readings_of(source.measure)
    assert [one.value for one in readings] == [1, 2]
    kept = db.session.scalars(select(Evidence).order_by(Evidence.id)).all()
    assert [len(history(source.id, 1, one.id)[0]) for one in kept] == [1, 1, 2]
    assert [one.evidence_id for one in readings] == [kept[0].id, kept[2].id]
    assert history(source.id, 1, kept[0].id)[0][0] == {
        "id": first["id"],
        "name": "Post <1>",
        "list": "Done",
        "labels": ["blog"],
        "owners": [],
        "completed": False,
        "url": first["shortUrl"],
    }


def test_a_change_of_completed_alone_is_a_point_too(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    one = card("done")
    trello.get(ADDRESS, json=board([one]))
    trello.get(ADDRESS, json=board([{**one, "dueComplete": True}]))
    sync(source)
    sync(source)
    assert [(r.value, r.completed_count) for r in readings_of(source.measure)] == [(1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 401, "body": "invalid token"}, "token"),
        ({"status": 401, "body": "unauthorized permission requested"}, "board_lost"),
        ({"status": 404, "body": "The requested resource was not found."}, "board_lost"),
        ({"status": 429, "body": "{}"}, "limited"),
        ({"status": 503, "body": "<html>"}, "unavailable"),
        ({"status": 200, "body": "<html>", "content_type": "text/html"}, "odd_answer"),
        ({"status": 200, "body": "", "content_type": "application/json"}, "odd_answer"),
        ({"json": {}}, "odd_answer"),
        ({"json": {**board(), "closed": True}}, "board_lost"),
        ({"json": board([card("nowhere")])}, "odd_answer"),
    ],
)
def test_a_failure_keeps_the_last_good_value_and_says_what_is_wrong(
    source: TrelloSource, trello: responses.RequestsMock, answer: dict[str, Any], kind: str
) -> None:
    trello.get(ADDRESS, json=board([card("done")]))
    sync(source)
    trello.replace(responses.GET, ADDRESS, **answer)
    run = sync(source)
    assert (run.status, run.failure_kind) == ("failed", kind)
    assert source.measure.value == 1 and len(readings_of(source.measure)) == 1
    assert source.board.failure_kind == kind and source.board.failure == run.failure
    is_marked = source.board.connection.reconnect_reason is not None
    assert is_marked == (kind == "token")


def test_the_next_success_clears_the_failure(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    trello.get(ADDRESS, status=503)
    trello.get(ADDRESS, json=board())
    sync(source)
    assert source.board.failure_count == 1
    assert source.board.next_sync_at - utcnow() <= timedelta(minutes=1)
    assert sync(source).status == "done"
    assert (source.board.failure, source.board.failure_count) == (None, 0)


@pytest.mark.parametrize(
    ("criteria", "change", "said"),
    [
        (Criteria(list_ids=("done",)), {"lists": [trello_list("todo")]}, "the list “Done”"),
        (
            Criteria(list_ids=("done",)),
            {"lists": [trello_list("todo"), trello_list("done", closed=True)]},
            "was archived",
        ),
        (Criteria(label_ids=("blog",)), {"labels": []}, "the label “blog” was deleted"),
        (Criteria(excluded_label_ids=("red",)), {"labels": []}, "the red label was deleted"),
        (Criteria(member_ids=("mina",)), {"members": []}, "Mina Lund is no longer"),
    ],
)
def test_a_criterion_that_is_gone_freezes_the_value_and_never_turns_into_zero(
    connection: Connection,
    alice: Person,
    trello: responses.RequestsMock,
    criteria: Criteria,
    change: dict[str, Any],
    said: str,
) -> None:
    measure = make_key_result(make_objective(alice)).measure
    source = make_source(measure, connection, criteria)
    counted = [card("done", idLabels=["blog"], idMembers=["mina"])]
    trello.get(ADDRESS, json=board(counted))
    trello.get(ADDRESS, json=board([card("todo")], **change))
    trello.get(ADDRESS, json=board(counted))
    sync(source)
    assert (measure.value, source.frozen_reason) == (1, None)
    sync(source)
    assert measure.value == 1 and len(readings_of(measure)) == 1
    assert source.frozen_reason is not None and said.lower() in source.frozen_reason.lower()
    sync(source)
    assert source.frozen_reason is None


def test_a_rename_changes_nothing_but_the_words(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    one = card("done")
    renamed = [trello_list("todo"), trello_list("done", "Finished"), trello_list("old")]
    trello.get(ADDRESS, json=board([one]))
    trello.get(ADDRESS, json=board([one], lists=renamed, name="Calendar", labels=[label("blog")]))
    sync(source)
    sync(source)
    assert len(readings_of(source.measure)) == 1
    shape = source.board.shape
    assert shape is not None and shape["lists"]["done"] == "Finished"
    assert source.board.name == "Calendar"


def test_delivering_a_run_twice_fetches_once(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    trello.get(ADDRESS, json=board([card("done")]))
    run_id = queued_run(source.board)
    sync_board(run_id)
    sync_board(run_id)
    assert len(trello.calls) == 1 and len(readings_of(source.measure)) == 1


def test_two_presses_make_one_run(source: TrelloSource) -> None:
    assert queued_run(source.board) == queued_run(source.board)
    assert db.session.scalar(select(func.count(SyncRun.id))) == 1


def test_a_worker_that_lost_its_claim_writes_nothing_over_the_newer_result(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    """The slow worker's answer is on its way while its run is given up and done by another."""
    late_id = queued_run(source.board)
    newer = board([card("done"), card("done"), card("done")])

    def answer_late(_request: Any) -> tuple[int, dict[str, str], str]:
        with db.writing() as session:
            session.execute(update(SyncRun).values(lease_until=utcnow() - timedelta(seconds=1)))
        with db.writing() as session:
            assert [run.id for run in runs.give_up_silent(session)] == [late_id]
        trello.replace(responses.GET, ADDRESS, json=newer)
        sync_board(queued_run(db.session.get_one(Board, source.board_id)))
        return 200, {"Content-Type": "application/json"}, json.dumps(board([card("done")]))

    trello.add_callback(responses.GET, ADDRESS, answer_late, content_type=None)
    sync_board(late_id)
    db.session.expire_all()
    assert run_of(late_id).status == "abandoned"
    assert source.measure.value == 3
    assert [one.value for one in readings_of(source.measure)] == [3]


def test_an_older_copy_never_replaces_a_newer_count(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    trello.get(ADDRESS, json=board([card("done"), card("done")]))
    sync(source)
    old = snapshot(board([card("done")]), utcnow() - timedelta(minutes=1))
    with db.writing() as session:
        apply_snapshot(session, source.board, [source], old)
    assert source.measure.value == 2


def test_a_disabled_integration_and_a_board_no_longer_shown_are_not_fetched(
    source: TrelloSource, alice: Person, trello: responses.RequestsMock
) -> None:
    switch("trello", False, alice)
    db.session.commit()
    assert sync(source).status == "failed"
    switch("trello", True, alice)
    source.board.connection.shows_all_boards = False
    db.session.commit()
    assert sync(source).failure_kind == "board_lost"
    assert len(trello.calls) == 0


def test_an_item_that_was_deleted_is_left_alone(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    source.measure.item.deleted_at = utcnow()
    db.session.commit()
    trello.get(ADDRESS, json=board([card("done")]))
    assert sync(source).status == "done"
    assert readings_of(source.measure) == []


def test_our_own_mistake_fails_the_run_aloud_and_writes_nothing(
    source: TrelloSource, trello: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.trello.outcomes.record_success", broken)
    trello.get(ADDRESS, json=board([card("done")]))
    run_id = queued_run(source.board)
    with pytest.raises(ZeroDivisionError):
        sync_board(run_id)
    db.session.expire_all()
    assert run_of(run_id).status == "failed"
    assert source.measure.value is None and readings_of(source.measure) == []


def test_a_roll_up_has_its_new_figure_as_soon_as_the_sync_is_over(
    client: Client, source: TrelloSource, alice: Person, trello: responses.RequestsMock
) -> None:
    objective = source.measure.item.objective
    client.sign_in(alice)
    settle()
    shown = client.page(f"/objectives/{objective.id}").one("#standing")["data-live"].split()
    trello.get(ADDRESS, json=board([card("done"), card("done"), card("todo")]))
    sync(source)
    told = client.get(f"/live?measures={objective.measure_id}").json  # settles nothing itself
    assert f"{objective.measure_id}:{told[str(objective.measure_id)]}" not in shown
    assert client.fragment(f"/objectives/{objective.id}/row").one(".pct").text == "10 %"


def test_the_statements_of_a_sync_do_not_grow_with_unchanged_items(
    source: TrelloSource, connection: Connection, alice: Person, trello: responses.RequestsMock
) -> None:
    trello.get(ADDRESS, json=board([card("done")]))
    sync(source)
    with count_statements() as few:
        sync(source)
    objective = make_objective(alice)
    for _ in range(10):
        make_source(make_key_result(objective).measure, connection, Criteria(list_ids=("done",)))
    sync(source)
    with count_statements() as many:
        sync(source)
    assert len(many) <= len(few)


def test_a_board_of_the_hourly_run_takes_few_statements_whatever_counts_on_it(
    connection: Connection, alice: Person, trello: responses.RequestsMock
) -> None:
    """Nine where nothing changed: two to take the run, one for the keys, and six to write what
    came of it; on PostgreSQL two more that lock."""

    def statements_for(board_count: int, source_count: int) -> int:
        rows = []
        for number in range(board_count):
            board_id = f"5f{board_count:011x}{number:011x}"
            address = f"https://api.trello.com/1/boards/{board_id}"
            trello.get(address, json=board([card("done")], id=board_id))
            objective = make_objective(alice)
            for _ in range(source_count):
                measure = make_key_result(objective).measure
                source = make_source(measure, connection, board=board_id)
            rows.append(source.board)
        for _ in range(2):  # everything is counted for the first time once
            run_ids = [queued_run(row) for row in rows]
            with count_statements() as statements:
                sync_waiting(run_ids[0])
        assert {run_of(run_id).status for run_id in run_ids} == {"done"}
        return len(statements)

    locks = 0 if db.engine.dialect.name == "sqlite" else 2
    at_the_end = 2  # finds that no run is left, and nothing to be settled
    assert statements_for(1, source_count=1) <= 9 + locks + at_the_end
    assert statements_for(3, source_count=10) <= 3 * (9 + locks) + at_the_end


def test_a_rehearsal_compiles_and_takes_nothing(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    run_id = queued_run(source.board)
    with count_statements() as statements:
        rehearse()
    assert len(statements) >= 3
    assert run_of(run_id).status == "queued" and len(trello.calls) == 0


def test_one_job_works_off_all_that_waits_and_no_board_stops_the_others(
    connection: Connection,
    alice: Person,
    trello: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first board can't be read, the second meets a mistake of ours."""
    boards = [f"5f{number:022x}" for number in range(3)]
    run_ids = []
    for board_id in boards:
        measure = make_key_result(make_objective(alice)).measure
        run_ids.append(queued_run(make_source(measure, connection, board=board_id).board))
        address = f"https://api.trello.com/1/boards/{board_id}"
        trello.get(address, json=board([card("done")], id=board_id))
    trello.replace(responses.GET, f"https://api.trello.com/1/boards/{boards[0]}", status=503)

    def broken_for_one(session: Session, of: LiveBoard, *rest: Any) -> int:
        if of.trello_id == boards[1]:
            raise ZeroDivisionError
        return count_on(session, of, *rest)

    monkeypatch.setattr("app.trello.sync.count_on", broken_for_one)
    sync_waiting(run_ids[0])
    assert [run_of(run_id).status for run_id in run_ids] == ["failed", "failed", "done"]
    done = run_of(run_ids[2])
    assert (done.request_count, done.source_count, done.changed_count) == (1, 1, 1)


def test_urgent_runs_are_left_to_the_other_lane(
    source: TrelloSource, alice: Person, trello: responses.RequestsMock
) -> None:
    with db.writing() as session:
        run_id = ask(session, source.board, REFRESH, alice).id
    sync_waiting(run_id)
    assert run_of(run_id).status == "queued" and len(trello.calls) == 0


def test_a_change_told_of_during_the_fetch_is_looked_at_again(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    """What a webhook told before the fetch is seen by it; what it tells meanwhile may not be."""

    def tell(_request: Any) -> tuple[int, dict[str, str], str]:
        assert changed_at() is None
        with db.writing() as session:
            session.execute(update(Board).values(changed_at=utcnow()))
        return 200, {"Content-Type": "application/json"}, json.dumps(board([card("done")]))

    def changed_at() -> datetime | None:
        return db.session.scalar(select(Board.changed_at))

    with db.writing() as session:
        session.execute(update(Board).values(changed_at=utcnow()))
    trello.add_callback(responses.GET, ADDRESS, tell, content_type=None)
    assert sync(source).status == "done"
    assert changed_at() is not None


def test_no_copy_is_kept_of_a_board_that_no_form_looks_at(
    source: TrelloSource, trello: responses.RequestsMock
) -> None:
    trello.get(ADDRESS, json=board([card("done")]))
    sync(source)
    assert db.session.scalars(select(BoardCopy.trello_id)).all() == []
    long_ago = utcnow() - timedelta(minutes=5)
    keep_copy(db.session(), source.board.connection_id, snapshot(board(), long_ago))
    db.session.commit()
    sync(source)
    assert db.session.scalars(select(BoardCopy.fetched_at)).one() > long_ago


def test_a_value_given_by_hand_stays_and_what_is_counted_goes_beside_it(
    source: TrelloSource, connection: Connection, alice: Person, trello: responses.RequestsMock
) -> None:
    counted = make_key_result(make_objective(alice))
    make_source(counted.measure, connection, Criteria(list_ids=("done",)))
    first, second = card("done"), card("done")
    for cards in ([first], [first], [first, second], [second]):
        trello.get(ADDRESS, json=board(cards))
    sync(source)
    check_in = CheckIn(measure=source.measure, person_id=alice.id, made_at=utcnow())
    db.session.add(check_in)
    record_check_in(source.measure, check_in, Fraction(7), UNTIL_RESUMED)
    db.session.commit()
    assert sync(source).changed_count == 0  # the same as before
    run_id = queued_run(source.board)
    with count_statements() as statements:
        sync_board(run_id)
    assert run_of(run_id).changed_count == 2
    # One statement for both: "CASE" decides for each.
    assert sum(one.startswith("UPDATE measure SET value=CASE") for one in statements) == 1
    db.session.expire_all()
    measure = source.measure
    assert (measure.value, measure.automatic_value, measure.matching_count) == (7, 2, 2)
    assert counted.measure.value == 2
    assert [(one.value, one.is_beside) for one in readings_of(measure)] == [
        (1, False),
        (7, False),
        (2, True),
    ]
