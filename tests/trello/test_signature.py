"""Our signature is the one that Authlib makes by itself."""

import re
from datetime import UTC, datetime

import pytest
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth1Auth
from authlib.oauth1.rfc5849 import client_auth

from app.trello import signature
from app.trello.signature import Signature

SECRETS = {"token": "tö%41/ok", "token_secret": "t&s"}


@pytest.fixture(autouse=True)
def same_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_auth, "generate_nonce", lambda: "nonce")
    monkeypatch.setattr(signature, "token_hex", lambda size: "nonce")
    monkeypatch.setattr(client_auth, "generate_timestamp", lambda: "1795867200")
    moment = datetime.fromtimestamp(1795867200, UTC)  # by the clock that all hosts share
    monkeypatch.setattr(signature, "utcnow", lambda: moment)


@pytest.mark.parametrize("more", [{}, {"redirect_uri": "https://t.example/é"}, {"verifier": "v"}])
@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "https://api.trello.com/1/boards/5f1a?fields=name%2Cclosed&x=%C3%A9+1&empty="),
        ("POST", "https://api.trello.com/1/webhooks/?callbackURL=https%3A%2F%2Ftally.example%2Fa"),
        ("DELETE", "https://api.trello.com/1/tokens/a%20b"),
    ],
)
def test_it_is_the_one_of_the_library(method: str, address: str, more: dict[str, str]) -> None:
    theirs = OAuth1Auth("key", "s&%", **SECRETS, **more).prepare(method, address, {}, None)
    ours = Signature("key", "s&%", **SECRETS, **more).prepare(method, address, {}, None)
    assert ours == theirs


def test_a_request_is_sent_with_it() -> None:
    address = "https://api.trello.com/1/boards/5f1a?fields=name%2Cclosed&x=%C3%A9+1"
    sent = [
        requests.Request("GET", address, auth=auth("key", "secret", **SECRETS)).prepare()
        for auth in (OAuth1Auth, Signature)
    ]
    assert sent[0].headers["Authorization"] == sent[1].headers["Authorization"]
    assert sent[1].url == address


def test_nothing_is_signed_for_an_open_line() -> None:
    with pytest.raises(AuthlibBaseError, match="insecure_transport"):
        Signature("key", "secret", **SECRETS).prepare("GET", "http://trello.example/1", {}, None)


def test_no_request_bears_the_nonce_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    ours = Signature("key", "secret", **SECRETS)
    signed = [ours.prepare("GET", "https://api.trello.com/1/boards/5f1a", {}, None) for _ in "12"]
    nonces = re.findall(r'oauth_nonce="(\w{32})"', str(signed))
    assert len(set(nonces)) == 2
