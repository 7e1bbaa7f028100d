"""What comes back from a provider, forged, stale, or not at all: nobody is let in by it."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Response, redirect
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import func, select

from app.accounts.models import PersonSession
from app.accounts.openid import fetching, pending
from app.accounts.openid import provider as provider_module
from app.accounts.openid.pending import LIFE
from app.accounts.openid.provider import Provider
from app.db import db, utcnow
from tests.accounts.openid.conftest import is_signed_in, went_there
from tests.support.client import Client
from tests.support.openid import (
    CLIENT_ID,
    CLIENT_SECRET,
    make_key,
    parameters,
    signed_with_public_key,
    unsigned,
)
from tests.support.people import PASSWORD

UNTRUSTED = "What Acme said about you can't be trusted"
OVER = "This sign-in is over"
UNREACHABLE = "Acme can't be reached"
ODD = "Acme answers what Tally does not understand"
TOO_LONG = {"error": "invalid_grant", "more": "x" * fetching.LONGEST_ANSWER}


def refused(client, answer, status, title):
    """Check that the page says so, and that nobody was signed in."""
    assert client.see(answer, status).h1 == title
    assert db.session.scalar(select(func.count(PersonSession.id))) == 0


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"aud": [CLIENT_ID, "another"]},  # without azp nobody says for which of them it is
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"azp": "another"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        # With names of their own: every process that collects this has another time.
        pytest.param({"exp": int(time.time()) - 120}, id="over"),
        {"exp": None},
        {"exp": "soon"},
        pytest.param({"iat": int(time.time()) + 3600}, id="from-the-future"),
        {"iat": None},
        pytest.param({"nbf": int(time.time()) + 3600}, id="not-yet"),
        {"at_hash": "of-another-token"},
    ],
    ids=str,
)
def test_a_claim_that_is_wrong_or_missing_is_refused(client, provider, come_back, bob, claims):
    provider.claims = claims
    refused(client, come_back(), 422, UNTRUSTED)


@pytest.mark.parametrize(
    "claims", [{"aud": [CLIENT_ID]}, {"aud": [CLIENT_ID, "b"], "azp": CLIENT_ID}], ids=str
)
def test_claims_in_their_other_forms_are_taken(client, provider, come_back, bob, claims):
    provider.claims = claims
    assert come_back().status_code == 303


@pytest.mark.parametrize(
    ("algorithm", "kind", "form"),
    [
        ("RS256", "RSA", 2048),
        ("PS256", "RSA", 2048),
        ("ES256", "EC", "P-256"),
        ("Ed25519", "OKP", "Ed25519"),
        pytest.param(
            "EdDSA",
            "OKP",
            "Ed25519",
            marks=pytest.mark.filterwarnings("ignore:.*EdDSA is deprecated"),
        ),
    ],
)
def test_signatures_that_only_the_provider_can_make_are_taken(
    client, provider, come_back, bob, algorithm, kind, form
):
    provider.algorithm, provider.keys = algorithm, [make_key("only", kind, form)]
    assert come_back().status_code == 303


def test_a_token_without_a_signature_is_refused(client, provider, come_back, bob):
    provider.sign = unsigned
    refused(client, come_back(), 422, UNTRUSTED)


def test_a_public_key_is_no_shared_secret(client, provider, come_back, bob):
    provider.sign = signed_with_public_key(provider.keys[-1])
    refused(client, come_back(), 422, UNTRUSTED)


def test_the_clients_secret_signs_nothing_even_where_the_provider_offers_it(
    client, provider, come_back, bob
):
    shared = OctKey.import_key(CLIENT_SECRET)
    provider.description = {"id_token_signing_alg_values_supported": ["HS256"]}
    provider.sign = lambda claims: jwt.encode({"alg": "HS256"}, claims, shared, ["HS256"])
    refused(client, come_back(), 422, UNTRUSTED)


def test_a_signature_by_someone_elses_key_is_refused(client, provider, come_back, bob):
    mine = make_key("mine")
    provider.sign = lambda claims: jwt.encode(
        {"alg": "RS256", "kid": provider.keys[-1].kid}, claims, mine
    )
    refused(client, come_back(), 422, UNTRUSTED)


@pytest.mark.parametrize(
    "text", ["", "a.b.c", "e30.e30.e30", "not a token", "\u00e9.\u00e9.\u00e9"]
)
def test_what_is_no_token_is_refused(client, provider, come_back, bob, text):
    provider.sign = lambda claims: text
    refused(client, come_back(), 422, UNTRUSTED)


def test_new_keys_are_fetched_when_a_token_names_one_that_is_not_known(
    client, provider, come_back, bob
):
    come_back()
    client.sign_out()
    assert come_back().status_code == 303
    assert provider.asked.count("/keys") == 1
    client.sign_out()
    provider.keys = [make_key("second")]
    assert come_back().status_code == 303
    assert provider.asked.count("/keys") == 2


def test_a_key_that_is_not_there_after_a_second_look_either_is_refused(
    client, provider, come_back, bob
):
    made_up = make_key("made up")
    provider.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "made up"}, claims, made_up)
    refused(client, come_back(), 422, UNTRUSTED)
    assert provider.asked.count("/keys") == 2


def test_keys_that_are_not_for_signing_and_broken_ones_are_left_out(
    client, provider, come_back, bob
):
    good = provider.keys[-1].as_dict(private=False)
    said = {"keys": [{"kty": "RSA", "n": "?"}, {"kty": "new"}, 7, good | {"use": "enc"}]}
    provider.answers["/keys"] = lambda: said
    refused(client, come_back(), 422, UNTRUSTED)
    provider.answers["/keys"] = lambda: {"keys": [*said["keys"], good]}
    assert come_back().status_code == 303


def test_the_description_is_kept_for_an_hour(client, provider, come_back, bob, monkeypatch):
    come_back()
    client.sign_out()
    come_back()
    assert provider.asked.count("/.well-known/openid-configuration") == 1
    monkeypatch.setattr(provider_module, "KEPT_FOR", -1)
    client.sign_out()
    assert come_back().status_code == 303
    assert provider.asked.count("/.well-known/openid-configuration") > 1


def test_without_a_state_or_with_a_foreign_one_nobody_is_asked(client, app, provider, bob):
    path = went_there(client, provider)
    asked = len(provider.asked)
    stranger = Client(app)
    for address in ("/login/openid/callback", "/login/openid/callback?code=x&state=y"):
        refused(client, client.get(address), 422, OVER)
    refused(stranger, stranger.get(path), 422, OVER)
    assert len(provider.asked) == asked


def test_a_sign_in_that_comes_back_a_second_time_is_refused(client, provider, bob):
    provider.codes_work_twice = True
    path = went_there(client, provider)
    assert client.get(path).status_code == 303
    assert client.see(client.get(path), 422).h1 == OVER


@pytest.mark.both_databases
def test_it_is_refused_to_an_older_copy_of_the_cookie_as_well(client, app, provider, bob):
    provider.codes_work_twice = True
    path = went_there(client, provider)
    copied = Client(app)
    cookie = client.flask.get_cookie("tally_session")
    copied.flask.set_cookie("tally_session", cookie.value)
    assert client.get(path).status_code == 303
    assert copied.see(copied.get(path), 422).h1 == OVER
    assert not is_signed_in(copied)


def test_a_failure_uses_the_sign_in_up_too(client, provider, bob):
    provider.codes_work_twice = True
    provider.claims = {"nonce": "another"}
    path = went_there(client, provider)
    refused(client, client.get(path), 422, UNTRUSTED)
    with client.flask.session_transaction() as session:
        assert "openid" not in session
    provider.claims = {}
    refused(client, client.get(path), 422, OVER)


def test_someone_who_takes_too_long_begins_again(client, provider, bob, monkeypatch):
    path = went_there(client, provider)
    late = utcnow() + LIFE + timedelta(seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(pending, "utcnow", lambda: late)
        refused(client, client.get(path), 422, OVER)


def test_a_code_from_another_browsers_sign_in_is_refused(client, app, provider, bob):
    """What an attacker would have to slip in: the verifier stays in their own browser."""
    stranger = Client(app)
    theirs = parameters(went_there(stranger, provider))["code"]
    mine = parameters(went_there(client, provider))["state"]
    answer = client.get("/login/openid/callback", query_string={"code": theirs, "state": mine})
    refused(client, answer, 422, "Acme did not confirm this sign-in")


def test_someone_who_stops_there_is_told_so_and_nothing_that_the_provider_wrote(
    client, provider, bob
):
    sent = parameters(client.get("/login/openid").headers["Location"])
    said = {"error": "access_denied", "error_description": "<b>x</b>", "state": sent["state"]}
    answer = client.get("/login/openid/callback", query_string=said)
    refused(client, answer, 422, "You did not sign in at Acme")
    assert "<b>" not in answer.text and "&lt;b" not in answer.text


def test_an_error_that_nobody_asked_for_is_no_more_than_a_foreign_state(client, bob):
    answer = client.get("/login/openid/callback?error=access_denied&state=x")
    refused(client, answer, 422, OVER)


@pytest.mark.parametrize("sender", ["https://evil.example", None])
def test_an_answer_in_the_providers_place_is_refused(client, provider, bob, sender):
    provider.description = {"authorization_response_iss_parameter_supported": True}
    path = went_there(client, provider)
    refused(client, client.get(path + (f"&iss={sender}" if sender else "")), 422, UNTRUSTED)


def test_an_answer_in_its_own_name_is_taken(client, provider, bob):
    provider.description = {"authorization_response_iss_parameter_supported": True}
    path = went_there(client, provider)
    assert client.get(f"{path}&iss={provider.origin}").status_code == 303


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"token_endpoint": None},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"token_endpoint": ["https://login.example.com"]},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://user@login.example.com/keys"},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
        {"token_endpoint_auth_methods_supported": "none"},
    ],
    ids=str,
)
def test_a_description_that_leads_elsewhere_is_refused(client, provider, bob, said):
    provider.description = said
    refused(client, client.get("/login/openid"), 502, ODD)


def test_the_secret_goes_by_post_where_the_provider_wants_it_so(client, provider, come_back, bob):
    provider.description = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert come_back().status_code == 303


@pytest.mark.parametrize(
    ("path", "answer", "status", "title"),
    [
        ("/token", lambda: ({"error": "invalid_client"}, 401), 502, ODD),
        ("/token", lambda: ({"error": "server_error"}, 503), 503, UNREACHABLE),
        ("/token", lambda: Response("gone", 503), 503, UNREACHABLE),
        ("/token", lambda: Response("<html>", 200), 502, ODD),
        ("/token", lambda: Response("[" * 100_000, 200), 502, ODD),
        ("/token", lambda: {"access_token": "x"}, 502, ODD),
        ("/token", lambda: (TOO_LONG, 400), 502, ODD),
        ("/keys", lambda: ({"keys": []}, 200), 422, UNTRUSTED),
        ("/keys", lambda: ({"keys": "none"}, 200), 422, UNTRUSTED),
        ("/keys", lambda: ({}, 500), 503, UNREACHABLE),
    ],
)
def test_odd_answers_end_in_a_sentence(
    client, provider, come_back, bob, path, answer, status, title
):
    provider.answers[path] = answer
    refused(client, come_back(), status, title)


def test_no_redirect_is_followed(client, provider, come_back, bob):
    keys = [one.as_dict(private=False) for one in provider.keys]
    provider.answers["/keys"] = lambda: redirect("/moved")
    provider.answers["/moved"] = lambda: {"keys": keys}
    refused(client, come_back(), 502, ODD)
    assert "/moved" not in provider.asked


def test_why_it_failed_is_in_the_log_without_anything_secret(
    client, provider, come_back, bob, caplog
):
    provider.answers["/token"] = lambda: ({"error": "invalid_client"}, 401)
    come_back()
    provider.answers.clear()
    provider.claims = {"aud": "another"}
    come_back()
    said = [record.getMessage() for record in caplog.records if "OpenID" in record.getMessage()]
    assert said[0].endswith("failed: no tokens, but status 401, invalid_client")
    assert "aud" in said[1]
    assert CLIENT_SECRET not in caplog.text and "access-" not in caplog.text


def test_a_provider_that_is_down_is_told_and_passwords_still_work(client, provider, bob):
    provider.answers["/.well-known/openid-configuration"] = lambda: Response("gone", 502)
    page = client.see(client.get("/login/openid"), 503)
    assert page.h1 == UNREACHABLE
    page = client.page(page.link("Back to signing in"))
    client.submit(page, "Sign in", {"email": "bob@example.com", "password": PASSWORD})
    assert is_signed_in(client)


def test_a_provider_that_is_not_there_at_all_is_told(client, app, bob):
    settings = app.extensions["openid"].settings
    app.extensions["openid"] = Provider(replace(settings, issuer="http://127.0.0.1:9"))
    refused(client, client.get("/login/openid"), 503, UNREACHABLE)


def test_a_heading_begins_large_whatever_the_provider_is_called(client, app, bob):
    config = app.extensions["tally_config"]
    nameless = replace(config.openid, issuer="http://127.0.0.1:9", name="single sign-on")
    app.extensions["tally_config"] = replace(config, openid=nameless)
    app.extensions["openid"] = Provider(nameless)
    refused(client, client.get("/login/openid"), 503, "Single sign-on can't be reached")


def test_a_provider_that_is_slow_is_given_up(client, provider, come_back, bob, monkeypatch):
    monkeypatch.setattr(fetching, "PATIENCE", (1, 0.2))
    provider.answers["/token"] = lambda: time.sleep(0.6)
    refused(client, come_back(), 503, UNREACHABLE)


def test_a_provider_that_trickles_is_given_up(client, provider, come_back, bob, monkeypatch):
    monkeypatch.setattr(fetching, "LONGEST_WAIT", 0.3)

    def trickle():
        for _ in range(20):
            yield b" " * 100
            time.sleep(0.1)

    provider.answers["/token"] = lambda: Response(trickle())
    refused(client, come_back(), 503, UNREACHABLE)


def test_few_wait_for_the_provider_at_once(client, provider, come_back, bob, monkeypatch):
    path = went_there(client, provider)
    for _ in range(fetching.MOST_AT_ONCE):
        assert fetching._places.acquire(blocking=False)
    try:
        refused(client, client.get(path), 503, "Acme answers slowly")
    finally:
        for _ in range(fetching.MOST_AT_ONCE):
            fetching._places.release()
    assert come_back().status_code == 303


def test_no_transaction_is_open_while_the_provider_is_asked(client, come_back, bob, monkeypatch):
    open_meanwhile = []
    fetch = provider_module.fetch

    def look(method, url, **what):
        open_meanwhile.append(db.session().in_transaction())
        return fetch(method, url, **what)

    monkeypatch.setattr(provider_module, "fetch", look)
    assert come_back().status_code == 303
    assert open_meanwhile == [False] * 3


@pytest.mark.own_app
def test_the_ways_there_and_back_are_limited_for_each_address(client, bob):
    for _ in range(50):
        assert client.get("/login/openid/callback").status_code == 422
    assert client.get("/login/openid/callback").status_code == 429
    assert client.send("HEAD", "/login/openid/callback").status_code == 429


def test_looking_alone_signs_nobody_in_twice(client, provider, bob):
    """HEAD goes the whole way as GET does, and uses the sign-in up."""
    path = went_there(client, provider)
    assert client.send("HEAD", path).status_code == 303
    assert client.see(client.get(path), 422).h1 == OVER
