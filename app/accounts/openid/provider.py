"""The provider: what it says about itself, its keys, and codes traded for tokens."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.requests_client import OAuth2Auth
from authlib.integrations.requests_client.oauth2_session import OAuth2ClientAuth
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from app.accounts.openid.fetching import Answer, fetch
from app.accounts.openid.troubles import ODD, REFUSED, UNREACHABLE, OpenIdFailed
from app.openid_settings import OpenIdSettings, is_safe_address

KEPT_FOR = 3600
"""Seconds for which the description and the keys are not asked for again."""
_WELL_KNOWN = "/.well-known/openid-configuration"
_KINDS = {"RSA", "EC", "OKP"}
"""Of keys that only the provider can sign with; never "oct", which both sides know."""


@dataclass(frozen=True)
class Description:
    """Where the provider is asked for what."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    auth_method: str
    """How Tally shows its secret at the token endpoint."""
    names_itself: bool
    """Whether it says who it is when it sends people back (RFC 9207)."""


@dataclass(frozen=True)
class Tokens:
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


class Provider:
    """The provider of the settings. Asked when somebody signs in, and not before."""

    def __init__(self, settings: OpenIdSettings) -> None:
        self.settings = settings
        self._description: tuple[float, Description] | None = None
        self._keys: tuple[float, Sequence[Key]] | None = None

    def description(self) -> Description:
        """What the provider says about itself, not older than an hour. Raises OpenIdFailed."""
        if self._description is None or time.monotonic() - self._description[0] > KEPT_FOR:
            answer = fetch("GET", self.settings.issuer.rstrip("/") + _WELL_KNOWN)
            said = _good(answer, "the description")
            self._description = time.monotonic(), _described(said, self.settings.issuer)
        return self._description[1]

    def keys(self, *, fresh: bool = False) -> Sequence[Key]:
        """Its public keys, not older than an hour, or fetched now. Raises OpenIdFailed."""
        if fresh or self._keys is None or time.monotonic() - self._keys[0] > KEPT_FOR:
            said = _good(fetch("GET", self.description().jwks_uri), "the keys")
            self._keys = time.monotonic(), _public_keys(said.get("keys"))
        return self._keys[1]

    def trade(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """Trade what someone brought back for tokens. Raises OpenIdFailed."""
        description = self.description()
        answer = fetch(
            "POST",
            description.token_endpoint,
            auth=OAuth2ClientAuth(
                self.settings.client_id, self.settings.client_secret, description.auth_method
            ),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            },
        )
        if answer.status != 200:
            raise _no_tokens(answer)
        id_token, access_token = answer.said.get("id_token"), answer.said.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise OpenIdFailed(ODD, "no ID token")
        return Tokens(id_token, access_token)

    def told_about(self, access_token: str, subject: str) -> dict[str, Any]:
        """What the provider tells of this subject beside the ID token; empty for nothing.

        Raises OpenIdFailed.
        """
        address = self.description().userinfo_endpoint
        if address is None:
            return {}
        auth = OAuth2Auth({"access_token": access_token, "token_type": "bearer"})
        said = _good(fetch("GET", address, auth=auth), "what is known of the person")
        if said.get("sub") != subject:
            raise OpenIdFailed(ODD, "what is known of the person is about another one")
        return said


def error_code(said: object) -> str:
    """The provider's word for an error, such as "invalid_grant", if that is what it is."""
    is_word = isinstance(said, str) and re.fullmatch(r"[a-z_]{1,40}", said)
    return str(said) if is_word else "an error without a name"


def _no_tokens(answer: Answer) -> OpenIdFailed:
    code = error_code(answer.said.get("error"))
    reason = f"no tokens, but status {answer.status}, {code}"
    if code == "invalid_grant":  # it was used before, or is too old
        return OpenIdFailed(REFUSED, reason)
    return OpenIdFailed(UNREACHABLE if answer.status >= 500 else ODD, reason)


def _good(answer: Answer, what: str) -> dict[str, Any]:
    if answer.status == 200:
        return answer.said
    trouble = UNREACHABLE if answer.status >= 500 else ODD
    raise OpenIdFailed(trouble, f"{what} came with status {answer.status}")


def _described(said: dict[str, Any], issuer: str) -> Description:
    """Raises OpenIdFailed where it is another's, or leads where nobody may be sent."""
    itself = said.get("issuer")
    if not isinstance(itself, str) or itself.rstrip("/") != issuer.rstrip("/"):
        raise OpenIdFailed(ODD, "the provider does not call itself as OIDC_ISSUER does")
    may_be_plain = issuer.startswith("http://")
    addresses = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        address = said.get(name)
        if address is None and name == "userinfo_endpoint":
            continue
        if not is_safe_address(address, may_be_plain=may_be_plain):
            raise OpenIdFailed(ODD, f"the provider gives no https address as {name}")
        addresses[name] = str(address)
    return Description(
        issuer=itself,
        authorization_endpoint=addresses["authorization_endpoint"],
        token_endpoint=addresses["token_endpoint"],
        jwks_uri=addresses["jwks_uri"],
        userinfo_endpoint=addresses.get("userinfo_endpoint"),
        auth_method=_auth_method(said.get("token_endpoint_auth_methods_supported")),
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _auth_method(offered: object) -> str:
    if offered is None:
        return "client_secret_basic"  # what the specification has it mean
    for method in ("client_secret_basic", "client_secret_post"):
        if isinstance(offered, list) and method in offered:
            return method
    raise OpenIdFailed(ODD, "the provider takes no client secret, neither by basic nor by post")


def _public_keys(said: object) -> Sequence[Key]:
    """The keys that may have signed; others, and those that can't be read, are left out."""
    keys = []
    for one in said if isinstance(said, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in _KINDS or one.get("use") == "enc":
            continue
        try:
            keys.append(JWKRegistry.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return keys
