"""ID tokens: what the provider says about someone, once every check has passed."""

from collections.abc import Sequence
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

from app.accounts.forms import email_problem
from app.accounts.openid.identity import Identity
from app.accounts.openid.provider import Provider, Tokens
from app.accounts.openid.troubles import UNTRUSTED, OpenIdFailed

CLOCKS_APART = 60
"""Seconds by which the provider's clock and this one may differ."""
LONGEST_SUBJECT = 255

_KEY_OF = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
"""What may have signed, with the kind of key for it. Never "none", and nothing like HS256, which
anyone could sign with who knows what is no secret: a public key."""


def identity_from(provider: Provider, tokens: Tokens, nonce: str) -> Identity:
    """Raises OpenIdFailed for an ID token that does not pass every check."""
    issuer = provider.description().issuer
    try:
        token = _signed_by(provider, tokens.id_token)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": provider.settings.client_id},
                "sub": {"essential": True},
            },
            {
                "nonce": nonce,
                "client_id": provider.settings.client_id,
                # Authlib knows no hash of access tokens for Edwards curves.
                "access_token": tokens.access_token if token.header["alg"][:2] != "Ed" else None,
            },
        )
        claims.validate(leeway=CLOCKS_APART)
    except (JoseError, ValueError, TypeError, OverflowError, RecursionError) as error:
        # Its type, and for the library's own errors the claim: neither holds what was claimed.
        reason = str(error) if isinstance(error, JoseError) else type(error).__name__
        raise OpenIdFailed(UNTRUSTED, f"the ID token is refused: {reason[:200]}") from error
    subject = claims["sub"]
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isascii():
        raise OpenIdFailed(UNTRUSTED, "the subject is none, too long, or not ASCII")
    is_told = "email" in claims and "email_verified" in claims
    said = claims if is_told else provider.told_about(tokens.access_token, subject)
    return Identity(issuer, subject, _verified_email(said))


def _signed_by(provider: Provider, id_token: str) -> jwt.Token:
    """Raises JoseError, OpenIdFailed, and what broken texts bring about."""
    header = jws.extract_compact(id_token.encode()).headers()
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _KEY_OF:
        raise OpenIdFailed(UNTRUSTED, "the ID token is not signed, or not by RS256 or its like")
    fitting = _fitting(provider.keys(), algorithm, key_id)
    if not fitting:  # the provider may have new keys
        fitting = _fitting(provider.keys(fresh=True), algorithm, key_id)
    for key in fitting:
        try:
            registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
            return jwt.decode(id_token, key, registry=registry)
        except JoseError:
            continue
    raise OpenIdFailed(UNTRUSTED, "none of the provider's keys has signed the ID token")


def _fitting(keys: Sequence[Key], algorithm: str, key_id: object) -> Sequence[Key]:
    kind = _KEY_OF[algorithm]
    return [one for one in keys if one.key_type == kind and key_id in (None, one.kid)]


def _verified_email(said: dict[str, Any]) -> str | None:
    """Only as it stands there: what looks alike may be someone else's at the provider."""
    email = said.get("email")
    if said.get("email_verified") is not True or not isinstance(email, str):
        return None
    lower = email.lower()
    # Some letters beyond ASCII become others in lower case, such as the Kelvin sign a k.
    is_itself = email.isascii() or lower == email
    return lower if is_itself and email_problem(lower) is None else None
