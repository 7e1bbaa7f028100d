"""What the sandbox hands out to applications: request tokens and access tokens."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest

from sandbox.clock import from_iso

REQUEST_TOKEN_LIFE = timedelta(minutes=15)
LIFETIMES = {
    "1hour": timedelta(hours=1),
    "1day": timedelta(days=1),
    "30days": timedelta(days=30),
    "never": None,
}
DEFAULT_EXPIRATION = "30days"
SCOPES = ("read", "write", "account")


@dataclass(frozen=True)
class ApiClient:
    """The one application registered with the sandbox, as Authlib's server asks for it."""

    key: str
    secret: str

    def get_client_secret(self) -> str:
        return self.secret

    def get_default_redirect_uri(self) -> None:
        return None

    def get_rsa_public_key(self) -> None:
        return None


@dataclass
class RequestToken:
    """The first leg's token. It lives a quarter of an hour and can be traded once."""

    callback: str
    created_at: datetime
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    verifier: str | None = None
    member_id: str = ""
    scopes: tuple[str, ...] = ("read",)
    expiration: str = DEFAULT_EXPIRATION
    app_name: str = ""
    is_spent: bool = False

    def is_usable(self, now: datetime) -> bool:
        return not self.is_spent and now - self.created_at < REQUEST_TOKEN_LIFE

    def allow(
        self, member_id: str, *, scopes: tuple[str, ...], expiration: str, app_name: str
    ) -> str:
        """Remember what the member consented to. Returns the verifier for the callback."""
        self.member_id = member_id
        self.scopes = scopes
        self.expiration = expiration
        self.app_name = app_name
        self.verifier = secrets.token_hex(16)
        return self.verifier

    def get_oauth_token(self) -> str:
        return self.token

    def get_oauth_token_secret(self) -> str:
        return self.secret

    def check_verifier(self, verifier: str) -> bool:
        return self.verifier is not None and compare_digest(self.verifier, verifier)


@dataclass
class AccessToken:
    """A member's grant to the application. Times are in Trello's form, as they are stored."""

    id: str
    member_id: str
    app_name: str
    scopes: list[str]
    created_at: str
    expires_at: str | None
    # Trello's are 76 characters long since 2023 and begin like this.
    token: str = field(default_factory=lambda: "ATTA" + secrets.token_hex(36))
    secret: str = field(default_factory=lambda: secrets.token_hex(32))

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and from_iso(self.expires_at) <= now

    def get_oauth_token(self) -> str:
        return self.token

    def get_oauth_token_secret(self) -> str:
        return self.secret
