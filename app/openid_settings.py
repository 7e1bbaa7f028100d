"""Sign-in by OpenID Connect, as the environment sets it up: with whom, under what name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.loopback import is_loopback

LONGEST_ISSUER = 255
_LONGEST_NAME = 60
_REQUIRED = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")


@dataclass(frozen=True)
class OpenIdSettings:
    """The provider with which people sign in, and how Tally shows itself to it."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    """As people know it: they "sign in with" it."""


def read_openid(
    text: Callable[[str], str | None], public_url: str | None
) -> tuple[OpenIdSettings | None, bool]:
    """The provider, if any, and whether passwords are local too.

    `text` gives a setting by its name. Raises ValueError with a sentence that names what to mend.
    """
    openid = _provider(text, public_url)
    local = text("LOCAL_PASSWORDS") or "on"
    if local not in ("on", "off"):
        raise ValueError("LOCAL_PASSWORDS must be on or off.")
    if local == "off" and openid is None:
        raise ValueError(
            "LOCAL_PASSWORDS is off, and there is no other way to sign in: set OIDC_ISSUER, "
            "OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or set LOCAL_PASSWORDS to on."
        )
    return openid, local == "on"


def is_safe_address(url: object, *, may_be_plain: bool) -> bool:
    """Whether this is https, or where that is enough, http on this machine."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or " " in url or "\\" in url or parts.fragment or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and may_be_plain and is_loopback(host)
    )


def _provider(text: Callable[[str], str | None], public_url: str | None) -> OpenIdSettings | None:
    issuer, client_id, client_secret = (text(name) for name in _REQUIRED)
    name = text("OIDC_NAME")
    if not (issuer or client_id or client_secret or name):
        return None
    if not (issuer and client_id and client_secret):
        missing = next(one for one in _REQUIRED if not text(one))
        raise ValueError(
            f"{missing} is missing: set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET "
            "together, or no setting that begins with OIDC."
        )
    if (
        len(issuer) > LONGEST_ISSUER
        or "?" in issuer
        or not is_safe_address(issuer, may_be_plain=True)
    ):
        raise ValueError(
            "OIDC_ISSUER must be the https address of the provider, such as "
            "https://login.example.com, without a query; http does on this machine alone."
        )
    if public_url is None:
        raise ValueError(
            "OIDC_ISSUER needs PUBLIC_URL beside it, since people are sent back there: set "
            "PUBLIC_URL to where people reach Tally, such as https://tally.example.com."
        )
    if name and (len(name) > _LONGEST_NAME or not name.isprintable()):
        raise ValueError(f"OIDC_NAME must be a name of at most {_LONGEST_NAME} characters.")
    return OpenIdSettings(issuer, client_id, client_secret, name or "single sign-on")
