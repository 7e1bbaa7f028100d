"""The way to the provider and back: authorization code with PKCE, state and nonce."""

from collections.abc import Mapping

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import url_for

from app.accounts.openid.id_token import identity_from
from app.accounts.openid.identity import Identity
from app.accounts.openid.pending import Pending, remember, take
from app.accounts.openid.provider import Description, Provider, error_code
from app.accounts.openid.troubles import REFUSED, STOPPED, UNTRUSTED, OpenIdFailed
from app.db import db
from app.security import site_origin


def begin(provider: Provider, target: str) -> str:
    """The address at the provider to send this browser to. Raises OpenIdFailed."""
    db.end_reading()
    description = provider.description()
    pending = Pending(target)
    remember(pending)
    address: str = prepare_grant_uri(
        description.authorization_endpoint,
        client_id=provider.settings.client_id,
        response_type="code",
        redirect_uri=_redirect_uri(),
        scope="openid email",
        state=pending.state,
        nonce=pending.nonce,
        code_challenge=create_s256_code_challenge(pending.verifier),
        code_challenge_method="S256",
    )
    return address


def complete(provider: Provider, arguments: Mapping[str, str]) -> tuple[Identity, Pending]:
    """Who came back, and from which sign-in. Each works once, in the browser that began it.

    Raises OpenIdFailed. Ends the transaction, and commits.
    """
    pending = take(arguments.get("state", ""))
    _check_sender(provider.description(), arguments)
    if "error" in arguments:
        code = error_code(arguments["error"])
        trouble = STOPPED if code == "access_denied" else REFUSED
        raise OpenIdFailed(trouble, f"the provider says {code}")
    code = arguments.get("code", "")
    if not code:
        raise OpenIdFailed(STOPPED, "the provider gave no code")
    tokens = provider.trade(code, pending.verifier, _redirect_uri())
    return identity_from(provider, tokens, pending.nonce), pending


def _check_sender(description: Description, arguments: Mapping[str, str]) -> None:
    """That it is this provider's answer and not another's, where it says so (RFC 9207)."""
    sender = arguments.get("iss")
    if sender is None and not description.names_itself:
        return
    if sender != description.issuer:
        raise OpenIdFailed(UNTRUSTED, "someone else answered in the provider's place")


def _redirect_uri() -> str:
    return site_origin() + url_for("accounts.openid_callback")
