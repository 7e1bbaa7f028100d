"""Signing in at Trello: the only module that knows the protocol, which is OAuth 1.0a.

Whatever the protocol, it goes like this: `begin` gives the address to send the person to and a
secret to keep meanwhile, `came_back` reads the address they come back on, `finish` trades both
for a grant.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import requests
from flask import current_app

from app.bounded_answers import bound_answers
from app.config import Config
from app.trello.app_keys import AppKeys
from app.trello.client import read_whole
from app.trello.failures import TrelloError
from app.trello.sign_in_failures import (
    BUSY,
    KEY_UNKNOWN,
    KEYS_REFUSED,
    ODD,
    REFUSED,
    UNREACHABLE,
    SignInFailed,
    Trouble,
    trouble_of,
)
from app.trello.signature import Signature
from app.trello.waiting import PATIENCE, page_waits

log = logging.getLogger(__name__)

LONGEST_TOKEN = 16 * 1024
"""Bytes of an answer that holds a token: tokens grow, but not beyond this."""


@dataclass(frozen=True)
class Begun:
    """A sign-in that is under way."""

    address: str = field(repr=False)
    """Where to send the person."""
    name: str = field(repr=False)
    """By which it will be known when they come back."""
    secret: str = field(repr=False)


@dataclass(frozen=True)
class CameBack:
    """What someone brings back from Trello."""

    name: str | None = field(repr=False)
    proof: str | None = field(repr=False)
    """None unless access was granted."""


@dataclass(frozen=True)
class Grant:
    """The right to read as one Trello account, until it is revoked."""

    token: str = field(repr=False)
    token_secret: str = field(repr=False)


def begin(keys: AppKeys, callback: str, app_name: str) -> Begun:
    """Ask Trello for a sign-in. Raises SignInFailed."""
    auth = Signature(keys.key, keys.secret, redirect_uri=callback)
    token = _token_from("OAuthGetRequestToken", auth, if_refused=KEYS_REFUSED)
    query = {
        "oauth_token": token.token,
        "scope": "read",
        "expiration": "never",
        "name": app_name,
    }
    address = f"{_oauth_url()}/OAuthAuthorizeToken?{urlencode(query)}"
    return Begun(address, token.token, token.token_secret)


def came_back(arguments: Mapping[str, str]) -> CameBack:
    return CameBack(arguments.get("oauth_token") or None, arguments.get("oauth_verifier") or None)


def finish(keys: AppKeys, name: str, secret: str, proof: str) -> Grant:
    """Trade a sign-in that came back for a grant. Raises SignInFailed."""
    auth = Signature(keys.key, keys.secret, token=name, token_secret=secret, verifier=proof)
    return _token_from("OAuthGetAccessToken", auth, if_refused=REFUSED)


def _token_from(route: str, auth: Signature, if_refused: Trouble) -> Grant:
    """One of the two signed requests; both are answered by a token and its secret."""
    try:
        with page_waits(), requests.Session() as session:
            bound_answers(session)
            response = session.post(
                f"{_oauth_url()}/{route}",
                auth=auth,
                timeout=PATIENCE,
                allow_redirects=False,
                stream=True,
            )
            said = read_whole(response, LONGEST_TOKEN).decode("utf-8", "replace").strip()
    except requests.RequestException as error:
        raise SignInFailed(UNREACHABLE) from error
    except TrelloError as error:
        raise SignInFailed(trouble_of(error)) from error
    if response.status_code == 200:
        return _parsed(said)
    log.warning("Trello refused a sign-in", extra={"status": response.status_code})
    raise SignInFailed(_meaning(response.status_code, said.lower(), if_refused))


def _parsed(said: str) -> Grant:
    parts = dict(parse_qsl(said))
    token, secret = parts.get("oauth_token"), parts.get("oauth_token_secret")
    if not token or not secret:
        # Trello's word for a sign-in that it does not know, with status 200.
        raise SignInFailed(REFUSED if said.lower() == "token not found" else ODD)
    return Grant(token, secret)


def _meaning(status: int, said: str, if_refused: Trouble) -> Trouble:
    """Trello's refusals of a signed request come with status 500, like its own failures."""
    if "app not found" in said or "invalid key" in said:
        return KEY_UNKNOWN
    if status == 429:
        return BUSY
    if status in (400, 401, 403) or said in ("{}", "request expired", "token not found"):
        return if_refused
    return UNREACHABLE if status >= 500 else ODD


def _oauth_url() -> str:
    config: Config = current_app.extensions["tally_config"]
    return config.trello_oauth_url
