"""Who asks: a signed request, an unsigned OAuth header, or key and token as parameters."""

from urllib.parse import unquote
from urllib.request import parse_http_list, parse_keqv_list

from authlib.oauth1.rfc5849.errors import (
    InvalidClientError,
    InvalidNonceError,
    InvalidTokenError,
    MissingRequiredParameterError,
    OAuth1Error,
)
from flask import g, request

from sandbox.board import Board, Record
from sandbox.context import this_sandbox
from sandbox.credentials import AccessToken
from sandbox.oauth import guard
from sandbox.rest.answers import ID, NO_PERMISSION, NOT_FOUND, SHORT_LINK, ApiError


def identify() -> AccessToken:
    """The caller's token. Raises ApiError when the credentials do not hold."""
    given = _header_parameters()
    signed = "oauth_signature" in given or "oauth_signature" in request.values
    token = _signed_token() if signed else _named_token(given)
    store = this_sandbox().store
    if token.is_expired(store.clock.now()):
        store.drop_webhooks_of(token)
        raise ApiError(401, "expired token")
    return token


def board_for_reading(key: str) -> Board:
    """A board by id or short link, if the caller is on it."""
    if not (ID.fullmatch(key) or SHORT_LINK.fullmatch(key)):
        raise ApiError(400, "invalid id")
    for board in this_sandbox().store.boards.values():
        if key in (board.id, board.short_link):
            return _readable(board)
    raise ApiError(404, NOT_FOUND)


def card_for_reading(key: str) -> tuple[Board, Record]:
    if not (ID.fullmatch(key) or SHORT_LINK.fullmatch(key)):
        raise ApiError(400, "invalid id")
    try:
        board, card = this_sandbox().store.card(key)
    except KeyError:
        raise ApiError(404, NOT_FOUND) from None
    return _readable(board), card


def part_for_reading(id_: str, kind: str) -> tuple[Board, Record]:
    """A list or label by id with its board; `kind` is `lists` or `labels`."""
    if not ID.fullmatch(id_):
        raise ApiError(400, "invalid id")
    for board in this_sandbox().store.boards.values():
        parts: dict[str, Record] = getattr(board, kind)
        if id_ in parts:
            return _readable(board), parts[id_]
    raise ApiError(404, NOT_FOUND)


def _readable(board: Board) -> Board:
    if not board.has_member(g.member["id"]):
        raise ApiError(401, NO_PERMISSION)
    return board


def _header_parameters() -> dict[str, str]:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "oauth":
        return {}
    try:
        pairs = parse_keqv_list(parse_http_list(rest))
    except (IndexError, ValueError):
        return {}
    return {name: unquote(value) for name, value in pairs.items()}


def _signed_token() -> AccessToken:
    # The words for a wrong signature, nonce or timestamp are not on record.
    try:
        return guard().acquire_credential()
    except InvalidClientError:
        raise ApiError(401, "invalid key") from None
    except InvalidTokenError:
        raise ApiError(401, "invalid token") from None
    except InvalidNonceError:
        raise ApiError(401, "invalid nonce") from None
    except MissingRequiredParameterError as error:
        raise ApiError(401, str(error.description)) from None
    except OAuth1Error as error:
        raise ApiError(401, str(error.error).replace("_", " ")) from None
    except ValueError:
        raise ApiError(401, "invalid signature") from None


def _named_token(given: dict[str, str]) -> AccessToken:
    key = given.get("oauth_consumer_key") or request.values.get("key")
    name = given.get("oauth_token") or request.values.get("token")
    if key != this_sandbox().client.key:
        raise ApiError(401, "invalid key")
    if not name:
        raise ApiError(401, "missing scopes")
    try:
        return this_sandbox().store.tokens[name]
    except KeyError:
        raise ApiError(401, "invalid token") from None
