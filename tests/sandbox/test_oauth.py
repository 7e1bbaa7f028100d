"""The walk to an access token, over real HTTP and with another library's signatures."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth1Auth, OAuth1Session

from sandbox import RunningSandbox, running_sandbox
from tests.sandbox.conftest import CALLBACK, Caller


def session_of(sandbox: RunningSandbox, **credentials: str) -> OAuth1Session:
    given = {"client_id": sandbox.api_key, "client_secret": sandbox.api_secret, **credentials}
    return OAuth1Session(redirect_uri=CALLBACK, **given)


def ask_request_token(sandbox: RunningSandbox, session: OAuth1Session) -> str:
    token = session.fetch_request_token(f"{sandbox.api_url}/OAuthGetRequestToken")
    assert token["oauth_callback_confirmed"] == "true"
    return str(token["oauth_token"])


def answer_consent(
    sandbox: RunningSandbox, token: str, answer: str = "allow", **parameters: str
) -> dict[str, list[str]]:
    """Press a button on the consent page, as a browser would. Returns the callback's query."""
    page = requests.get(
        f"{sandbox.api_url}/OAuthAuthorizeToken",
        params={"oauth_token": token, "name": "Tally", **parameters},
        timeout=5,
    )
    assert page.status_code == 200
    assert "Let Tally use your account?" in page.text
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    fields |= {"member": sandbox.store.person("mina")["id"], "answer": answer}
    sent = requests.post(
        f"{sandbox.api_url}/OAuthAuthorizeToken", data=fields, allow_redirects=False, timeout=5
    )
    assert sent.status_code == 303
    assert sent.headers["Location"].startswith(CALLBACK)
    return parse_qs(urlsplit(sent.headers["Location"]).query)


def connect(sandbox: RunningSandbox, **parameters: str) -> OAuth1Session:
    session = session_of(sandbox)
    token = ask_request_token(sandbox, session)
    answer = answer_consent(sandbox, token, **parameters)
    session.fetch_access_token(
        f"{sandbox.api_url}/OAuthGetAccessToken", verifier=answer["oauth_verifier"][0]
    )
    return session


def trade(sandbox: RunningSandbox, session: OAuth1Session, verifier: str) -> requests.Response:
    """The third leg, with the answer as it is."""
    auth = OAuth1Auth(
        sandbox.api_key,
        sandbox.api_secret,
        token=session.auth.token,
        token_secret=session.auth.token_secret,
        verifier=verifier,
    )
    return requests.post(f"{sandbox.api_url}/OAuthGetAccessToken", auth=auth, timeout=5)


def test_three_legs_lead_to_the_member_who_consented(sandbox: RunningSandbox) -> None:
    session = connect(sandbox, scope="read", expiration="never")
    me = session.get(f"{sandbox.api_url}/members/me")
    assert me.json()["username"] == "mina"
    token = session.get(f"{sandbox.api_url}/tokens/{session.auth.token}").json()
    assert token["dateExpires"] is None
    assert token["identifier"] == "Tally"


def test_request_token_may_be_asked_for_with_get(sandbox: RunningSandbox) -> None:
    auth = OAuth1Auth(sandbox.api_key, sandbox.api_secret, redirect_uri=CALLBACK)
    answer = requests.get(f"{sandbox.api_url}/OAuthGetRequestToken", auth=auth, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_token_lives_thirty_days_unless_asked_otherwise(sandbox: RunningSandbox) -> None:
    session = connect(sandbox)
    sandbox.store.clock.advance(days=29)
    # Signed timestamps are compared with the real time, so ask unsigned here.
    unsigned = {"key": sandbox.api_key, "token": session.auth.token}
    url = f"{sandbox.api_url}/members/me"
    assert requests.get(url, params=unsigned, timeout=5).status_code == 200
    sandbox.store.clock.advance(days=2)
    refused = requests.get(url, params=unsigned, timeout=5)
    assert (refused.status_code, refused.text) == (401, "expired token")


def test_deny_comes_back_without_a_verifier(sandbox: RunningSandbox) -> None:
    session = session_of(sandbox)
    token = ask_request_token(sandbox, session)
    assert "oauth_verifier" not in answer_consent(sandbox, token, "deny")
    assert trade(sandbox, session, "anything").text == "request expired"


def test_a_request_token_works_once(sandbox: RunningSandbox) -> None:
    session = session_of(sandbox)
    verifier = answer_consent(sandbox, ask_request_token(sandbox, session))["oauth_verifier"][0]
    assert trade(sandbox, session, verifier).status_code == 200
    again = trade(sandbox, session, verifier)
    assert (again.status_code, again.text) == (500, "request expired")


def test_a_request_token_expires(sandbox: RunningSandbox) -> None:
    session = session_of(sandbox)
    verifier = answer_consent(sandbox, ask_request_token(sandbox, session))["oauth_verifier"][0]
    sandbox.store.clock.advance(minutes=16)
    late = trade(sandbox, session, verifier)
    assert (late.status_code, late.text) == (500, "request expired")


def test_an_unknown_request_token_is_a_200_that_says_so(sandbox: RunningSandbox) -> None:
    session = session_of(sandbox, token="unknown", token_secret="unknown")
    answer = trade(sandbox, session, "anything")
    assert (answer.status_code, answer.text) == (200, "token not found")


def test_a_wrong_verifier_is_refused(sandbox: RunningSandbox) -> None:
    session = session_of(sandbox)
    answer_consent(sandbox, ask_request_token(sandbox, session))
    assert trade(sandbox, session, "wrong").status_code == 400


@pytest.mark.parametrize(
    ("credentials", "body"),
    [({"client_id": "unknown"}, "App not found"), ({"client_secret": "wrong"}, "{}")],
)
def test_wrong_key_or_secret_is_refused_as_trello_does(
    sandbox: RunningSandbox, credentials: dict[str, str], body: str
) -> None:
    given = {"client_id": sandbox.api_key, "client_secret": sandbox.api_secret, **credentials}
    auth = OAuth1Auth(redirect_uri=CALLBACK, **given)
    answer = requests.post(f"{sandbox.api_url}/OAuthGetRequestToken", auth=auth, timeout=5)
    assert (answer.status_code, answer.text) == (500, body)
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_callback_outside_the_allowed_origins_is_refused() -> None:
    with running_sandbox(boards=[], allowed_origins=["http://127.0.0.1:8000"]) as sandbox:
        token = ask_request_token(sandbox, session_of(sandbox))
        page = requests.get(
            f"{sandbox.api_url}/OAuthAuthorizeToken", params={"oauth_token": token}, timeout=5
        )
    assert page.status_code == 400
    assert "Invalid return_url" in page.text


def signed(caller: Caller, url: str) -> requests.PreparedRequest:
    return requests.Request("GET", url, auth=caller.auth).prepare()


def send(request: requests.PreparedRequest) -> Any:
    with requests.Session() as session:
        return session.send(request, timeout=5)


def test_a_tampered_request_is_refused(mina: Caller) -> None:
    request = signed(mina, f"{mina.sandbox.api_url}/members/me?fields=id")
    request.url = str(request.url).replace("fields=id", "fields=username")
    assert send(request).status_code == 401


def test_a_replayed_request_is_refused(mina: Caller) -> None:
    request = signed(mina, f"{mina.sandbox.api_url}/members/me")
    assert send(request).status_code == 200
    assert send(request).status_code == 401


def test_signatures_over_letters_beyond_ascii_hold(mina: Caller) -> None:
    assert mina.ask("/members/me", note="Zürich, 50 % ~ & more").status_code == 200


def test_a_revoked_token_is_dead(mina: Caller) -> None:
    assert mina.ask(f"/tokens/{mina.token.token}/", "DELETE").status_code == 200
    answer = mina.ask("/members/me")
    assert (answer.status_code, answer.text) == (401, "invalid token")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_an_unsigned_header_is_enough(mina: Caller) -> None:
    header = f'OAuth oauth_consumer_key="{mina.sandbox.api_key}", oauth_token="{mina.token.token}"'
    answer = requests.get(
        f"{mina.sandbox.api_url}/members/me", headers={"Authorization": header}, timeout=5
    )
    assert answer.json()["username"] == "mina"
