"""OAuth 1.0a: three legs with Trello's routes and refusals, signatures verified by Authlib."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from authlib.integrations.flask_oauth1 import AuthorizationServer, ResourceProtector
from authlib.oauth1 import OAuth1Request
from authlib.oauth1.rfc5849.errors import (
    InvalidClientError,
    InvalidRequestError,
    InvalidTokenError,
    MissingRequiredParameterError,
    OAuth1Error,
)
from flask import Response, g, request

from sandbox.consent import register_consent
from sandbox.context import SandboxApp, this_sandbox
from sandbox.credentials import AccessToken, ApiClient, RequestToken

TEXT = "text/plain; charset=utf-8"
# Authlib refuses timestamps older than five minutes, so older nonces need not be known.
NONCES_KEPT = timedelta(minutes=10)


class RequestExpired(OAuth1Error):  # type: ignore[misc]
    """A request token that is too old, or was traded before."""

    error = "request_expired"


class OAuthState:
    """Request tokens and nonces. They are not persisted: the walk through consent is short."""

    def __init__(self, app: SandboxApp) -> None:
        self._app = app
        self._nonces: dict[tuple[str, ...], float] = {}
        self.request_tokens: dict[str, RequestToken] = {}

    def client(self, key: str) -> ApiClient | None:
        return self._app.client if key == self._app.client.key else None

    def exists_nonce(self, nonce: str, timestamp: str, key: str, token: str | None) -> bool:
        """Whether this request was seen before; if not, it has been now."""
        store = self._app.store
        now = store.clock.now().timestamp()
        with store.lock:
            oldest = now - NONCES_KEPT.total_seconds()
            self._nonces = {seen: at for seen, at in self._nonces.items() if at > oldest}
            known = (nonce, timestamp, key, token or "")
            if known in self._nonces:
                return True
            self._nonces[known] = now
        return False

    def create_request_token(self, _token: Any, _key: str, callback: str) -> RequestToken:
        created = RequestToken(callback, self._app.store.clock.now())
        self.request_tokens[created.token] = created
        return created

    def tradable(self, token: str) -> RequestToken | None:
        found = self.request_tokens.get(token)
        if found and not found.is_usable(self._app.store.clock.now()):
            raise RequestExpired
        return found

    def spend(self, token: str) -> None:
        """Kept, not deleted: a second try is told that the request expired."""
        if token in self.request_tokens:
            self.request_tokens[token].is_spent = True

    def trade(self, _token: Any, request_token: RequestToken) -> AccessToken:
        return self._app.store.grant(request_token)

    def access_token(self, _key: str, token: str) -> AccessToken | None:
        return self._app.store.tokens.get(token)


class TrelloAuthorizationServer(AuthorizationServer):  # type: ignore[misc]
    """Authlib's provider with Trello's manners."""

    @property
    def TEMPORARY_CREDENTIALS_METHOD(self) -> str:  # noqa: N802 - Authlib's name
        """Trello takes GET and POST alike."""
        return request.method

    def create_oauth1_request(self, _request: Any) -> OAuth1Request:
        form = request.form.to_dict(flat=True) or None
        made = OAuth1Request(request.method, signed_url(), form, request.headers)
        # Without a callback Trello shows the verifier to the person instead of sending it back.
        made.oauth_params.setdefault("oauth_callback", "oob")
        return made

    def handle_response(self, status_code: int, payload: Any, headers: Any) -> Response:
        # Authlib writes Python's "True"; Trello says "true".
        pairs = [(name, "true" if value is True else value) for name, value in payload]
        response: Response = super().handle_response(status_code, pairs, headers)
        response.content_type = TEXT
        return response

    def handle_error_response(self, error: OAuth1Error) -> Response:
        status, body = _refusal(error)
        return Response(body, status=status, content_type=TEXT)


class TrelloResourceProtector(ResourceProtector):  # type: ignore[misc]
    def acquire_credential(self) -> AccessToken:
        """The token of a signed request. Raises OAuth1Error."""
        form = request.form.to_dict(flat=True)
        checked = self.validate_request(request.method, signed_url(), form, request.headers)
        credential: AccessToken = checked.credential
        g.authlib_server_oauth1_credential = credential
        return credential


def signed_url() -> str:
    """The address as the client signed it.

    Flask's `request.url` is decoded for reading, and a signature over a query with letters
    beyond ASCII would never match it.
    """
    path = quote(request.path, safe="/~!$&'()*+,;=:@%")
    query = request.query_string.decode("latin-1")
    return request.host_url.rstrip("/") + path + (f"?{query}" if query else "")


def register(app: SandboxApp) -> None:
    state = OAuthState(app)
    server = TrelloAuthorizationServer(app, query_client=state.client)
    server.register_hook("exists_nonce", state.exists_nonce)
    server.register_hook("create_temporary_credential", state.create_request_token)
    server.register_hook("get_temporary_credential", state.tradable)
    server.register_hook("delete_temporary_credential", state.spend)
    server.register_hook("create_token_credential", state.trade)
    app.extensions["sandbox_oauth"] = state
    app.extensions["sandbox_guard"] = TrelloResourceProtector(
        app,
        query_client=state.client,
        query_token=state.access_token,
        exists_nonce=state.exists_nonce,
    )

    @app.route("/1/OAuthGetRequestToken", methods=["GET", "POST"])
    def get_request_token() -> Response:
        return _answered(server.create_temporary_credentials_response)

    @app.route("/1/OAuthGetAccessToken", methods=["GET", "POST"])
    def get_access_token() -> Response:
        return _answered(server.create_token_response)

    register_consent(app, state.request_tokens)


def guard() -> TrelloResourceProtector:
    protector: TrelloResourceProtector = this_sandbox().extensions["sandbox_guard"]
    return protector


def _answered(answer: Any) -> Response:
    try:
        response: Response = answer()
    except ValueError:  # Authlib's word for a header that is not OAuth at all
        return Response(status=400, content_type=TEXT)
    return response


def _refusal(error: OAuth1Error) -> tuple[int, str]:
    """What Trello was seen to answer. A bad signature, nonce or timestamp all look alike."""
    if isinstance(error, RequestExpired):
        return 500, "request expired"
    if isinstance(error, InvalidTokenError):
        return 200, "token not found"
    if isinstance(error, InvalidClientError):
        return 500, "App not found"
    if isinstance(error, MissingRequiredParameterError):
        is_without_key = "oauth_consumer_key" in str(error.description)
        return (500, "App not found") if is_without_key else (400, "")
    if isinstance(error, InvalidRequestError) and "oauth_verifier" in str(error.description):
        return 400, ""
    return 500, "{}"
