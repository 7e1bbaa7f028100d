"""Each way for Trello to fail, over real HTTP: what it means for boards, connection and people."""

import logging
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from fractions import Fraction

import pytest
import requests
import responses
from sqlalchemy import select, update

from app.accounts.models import Person
from app.config import Config
from app.db import db, utcnow
from app.trello import clock, failure_history, outcomes, runs
from app.trello.board_copies import board_copy
from app.trello.boards import open_boards, trello_for
from app.trello.connections import StateTeller, troubled_connections
from app.trello.failures import Held, Limited, TokenRefused, TrelloError
from app.trello.live_rows import live_board
from app.trello.models import Board, Connection, ConnectionFailure, SyncRun
from app.trello.quota import Turns
from app.trello.sync import sync_board
from app.vault import encrypt
from sandbox import RunningSandbox, running_sandbox
from sandbox.credentials import AccessToken
from tests.sandbox.conftest import small_board
from tests.trello.linked import (
    connect_account,
    make_key_result,
    make_objective,
    make_source,
    pointed_at,
    queued_run,
    run_of,
)

BOARDS = 4
JSON = "application/json; charset=utf-8"
LIMIT_OF_TOKEN = '{"error":"API_TOKEN_LIMIT_EXCEEDED","message":"Rate limit exceeded"}'
LIMIT_OF_KEY = '{"error":"API_KEY_LIMIT_EXCEEDED","message":"Rate limit exceeded"}'


def documents() -> list[dict[str, object]]:
    """Boards alike but for their names."""
    return [
        deepcopy(small_board())
        | {"id": f"66f0000000000000000001{n:02}", "shortLink": f"board00{n}", "name": f"Board {n}"}
        for n in range(BOARDS)
    ]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(boards=documents()) as running:
        running.limits.enabled = False
        yield running


@pytest.fixture
def config(config: Config, sandbox: RunningSandbox) -> Config:
    return pointed_at(sandbox, config)


@pytest.fixture
def token(sandbox: RunningSandbox) -> AccessToken:
    return sandbox.store.add_token(sandbox.store.person("ada")["id"])


@pytest.fixture
def connection(
    inside: None, alice: Person, sandbox: RunningSandbox, token: AccessToken
) -> Connection:
    """With an item on each board, all counted a moment ago."""
    connection = connect_account(alice, sandbox, token)
    for document in documents():
        make_source(
            make_key_result(make_objective(alice)).measure, connection, board=str(document["id"])
        )
    for board in boards_of(connection):
        sync(board)
    sandbox.forget_requests()
    return connection


def boards_of(connection: Connection) -> list[Board]:
    return list(
        db.session.scalars(
            select(Board).where(Board.connection_id == connection.id).order_by(Board.id)
        )
    )


def sync(board: Board) -> SyncRun:
    run_id = queued_run(board)
    sync_board(run_id)
    db.session.expire_all()
    return run_of(run_id)


def is_failing(board: Board) -> bool:
    """As a sync sees it before it begins."""
    return live_board(db.session(), board.id).is_failing


def sync_all(connection: Connection) -> list[SyncRun]:
    """As when all were queued before the first of them ran."""
    run_ids = [queued_run(board) for board in boards_of(connection)]
    for run_id in run_ids:
        sync_board(run_id)
    db.session.expire_all()
    return [run_of(run_id) for run_id in run_ids]


def let_all_be_due() -> None:
    db.session.execute(update(Board).values(next_sync_at=utcnow() - timedelta(seconds=1)))
    db.session.commit()


def let_the_limit_pass() -> None:
    db.session.execute(update(Connection).values(limited_until=utcnow()))
    db.session.commit()


def history(connection: Connection) -> list[ConnectionFailure]:
    db.session.expire_all()
    return list(
        db.session.scalars(
            select(ConnectionFailure)
            .where(ConnectionFailure.connection_id == connection.id)
            .order_by(ConnectionFailure.id)
        )
    )


def minutes_to_wait(board: Board) -> float:
    return (board.next_sync_at - utcnow()) / timedelta(minutes=1)


@pytest.mark.both_databases
@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_dead_token_is_used_once_and_never_again(
    connection: Connection, alice: Person, sandbox: RunningSandbox, token: AccessToken, how: str
) -> None:
    if how == "revoked":
        sandbox.store.revoke(token)
    else:
        token.expires_at = "2026-01-01T00:00:00.000Z"
    runs = sync_all(connection)
    assert {run.failure_kind for run in runs} == {"token"}
    assert len(sandbox.requests) == 1
    assert [run.request_count for run in runs] == [1, 0, 0, 0]
    assert "It has to be reconnected" in (connection.reconnect_reason or "")

    let_all_be_due()
    assert clock.tick() == 0
    for ask in (
        lambda: open_boards(connection, fresh=True),
        lambda: trello_for(connection),
    ):
        with pytest.raises(TokenRefused, match="has to be reconnected"):
            ask()
    assert len(sandbox.requests) == 1

    (failure,) = history(connection)
    assert (failure.kind, failure.board_id, failure.times) == ("token", None, 1)
    assert troubled_connections(alice, StateTeller()) == [connection]
    assert all(board.sources[0].measure.value == 3 for board in boards_of(connection))

    fresh = sandbox.store.add_token(token.member_id)
    with db.writing() as session:
        connection.token_encrypted = encrypt(fresh.token)
        connection.token_secret_encrypted = encrypt(fresh.secret)
        outcomes.record_reconnection(session, connection)
    assert history(connection)[0].over_at is not None
    assert {run.status for run in sync_all(connection)} == {"done"}
    assert troubled_connections(alice, StateTeller()) == []


def test_a_form_that_meets_a_dead_token_marks_the_connection_too(
    connection: Connection, sandbox: RunningSandbox, token: AccessToken
) -> None:
    board = boards_of(connection)[0]
    sandbox.store.revoke(token)
    with pytest.raises(TokenRefused):
        open_boards(connection, fresh=True)
    asked = len(sandbox.requests)
    with pytest.raises(TokenRefused):
        board_copy(connection, "f" * 24)
    assert sync(board).failure_kind == "token"
    assert len(sandbox.requests) == asked
    assert [failure.kind for failure in history(connection)] == ["token"]


def test_a_refusal_of_the_old_token_does_not_mark_a_connection_that_has_a_new_one(
    connection: Connection,
) -> None:
    board = boards_of(connection)[0]
    with db.writing() as session:
        outcomes.tell_connection(session, connection, "old", TokenRefused("Revoked."), board)
    assert connection.reconnect_reason is None and history(connection) == []


def test_a_sync_whose_token_was_replaced_meanwhile_is_tried_again_at_once(
    connection: Connection,
) -> None:
    board = boards_of(connection)[0]
    run_id = queued_run(board)
    claim = runs.claim(run_id)
    assert claim is not None
    with db.writing() as session:
        error = TokenRefused("Revoked.")
        outcomes.fail(session, run_id, claim.mark, board, "old", error)
    assert board.failure is None and board.next_sync_at <= utcnow()
    assert run_of(run_id).status == "failed" and history(connection) == []


def test_a_marked_connection_may_still_give_its_token_back(
    connection: Connection, sandbox: RunningSandbox, token: AccessToken
) -> None:
    connection.reconnect_reason = "Revoked."
    db.session.commit()
    trello_for(connection, to_revoke=True).revoke()
    assert token.token not in sandbox.store.tokens


@pytest.mark.both_databases
def test_a_board_that_is_lost_stands_still_and_the_others_go_on(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    lost, *others = boards_of(connection)
    sandbox.store.delete_board(sandbox.store.board(lost.trello_id))
    assert [run.status for run in sync_all(connection)] == ["failed", "done", "done", "done"]
    assert lost.failure is not None and "can no longer read this board" in lost.failure
    assert minutes_to_wait(lost) > 59
    assert connection.reconnect_reason is None
    assert [one.failure for one in others] == [None, None, None]
    (failure,) = history(connection)
    assert (failure.kind, failure.board_id, failure.over_at) == ("board_lost", lost.id, None)


@pytest.mark.both_databases
def test_a_limited_token_rests_as_long_as_told_with_all_its_boards_and_no_other(
    connection: Connection, alice: Person, sandbox: RunningSandbox
) -> None:
    its_token = sandbox.store.add_token(sandbox.store.person("ada")["id"])
    other = connect_account(alice, sandbox, its_token)
    others_board = documents()[0]["id"]
    make_source(make_key_result(make_objective(alice)).measure, other, board=str(others_board))
    sandbox.faults.add(
        status=429, body=LIMIT_OF_TOKEN, content_type=JSON, headers={"Retry-After": "60"}
    )
    runs = sync_all(connection)
    assert [run.failure_kind for run in runs] == ["limited", "held", "held", "held"]
    assert len(sandbox.requests) == 1
    first, *rest = boards_of(connection)
    assert first.failure is not None and "asked us to slow down" in first.failure
    assert [board.failure for board in rest] == [None, None, None]
    for board in (first, *rest):
        assert 0.9 < minutes_to_wait(board) < 1.2
    assert sync_all(other)[0].status == "done"
    with pytest.raises(Held, match="Trello asked us to slow down. Try again in 60 seconds"):
        open_boards(connection, fresh=True)

    let_the_limit_pass()
    assert {run.status for run in sync_all(connection)} == {"done"}
    (failure,) = history(connection)
    assert (failure.kind, failure.board_id) == ("limited", None)
    assert failure.over_at is not None and connection.limited_until is None


def test_a_limited_key_lets_all_connections_rest(
    connection: Connection, alice: Person, sandbox: RunningSandbox
) -> None:
    its_token = sandbox.store.add_token(sandbox.store.person("ada")["id"])
    other = connect_account(alice, sandbox, its_token)
    sandbox.faults.add(status=429, body=LIMIT_OF_KEY, content_type=JSON)
    assert sync(boards_of(connection)[0]).failure_kind == "limited"
    with pytest.raises(Held, match="Try again in 10 seconds"):
        trello_for(other)


def test_a_limit_that_a_form_meets_holds_for_the_syncs_too(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(status=429, body=LIMIT_OF_TOKEN, content_type=JSON)
    with pytest.raises(Limited):
        open_boards(connection, fresh=True)
    assert {run.failure_kind for run in sync_all(connection)} == {"held"}
    assert len(sandbox.requests) == 1


def test_our_own_restraint_is_no_failure(
    connection: Connection, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hold(_turns: Turns, _path: str) -> None:
        raise Held(timedelta(seconds=40))

    monkeypatch.setattr(Turns, "take", hold)
    board = boards_of(connection)[0]
    run = sync(board)
    assert (run.status, run.failure_kind) == ("failed", "held")
    assert (board.failure, board.failure_kind, board.failure_count) == (None, None, 0)
    assert 0.6 < minutes_to_wait(board) < 0.8
    assert history(connection) == [] and sandbox.requests == []


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 504}, {"kind": "drop"}, {"kind": "break"}]
)
def test_trello_that_is_down_is_asked_less_and_less_and_each_hour_at_least(
    connection: Connection, sandbox: RunningSandbox, fault: dict[str, object]
) -> None:
    board = boards_of(connection)[0]
    sandbox.faults.add(**fault, times=None)
    pauses = []
    for _ in range(8):
        assert sync(board).failure_kind == "unavailable"
        pauses.append(minutes_to_wait(board))
    for pause, expected in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60), strict=True):
        assert 0.75 * expected < pause <= expected
    assert board.failure is not None and "could not be reached" in board.failure
    assert board.sources[0].measure.value == 3
    (failure,) = history(connection)
    assert (failure.times, failure.board_id, failure.over_at) == (8, board.id, None)


def test_after_hours_of_silence_it_says_since_when_and_slows_down_until_a_success(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    board = boards_of(connection)[0]
    sandbox.faults.add(status=503, times=None)
    sync(board)
    board.failing_since = utcnow() - timedelta(hours=6)
    db.session.commit()
    sync(board)
    assert board.failure is not None
    assert board.failure.startswith("Trello has not answered since ")
    assert "every four hours" in board.failure
    assert minutes_to_wait(board) > 239

    sandbox.faults.clear()
    assert sync(board).status == "done"  # as by Refresh, which does not wait
    assert (board.failure, board.failing_since, board.failure_count) == (None, None, 0)
    assert 59 < minutes_to_wait(board) <= 60
    assert history(connection)[0].over_at is not None
    sandbox.faults.add(status=503)
    sync(board)
    assert minutes_to_wait(board) <= 1
    assert len(history(connection)) == 2


def test_trello_that_is_slow_is_said_to_be_slow(connection: Connection) -> None:
    board = boards_of(connection)[0]
    with responses.RequestsMock() as mock:
        mock.get(
            f"{trello_for(connection)._api_url}/boards/{board.trello_id}",
            body=requests.ReadTimeout("read timed out"),
        )
        assert sync(board).failure_kind == "unavailable"
    assert board.failure is not None and "did not answer in time" in board.failure


@pytest.mark.parametrize("kind", ["truncate", "empty", "garbage", "html", "shape"])
def test_an_odd_answer_is_kept_out_and_asked_for_again_in_an_hour(
    connection: Connection,
    sandbox: RunningSandbox,
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    board = boards_of(connection)[0]
    sandbox.faults.add(kind=kind)
    assert sync(board).failure_kind == "odd_answer"
    assert board.failure is not None and "nothing was counted" in board.failure
    assert minutes_to_wait(board) > 59
    assert board.sources[0].measure.value == Fraction(3)
    assert "Odd answer from Trello" in caplog.messages
    assert [failure.kind for failure in history(connection)] == ["odd_answer"]


def test_a_key_that_trello_does_not_know_is_the_admins_matter(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    board = boards_of(connection)[0]
    sandbox.faults.add(status=401, body="invalid key")
    assert sync(board).failure_kind == "key"
    assert board.failure is not None and "An admin has to check them" in board.failure
    assert connection.reconnect_reason is None
    (failure,) = history(connection)
    assert failure.board_id is None
    assert sync(board).status == "done"
    assert history(connection)[0].over_at is not None


def test_what_concerns_all_boards_is_over_as_soon_as_any_of_them_is_read(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    """The others never failed themselves: only the connection tells that something is not over."""
    met_it, other, *_rest = boards_of(connection)
    sandbox.faults.add(status=401, body="invalid key")
    sync(met_it)
    assert is_failing(other) and other.failure is None
    assert sync(other).status == "done"
    assert history(connection)[0].over_at is not None
    assert not is_failing(other)


def test_the_failure_of_a_board_is_no_other_boards_matter(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    failing, other, *_rest = boards_of(connection)
    sandbox.faults.add(status=503)
    sync(failing)
    assert is_failing(failing) and not is_failing(other)
    assert sync(other).status == "done"
    assert history(connection)[0].over_at is None
    assert sync(failing).status == "done"
    assert history(connection)[0].over_at is not None
    assert not is_failing(failing)


def test_another_trouble_begins_where_the_one_before_ends(
    connection: Connection, sandbox: RunningSandbox
) -> None:
    board = boards_of(connection)[0]
    for fault in ({"status": 503}, {"status": 503}, {"kind": "html"}, {"status": 503}):
        sandbox.faults.add(**fault)
        sync(board)
    found = [(one.kind, one.times, one.over_at is None) for one in history(connection)]
    assert found == [
        ("unavailable", 2, False),
        ("odd_answer", 1, False),
        ("unavailable", 1, True),
    ]


def test_what_is_long_over_is_forgotten(connection: Connection, sandbox: RunningSandbox) -> None:
    first, second, *_ = boards_of(connection)
    sandbox.faults.add(status=503, times=2)
    sync(first)
    sync(second)
    old = history(connection)[0]
    old.first_at = old.last_at = utcnow() - timedelta(days=91)
    db.session.commit()
    with db.writing() as session:
        failure_history.forget_old(session)
    assert [one.board_id for one in history(connection)] == [second.id]


FAULTS: list[dict[str, object]] = [
    {"status": 401, "body": "unauthorized permission requested"},
    {"status": 401, "body": "invalid key"},
    {"status": 403, "body": "no"},
    {"status": 404, "body": "model not found"},
    {"status": 503},
    {"kind": "drop", "times": 2},
    {"kind": "break"},
    {"kind": "truncate"},
    {"kind": "empty"},
    {"kind": "garbage"},
    {"kind": "html"},
    {"kind": "shape"},
    {"status": 429, "body": LIMIT_OF_TOKEN},
]


def test_no_failure_writes_a_secret_or_an_address_to_the_log(
    connection: Connection,
    sandbox: RunningSandbox,
    token: AccessToken,
    caplog: pytest.LogCaptureFixture,
) -> None:
    board = boards_of(connection)[0]
    quoting = {"status": 418, "body": f"no such token as {token.token}"}
    dead = {"status": 401, "body": "invalid token"}
    with caplog.at_level(logging.DEBUG):
        for fault in (*FAULTS, quoting, dead):
            sandbox.faults.add(**fault)
            assert sync(board).status == "failed"
            let_the_limit_pass()
        for kind in ("drop", "status"):
            sandbox.faults.add(kind=kind, method="DELETE")
            with pytest.raises(TrelloError):
                trello_for(connection, to_revoke=True).revoke()
    written = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    written += " ".join(failure.sentence for failure in history(connection))
    assert len(caplog.records) >= len(FAULTS)
    for secret in (token.token, token.secret, sandbox.api_key, sandbox.api_secret):
        assert secret not in written
    assert "oauth_" not in written and "/boards/" not in written and "fields=" not in written
