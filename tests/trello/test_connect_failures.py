"""What Trello may answer instead of a token, and what the person is told then."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
import requests
import responses
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import switch
from app.trello.app_keys import store_app_keys
from app.trello.models import Connection, PendingSignIn
from app.trello.waiting import PATIENCE
from tests.support.client import Client
from tests.trello.connections import KEY, SECRET, make_ready

NEW = "/connections/trello/new"
FIRST = "https://trello.com/1/OAuthGetRequestToken"
LAST = "https://trello.com/1/OAuthGetAccessToken"
GIVEN = "oauth_token=rt&oauth_token_secret=hidden-secret&oauth_callback_confirmed=true"
BACK = "/connections/trello/callback?oauth_token=rt&oauth_verifier=v"


@pytest.fixture
def here(app: Flask, client: Client, alice: Person, bob: Person) -> Client:
    """Bob's browser, where an account can be connected."""
    make_ready(app, alice)
    client.sign_in(bob)
    return client


@pytest.mark.parametrize(
    ("status", "body", "title"),
    [
        (500, "App not found", "Trello does not know the API key"),
        (401, "invalid key", "Trello does not know the API key"),
        (500, "{}", "Trello refused the API key and secret"),
        (401, "", "Trello refused the API key and secret"),
        (429, "Rate limit exceeded", "Trello is busy"),
        (500, "<h1>hidden-secret</h1>", "Trello could not be reached"),
        (503, "", "Trello could not be reached"),
        (404, "Not found", "Trello's answer made no sense"),
        (302, "", "Trello's answer made no sense"),
        (200, "", "Trello's answer made no sense"),
        (200, "<html>hidden-secret</html>", "Trello's answer made no sense"),
        (200, '{"oauth_token": "hidden-secret"}', "Trello's answer made no sense"),
        (200, "oauth_token=hidden-secret", "Trello's answer made no sense"),
        (200, "\x00\xff%%%&&==", "Trello's answer made no sense"),
    ],
)
@responses.activate
def test_first_leg(
    here: Client, caplog: pytest.LogCaptureFixture, status: int, body: str, title: str
) -> None:
    caplog.set_level(logging.INFO)
    responses.post(FIRST, body=body, status=status, content_type="text/plain")
    page = here.page(NEW, 502)
    assert page.h1 == title
    assert page.link("Try again") == NEW
    assert "hidden-secret" not in page.html + caplog.text
    assert db.session.scalar(select(PendingSignIn)) is None


@pytest.mark.parametrize(
    "error", [requests.ConnectionError("hidden-secret"), requests.ReadTimeout("hidden-secret")]
)
@responses.activate
def test_trello_is_down(here: Client, error: Exception) -> None:
    responses.post(FIRST, body=error)
    page = here.page(NEW, 502)
    assert page.h1 == "Trello could not be reached"
    assert "hidden-secret" not in page.html


@pytest.mark.parametrize(
    ("status", "body", "title"),
    [
        (500, "request expired", "Trello did not complete the sign-in"),
        (200, "token not found", "Trello did not complete the sign-in"),
        (400, "", "Trello did not complete the sign-in"),
        (500, "{}", "Trello did not complete the sign-in"),
        (500, "App not found", "Trello does not know the API key"),
        (502, "Bad gateway", "Trello could not be reached"),
        (429, "slow down", "Trello is busy"),
        (200, "hidden-secret", "Trello's answer made no sense"),
    ],
)
@responses.activate
def test_last_leg(
    here: Client, caplog: pytest.LogCaptureFixture, status: int, body: str, title: str
) -> None:
    caplog.set_level(logging.INFO)
    responses.post(FIRST, body=GIVEN)
    assert here.get(NEW).status_code == 302
    responses.post(LAST, body=body, status=status, content_type="text/plain")
    page = here.page(BACK, 502)
    assert page.h1 == title
    assert page.link("Try again") == NEW
    assert "hidden-secret" not in page.html + caplog.text
    assert db.session.scalar(select(Connection)) is None


@responses.activate
def test_requests_are_signed_and_limited_in_time(here: Client) -> None:
    responses.post(FIRST, body=GIVEN)
    location = here.get(NEW).headers["Location"]
    assert location.startswith("https://trello.com/1/OAuthAuthorizeToken?oauth_token=rt&")
    assert "hidden-secret" not in location
    sent = responses.calls[0].request
    header = sent.headers["Authorization"]
    header = header.decode() if isinstance(header, bytes) else header
    assert 'oauth_signature_method="HMAC-SHA1"' in header
    assert "connections%2Ftrello%2Fcallback" in header
    assert KEY in header and SECRET not in header
    assert sent.req_kwargs["timeout"] == PATIENCE  # type: ignore[attr-defined]


@responses.activate
def test_public_address_is_where_trello_sends_people(app: Flask, here: Client) -> None:
    app.extensions["tally_config"] = replace(
        app.extensions["tally_config"], public_url="https://tally.example.com"
    )
    responses.post(FIRST, body=GIVEN)
    here.get(NEW)
    header = str(responses.calls[0].request.headers["Authorization"])
    assert "https%3A%2F%2Ftally.example.com%2Fconnections%2Ftrello%2Fcallback" in header


@responses.activate
def test_key_changed_meanwhile(app: Flask, here: Client, alice: Person) -> None:
    responses.post(FIRST, body=GIVEN)
    here.get(NEW)
    with app.app_context():
        store_app_keys("another-key", SECRET, by=alice)
        db.session.commit()
    assert here.page(BACK, 400).h1 == "The API key was changed meanwhile"


@responses.activate
def test_encryption_key_changed_meanwhile(here: Client) -> None:
    responses.post(FIRST, body=GIVEN)
    here.get(NEW)
    db.session.scalars(select(PendingSignIn)).one().value_encrypted = "of another key"
    db.session.commit()
    assert here.page(BACK, 400).h1 == "This sign-in is not known here"


def test_disabled_or_without_key_says_who_can_do_what(
    app: Flask, client: Client, alice: Person, bob: Person
) -> None:
    client.sign_in(bob)
    for path in (NEW, BACK):
        page = client.page(path, 409)
        assert "disabled" in page.text and "missing" in page.text
        assert "Ask Alice Adams" in page.text
    client.sign_in(alice)
    page = client.page(NEW, 409)
    assert page.link("Integrations, Trello") == "/admin/integrations/trello"
    make_ready(app, alice)
    switch("trello", False, alice)
    db.session.commit()
    page = client.page(NEW, 409)
    assert "missing" not in page.text
    assert page.link("Integrations") == "/admin/integrations"


def test_signed_out_people_are_sent_to_sign_in(app: Flask, client: Client, alice: Person) -> None:
    for path in (NEW, BACK, "/connections", "/connections/1/configure"):
        response = client.get(path)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/login?next=")


def test_what_trello_handed_back_stays_out_of_the_way_to_sign_in(
    client: Client, alice: Person
) -> None:
    """That address stands in the browser's history, and may stand in a log."""
    response = client.get("/connections/trello/callback?oauth_token=name&oauth_verifier=proof")
    assert response.headers["Location"] == "/login?next=/connections/trello/callback"


def test_authlib_never_logs_tokens(app: Flask) -> None:
    assert not logging.getLogger("authlib.anything").isEnabledFor(logging.DEBUG)


@responses.activate
def test_no_transaction_is_open_while_trello_is_asked(here: Client) -> None:
    is_open: list[bool] = []

    def answer(body: str) -> Callable[[requests.PreparedRequest], tuple[int, dict[str, str], str]]:
        def look(_request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
            is_open.append(db.session().in_transaction())
            return 200, {}, body

        return look

    member = '{"id": "1", "username": "mina", "fullName": "Mina"}'
    responses.add_callback("POST", FIRST, answer(GIVEN))
    responses.add_callback("POST", LAST, answer("oauth_token=t&oauth_token_secret=ts"))
    responses.add_callback(
        "GET",
        "https://api.trello.com/1/members/me",
        answer(member),
        content_type="application/json",
    )
    here.get(NEW)
    assert here.get(BACK).status_code == 303
    assert is_open == [False, False, False]
