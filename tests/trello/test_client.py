"""The client against answers that Trello would rarely give: nothing odd gets through."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
import responses

from app.db import utcnow
from app.trello import client as client_module
from app.trello.boards import fetch_board
from app.trello.client import PAGE, TIMEOUT, Credentials, Trello
from app.trello.failures import (
    BoardLost,
    KeyRefused,
    Limited,
    OddAnswer,
    TokenRefused,
    TrelloError,
    Unavailable,
)
from tests.trello.boards import BOARD, board, card, trello_list

API = "https://api.trello.test/1"
ADDRESS = f"{API}/boards/{BOARD}"
CARDS = f"{ADDRESS}/cards/all"
ME = f"{API}/members/me"


@pytest.fixture
def trello() -> Trello:
    return Trello(Credentials("key", "app-secret", "token", "token-secret"), API)


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def test_a_board_is_one_signed_request_for_only_what_is_needed(
    trello: Trello, answers: responses.RequestsMock
) -> None:
    answers.get(ADDRESS, json=board([card(), card("old")]))
    frame, cards = trello.board(BOARD)
    assert (frame.name, len(cards), len(answers.calls)) == ("Content calendar", 2, 1)
    request = answers.calls[0].request
    assert request.headers["Authorization"].startswith("OAuth ")
    assert 'oauth_signature_method="HMAC-SHA1"' in request.headers["Authorization"]
    assert "secret" not in str(request.url) + str(request.headers)
    sent: Any = request
    assert sent.params["lists"] == "all" and sent.params["labels_limit"] == "1000"
    assert "desc" not in sent.params["card_fields"]
    assert sent.req_kwargs["timeout"] == TIMEOUT


def test_a_token_is_part_of_an_address_whatever_is_in_it(
    answers: responses.RequestsMock,
) -> None:
    trello = Trello(Credentials("key", "app-secret", "a/b c", "token-secret"), API)
    answers.delete(f"{API}/tokens/a/b%20c", json={})
    trello.revoke()


def test_a_cookie_is_not_sent_back_nor_a_redirect_followed(
    trello: Trello, answers: responses.RequestsMock
) -> None:
    away = {"Set-Cookie": "session=1; Path=/", "Location": f"{API}/elsewhere"}
    answers.get(ADDRESS, status=302, headers=away)
    answers.get(ADDRESS, json=board([card()]))
    with pytest.raises(OddAnswer):
        trello.board(BOARD)
    trello.board(BOARD)
    assert "Cookie" not in answers.calls[1].request.headers


@pytest.mark.parametrize("extra", [0, 1, 700])
def test_from_a_thousand_cards_on_all_are_paged_until_a_page_is_empty(
    trello: Trello, answers: responses.RequestsMock, extra: int
) -> None:
    every = [card() for _ in range(PAGE + extra)]
    answers.get(ADDRESS, json=board(every[:PAGE]))

    def page(request: Any) -> tuple[int, dict[str, str], str]:
        before = request.params.get("before", "f" * 24)
        older = sorted((one for one in every if one["id"] < before), key=_id, reverse=True)
        return 200, {}, json.dumps(older[: int(request.params["limit"])])

    answers.add_callback(responses.GET, CARDS, page, content_type="application/json")
    _, cards = trello.board(BOARD)
    assert {one.id for one in cards} == {one["id"] for one in every}
    assert len(cards) == len(every)
    assert len(answers.calls) == (3 if extra == 0 else 4)


def test_a_board_too_full_for_one_answer_is_read_in_pages(
    trello: Trello, answers: responses.RequestsMock
) -> None:
    answers.get(ADDRESS, status=403, body='{"error":"API_TOO_MANY_CARDS_REQUESTED"}')
    answers.get(ADDRESS, json={**board(), "cards": None})
    answers.get(CARDS, json=[card()])
    answers.get(CARDS, json=[])
    _, cards = trello.board(BOARD)
    assert len(cards) == 1


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, "invalid token", TokenRefused),
        (401, "expired token", TokenRefused),
        (400, "invalid token", TokenRefused),
        (401, "invalid key", KeyRefused),
        (401, "invalid app key", KeyRefused),
        (401, "unauthorized permission requested", BoardLost),
        (404, "The requested resource was not found.", BoardLost),
        (404, "board not found", BoardLost),
        (400, "invalid id", BoardLost),
        (400, '{"message":"invalid id","error":"BAD_REQUEST_ERROR"}', BoardLost),
        (400, "something else", OddAnswer),
        (409, "conflict", OddAnswer),
        (302, "", OddAnswer),
        (204, "", OddAnswer),
        (429, '{"error":"API_TOKEN_LIMIT_EXCEEDED","message":"Rate limit exceeded"}', Limited),
        (449, "", Unavailable),
        (500, "{}", Unavailable),
        (503, "<html>", Unavailable),
        (504, "", Unavailable),
    ],
)
def test_each_refusal_means_what_someone_has_to_do(
    trello: Trello,
    answers: responses.RequestsMock,
    status: int,
    body: str,
    expected: type[TrelloError],
) -> None:
    answers.get(ADDRESS, status=status, body=body, content_type="text/plain; charset=utf-8")
    with pytest.raises(expected) as raised:
        trello.board(BOARD)
    assert type(raised.value) is expected
    assert body not in raised.value.sentence or not body


@pytest.mark.parametrize(
    ("status_of_me", "expected"), [(401, TokenRefused), (200, BoardLost), (500, Unavailable)]
)
def test_a_401_that_does_not_say_why_is_settled_by_asking_whose_token_it_is(
    trello: Trello,
    answers: responses.RequestsMock,
    status_of_me: int,
    expected: type[TrelloError],
) -> None:
    answers.get(ADDRESS, status=401, body="missing scopes", content_type="text/plain")
    me = {"id": "m", "username": "mina", "fullName": "Mina Lund"}
    answers.get(ME, status=status_of_me, json=me)
    with pytest.raises(expected):
        trello.board(BOARD)


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-6, Unavailable), (6, Unavailable), (3, TokenRefused)]
)
def test_where_our_own_clock_is_wrong_no_connection_is_to_blame(
    trello: Trello,
    answers: responses.RequestsMock,
    minutes: int,
    expected: type[TrelloError],
) -> None:
    """Else every one would have to be signed in anew once the clock is right again."""
    date = format_datetime(utcnow() + timedelta(minutes=minutes), usegmt=True)
    answers.get(ADDRESS, status=401, body="invalid token", headers={"Date": date})
    with pytest.raises(expected) as raised:
        trello.board(BOARD)
    assert ("clock of Tally's server" in raised.value.sentence) is (expected is Unavailable)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "86400"}, 3600),
        ({"Retry-After": "soon"}, 10),
        ({"x-rate-limit-api-token-interval-ms": "4000"}, 4),
        ({}, 10),
    ],
)
def test_when_limited_it_says_how_long_to_wait(
    trello: Trello, answers: responses.RequestsMock, headers: dict[str, str], seconds: int
) -> None:
    answers.get(ADDRESS, status=429, headers=headers, body="{}")
    with pytest.raises(Limited) as raised:
        trello.board(BOARD)
    assert raised.value.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("said", "seconds", "is_of_key"),
    [
        ('{"error":"API_TOKEN_LIMIT_EXCEEDED","message":"Rate limit exceeded"}', 10, False),
        ('{"error":"API_KEY_LIMIT_EXCEEDED","message":"Rate limit exceeded"}', 10, True),
        ('{"error":"API_TOKEN_DB_LIMIT_EXCEEDED"}', 600, False),
        (
            '{"message":"Exceeded rate limit to /1/member","error":"RATE_LIMIT_EXCEEDED"}',
            900,
            False,
        ),
    ],
)
def test_without_a_time_told_it_is_the_window_of_the_limit_that_was_met(
    trello: Trello, answers: responses.RequestsMock, said: str, seconds: int, is_of_key: bool
) -> None:
    answers.get(ADDRESS, status=429, body=said, content_type="application/json")
    with pytest.raises(Limited) as raised:
        trello.board(BOARD)
    assert raised.value.retry_after == timedelta(seconds=seconds)
    assert raised.value.is_of_key == is_of_key


def test_a_401_without_a_board_and_a_living_token_is_odd(
    trello: Trello, answers: responses.RequestsMock
) -> None:
    answers.get(f"{ME}/boards", status=401, body="missing scopes", content_type="text/plain")
    answers.get(ME, json={"id": "m", "username": "mina", "fullName": "Mina Lund"})
    with pytest.raises(OddAnswer):
        trello.open_boards()


def test_a_limit_on_asking_whose_token_it_is_leaves_that_open(
    trello: Trello, answers: responses.RequestsMock
) -> None:
    answers.get(ADDRESS, status=401, body="missing scopes", content_type="text/plain")
    answers.get(ME, status=429, body="{}")
    with pytest.raises(Unavailable):
        trello.board(BOARD)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"<html>maintenance</html>", "text/html"),
        (json.dumps(board()).encode(), "text/html"),
        (json.dumps(board()).encode()[:-20], "application/json"),
        (b"\xff\xfe{}", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b'{"id": NaN}', "application/json"),
        (b"[" * 100_000, "application/json"),
    ],
)
def test_what_is_no_whole_json_is_odd(
    trello: Trello, answers: responses.RequestsMock, body: bytes, kind: str
) -> None:
    answers.get(ADDRESS, body=body, content_type=kind)
    with pytest.raises(OddAnswer):
        trello.board(BOARD)


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def mutate(answer: dict[str, Any]) -> None:
        *way, last = path
        target: Any = answer
        for step in way:
            target = target[step][0] if isinstance(target[step], list) else target[step]
        del target[last]

    return mutate


def _with(value: Any, *path: str) -> Callable[[dict[str, Any]], None]:
    def mutate(answer: dict[str, Any]) -> None:
        *way, last = path
        target: Any = answer
        for step in way:
            target = target[step][0] if isinstance(target[step], list) else target[step]
        target[last] = value

    return mutate


@pytest.mark.parametrize(
    "mutate",
    [
        *(_without(part) for part in ("id", "name", "closed", "lists", "labels", "cards")),
        *(
            _without("cards", name)
            for name in (
                "id",
                "closed",
                "idList",
                "idMembers",
                "idLabels",
                "due",
                "dueComplete",
                "isTemplate",
                "cardRole",
            )
        ),
        *(_without("lists", name) for name in ("id", "name", "closed", "pos")),
        _without("labels", "id"),
        _without("members", "id"),
        _with("0" * 24, "id"),
        _with("false", "cards", "closed"),
        _with(None, "cards", "dueComplete"),
        _with(1, "cards", "dueComplete"),
        _with("label", "cards", "idLabels"),
        _with([1], "cards", "idMembers"),
        _with("", "cards", "id"),
        _with("nowhere", "cards", "idList"),
        _with({}, "cards"),
        _with(["card"], "cards"),
        _with("top", "lists", "pos"),
    ],
)
def test_a_wrong_shape_anywhere_is_odd(
    trello: Trello,
    answers: responses.RequestsMock,
    mutate: Callable[[dict[str, Any]], None],
) -> None:
    answer = board([card(), card()])
    mutate(answer)
    answers.get(ADDRESS, json=answer)
    with pytest.raises(OddAnswer):
        fetch_board(trello, BOARD)


@pytest.mark.parametrize("silent", [{"isTemplate": None}, {"isTemplate": ..., "cardRole": ...}])
def test_an_old_board_may_say_nothing_of_templates_and_roles(
    trello: Trello, answers: responses.RequestsMock, silent: dict[str, Any]
) -> None:
    old = [{**card(), **silent} for _ in range(2)]
    old = [{name: value for name, value in one.items() if value is not ...} for one in old]
    answers.get(ADDRESS, json=board(old))
    assert all(one.is_countable for one in trello.board(BOARD)[1])


def test_one_id_with_two_contents_is_odd_and_the_very_same_twice_counts_once(
    trello: Trello, answers: responses.RequestsMock
) -> None:
    one = card()
    answers.get(ADDRESS, json=board([one, one]))
    assert len(trello.board(BOARD)[1]) == 1
    answers.get(ADDRESS, json=board([one, {**one, "dueComplete": True}]))
    with pytest.raises(OddAnswer):
        trello.board(BOARD)


def test_a_card_in_an_unknown_list_is_asked_for_once_more(
    trello: Trello, answers: responses.RequestsMock
) -> None:
    newcomer = card("new")
    answers.get(ADDRESS, json=board([newcomer]))
    whole = board([newcomer])
    whole["lists"].append(trello_list("new"))
    answers.get(ADDRESS, json=whole)
    assert fetch_board(trello, BOARD).cards[0].list_id == "new"
    assert len(answers.calls) == 2


@pytest.mark.parametrize(
    "fault", [requests.ConnectionError("refused"), requests.ReadTimeout("slow")]
)
def test_out_of_reach_is_unavailable(
    trello: Trello, answers: responses.RequestsMock, fault: Exception
) -> None:
    answers.get(ADDRESS, body=fault)
    with pytest.raises(Unavailable):
        trello.board(BOARD)


def test_an_endless_answer_is_given_up(
    trello: Trello, answers: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "LONGEST_ANSWER", 1000)
    answers.get(ADDRESS, body=b" " * 2000, content_type="application/json")
    with pytest.raises(OddAnswer) as raised:
        trello.board(BOARD)
    assert raised.value.detail == "an answer of more than 1000 bytes"


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"]
)
def test_an_answer_that_trickles_in_without_end_is_given_up(
    begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time, in the first line, in a header or in the body."""
    monkeypatch.setattr("app.bounded_answers.TIME_TO_ANSWER", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle, args=(server, begun))
        thread.start()
        trello = Trello(
            Credentials(*"kstu"), f"http://127.0.0.1:{server.getsockname()[1]}", (1, 0.5)
        )
        started = time.monotonic()
        with pytest.raises(Unavailable, match="did not answer in time"):
            trello.me()
        assert time.monotonic() - started < 2
        thread.join()


def trickle(server: socket.socket, begun: bytes) -> None:
    """Answer one request with a byte now and then, until the other side goes."""
    client, _ = server.accept()
    with client, contextlib.suppress(OSError):
        client.recv(65536)
        client.sendall(begun)
        for _ in range(100):
            time.sleep(0.05)
            client.sendall(b"H")


def test_only_open_boards_are_listed_whatever_the_filter_did(
    trello: Trello, answers: responses.RequestsMock
) -> None:
    names = [("b", "beta", False), ("c", "closed", True), ("a", "Alpha", False)]
    answers.get(
        f"{API}/members/me/boards",
        json=[
            {"id": one, "name": name, "closed": closed, "url": "https://trello.com/b/x"}
            for one, name, closed in names
        ],
    )
    assert [one.name for one in trello.open_boards()] == ["Alpha", "beta"]


def test_a_board_id_that_is_none_is_never_asked_for(trello: Trello) -> None:
    for odd in ("../members/me", "", "a b", "x?y"):
        with pytest.raises(BoardLost):
            trello.board(odd)


def test_secrets_stay_out_of_what_is_shown() -> None:
    shown = repr(Credentials("key-1", "secret-2", "token-3", "secret-4"))
    assert not any(word in shown for word in ("key-1", "secret-2", "token-3", "secret-4"))


def _id(record: dict[str, Any]) -> str:
    return str(record["id"])
