"""Rate limits, faults at a switch, and the log that counts requests."""

import pytest
import requests

from sandbox import RunningSandbox
from tests.sandbox.conftest import BOARD_ID, Caller

PATH = f"/boards/{BOARD_ID}/lists"


def test_the_hundred_and_first_request_of_a_token_is_refused(mina: Caller) -> None:
    answers = [mina.ask(PATH) for _ in range(101)]
    assert {answer.status_code for answer in answers[:100]} == {200}
    assert answers[0].headers["x-rate-limit-api-token-max"] == "100"
    assert answers[0].headers["x-rate-limit-api-token-interval-ms"] == "10000"
    assert answers[0].headers["x-rate-limit-api-token-remaining"] == "99"
    assert answers[0].headers["x-rate-limit-api-key-max"] == "300"
    refused = answers[100]
    assert refused.status_code == 429
    assert refused.json()["error"] == "API_TOKEN_LIMIT_EXCEEDED"
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert refused.headers["x-rate-limit-api-token-remaining"] == "0"


def test_all_tokens_share_the_limit_of_the_key(sandbox: RunningSandbox) -> None:
    sandbox.limits.scale = 0.02
    callers = [Caller(sandbox, "mina") for _ in range(4)]
    statuses = [caller.ask(PATH) for caller in callers for _ in range(2)]
    assert [answer.status_code for answer in statuses] == [200] * 6 + [429] * 2
    assert statuses[-1].json()["error"] == "API_KEY_LIMIT_EXCEEDED"


def test_reading_members_has_a_limit_of_its_own(sandbox: RunningSandbox, mina: Caller) -> None:
    sandbox.limits.scale = 0.03
    sandbox.limits.interval_scale = 0.001
    for _ in range(3):
        assert mina.ask("/members/me").status_code == 200
    while (refused := mina.ask("/members/me")).json()["error"] != "RATE_LIMIT_EXCEEDED":
        pass
    assert refused.json()["message"] == "Exceeded rate limit to /1/member"


def test_limits_can_be_switched_off(sandbox: RunningSandbox, mina: Caller) -> None:
    switched = requests.post(
        f"{sandbox.url}/sandbox/limits", json={"enabled": False, "scale": 0.01}, timeout=5
    )
    assert switched.json()["enabled"] is False
    assert all(mina.ask(PATH).status_code == 200 for _ in range(5))


def set_fault(sandbox: RunningSandbox, **fault: object) -> None:
    answer = requests.post(f"{sandbox.url}/sandbox/faults", json=fault, timeout=5)
    assert answer.status_code == 201, answer.text


def test_a_fault_strikes_where_and_as_often_as_told(sandbox: RunningSandbox, mina: Caller) -> None:
    set_fault(sandbox, path="/1/boards/*/lists", times=2, skip=1, status=503, body="busy")
    assert mina.ask(f"/boards/{BOARD_ID}/labels").status_code == 200
    answers = [mina.ask(PATH) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].text == "busy"


@pytest.mark.parametrize("kind", ["truncate", "empty", "garbage", "html"])
def test_a_damaged_answer_is_a_200_that_cannot_be_read(
    sandbox: RunningSandbox, mina: Caller, kind: str
) -> None:
    set_fault(sandbox, kind=kind)
    answer = mina.ask(PATH)
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        answer.json()
    assert len(mina.read(PATH)) == 2


def test_an_answer_of_another_shape(sandbox: RunningSandbox, mina: Caller) -> None:
    sandbox.faults.add(kind="shape", times=2)
    assert isinstance(mina.read(PATH), dict)
    assert isinstance(mina.read("/members/me"), list)


@pytest.mark.parametrize("kind", ["drop", "break"])
def test_the_connection_can_break(sandbox: RunningSandbox, mina: Caller, kind: str) -> None:
    set_fault(sandbox, kind=kind)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        mina.ask(PATH)
    assert mina.ask(PATH).status_code == 200


def test_an_answer_can_be_late(sandbox: RunningSandbox, mina: Caller) -> None:
    set_fault(sandbox, kind="delay", delay=0.5)
    with pytest.raises(requests.Timeout):
        requests.get(sandbox.api_url + PATH, auth=mina.auth, timeout=0.2)


def test_faults_strike_the_walk_to_a_token_too(sandbox: RunningSandbox) -> None:
    set_fault(sandbox, path="/1/OAuth*", status=500, body="request expired")
    answer = requests.post(f"{sandbox.api_url}/OAuthGetRequestToken", timeout=5)
    assert answer.text == "request expired"


@pytest.mark.parametrize("fault", [{"kind": "odd"}, {"colour": "red"}, {"times": "two"}, 3])
def test_a_fault_that_is_not_understood_is_refused(sandbox: RunningSandbox, fault: object) -> None:
    answer = requests.post(f"{sandbox.url}/sandbox/faults", json=fault, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_log_counts_requests_without_their_credentials(
    sandbox: RunningSandbox, mina: Caller
) -> None:
    unsigned = {"key": sandbox.api_key, "token": mina.token.token, "fields": "name"}
    requests.get(sandbox.api_url + PATH, params=unsigned, timeout=5)
    log = requests.get(f"{sandbox.url}/sandbox/requests", timeout=5)
    assert mina.token.token not in log.text
    (entry,) = log.json()
    assert entry["path"] == f"/1{PATH}"
    assert entry["query"] == {"fields": "name"}
    assert entry["token"] == mina.token.id
    requests.delete(f"{sandbox.url}/sandbox/requests", timeout=5)
    assert sandbox.requests == []


def test_only_loopback_names_are_answered(sandbox: RunningSandbox) -> None:
    answer = requests.get(sandbox.url, headers={"Host": "evil.example"}, timeout=5)
    assert answer.status_code == 403
