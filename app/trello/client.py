"""Trello's REST API: the only code that knows its addresses."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from authlib.integrations.requests_client import OAuth1Auth

from app.trello import answers
from app.trello.answers import BoardFrame, BoardName, Card, Member
from app.trello.failures import (
    BoardLost,
    KeyRefused,
    Limited,
    OddAnswer,
    TokenRefused,
    TooMuchAsked,
    TrelloError,
    Unavailable,
)

log = logging.getLogger(__name__)

TIMEOUT = (3.05, 30)
"""Seconds to connect and to wait between bytes; Trello itself gives up on a request after 30."""
LONGEST_ANSWER = 64 * 1024 * 1024
LONGEST_TRANSFER = 20
"""Seconds after which an answer that still trickles in is given up. Together with the waiting
before it, it has to stay below runs.LEASE."""
PAGE = 1000
"""The most cards Trello hands out in one answer."""
MOST_PAGES = 100
LIMIT_WINDOW = timedelta(seconds=10)
"""Trello counts requests in windows of ten seconds; a 429 ends with its window."""

_SLOW = "Trello did not answer in time. The last good value stays; it is tried again by itself."
_DOWN = "Trello could not be reached. The last good value stays; it is tried again by itself."
_TOKEN = (
    "Trello no longer accepts this connection: it was revoked or has expired. "
    "Its owner has to reconnect it."
)
_KEY = (
    "Trello does not accept the API key and secret. "
    "An admin has to check them under Admin, Integrations, Trello."
)
_LOST = (
    "The Trello account of this connection can no longer read this board: it was deleted, or "
    "the account was taken off it. Give the account access again, or choose another board."
)


@dataclass(frozen=True)
class Credentials:
    """What signs a request. Nothing of it is ever shown."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)


_BOARD_ID = re.compile(r"[0-9A-Za-z]{8,64}")
_FRAME = {
    "fields": answers.BOARD_FIELDS,
    "lists": "all",
    "list_fields": answers.LIST_FIELDS,
    "labels": "all",
    "label_fields": answers.LABEL_FIELDS,
    "labels_limit": str(answers.MOST_LABELS),
    "members": "all",
    "member_fields": answers.MEMBER_FIELDS,
}


class Trello:
    """Trello as one account sees it. Every call is signed and limited in time."""

    def __init__(
        self,
        credentials: Credentials,
        api_url: str,
        timeout: tuple[float, float] = TIMEOUT,
        before_request: Callable[[], None] = lambda: None,
    ) -> None:
        self._api_url = api_url
        self._credentials = credentials
        self._timeout = timeout
        self._before_request = before_request
        self._session = requests.Session()
        self._session.auth = OAuth1Auth(
            credentials.api_key,
            credentials.api_secret,
            token=credentials.token,
            token_secret=credentials.token_secret,
        )

    def me(self) -> Member:
        """Whose account this is. Trello allows few of these calls, so keep the answer."""
        return answers.parse_member(self._get("/members/me", fields="username,fullName"))

    def open_boards(self) -> list[BoardName]:
        """The boards the account can read that are not closed, in the order of their names."""
        answer = self._get("/members/me/boards", filter="open", fields=answers.BOARD_FIELDS)
        boards = answers.parse_all(answer, answers.parse_board_name)
        return sorted(
            (board for board, is_closed in boards if not is_closed),
            key=lambda board: (board.name.casefold(), board.id),
        )

    def board(self, board_id: str) -> tuple[BoardFrame, tuple[Card, ...]]:
        """The whole board: all its lists, labels and members, and all its cards of any kind.

        One request up to 1,000 cards. Beyond, it is not certain which cards a nested answer
        holds, so all of them are asked for page by page until a page is empty.
        """
        if not _BOARD_ID.fullmatch(board_id):
            raise BoardLost(_LOST)
        path = f"/boards/{board_id}"
        try:
            answer = self._get(path, **_FRAME, cards="all", card_fields=answers.CARD_FIELDS)
            cards = answers.parse_cards(answer.get("cards") if isinstance(answer, dict) else None)
            is_whole = len(cards) < PAGE
        except TooMuchAsked:
            answer, cards, is_whole = self._get(path, **_FRAME), (), False
        frame = answers.parse_frame(answer)
        if frame.id != board_id:
            raise OddAnswer("another board than the one asked for")
        return frame, cards if is_whole else tuple(self._all_cards(path))

    def revoke(self) -> None:
        """Make the token worthless at Trello. A token that already is raises TokenRefused."""
        self._call("DELETE", f"/tokens/{self._credentials.token}")

    def _all_cards(self, path: str) -> Iterator[Card]:
        """Newest first, by creation: the id of the oldest card seen leads to the next page."""
        seen: set[str] = set()
        before: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = answers.parse_cards(
                self._get(
                    f"{path}/cards/all", limit=str(PAGE), fields=answers.CARD_FIELDS, **before
                )
            )
            if not page:
                return
            if any(card.id in seen for card in page):
                raise OddAnswer("a page of cards that was there before")
            seen.update(card.id for card in page)
            before = {"before": min(card.id for card in page)}
            yield from page
        raise OddAnswer("pages of cards without end")

    def _get(self, path: str, **query: str) -> Any:
        return self._call("GET", path, query)

    def _call(self, method: str, path: str, query: dict[str, str] | None = None) -> Any:
        self._before_request()
        try:
            with self._session.request(
                method,
                self._api_url + path,
                params=query,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = read_whole(response)
        except requests.Timeout as error:
            raise Unavailable(_SLOW) from error
        except requests.RequestException as error:
            raise Unavailable(_DOWN) from error
        if response.status_code == 200:
            return _parsed(response, body)
        log.warning("Trello refused a request", extra={"status": response.status_code})
        failure = _failure(response, body, is_of_board=path.startswith("/boards/"))
        if failure is None:
            failure = TokenRefused(_TOKEN) if self._is_token_dead(path) else BoardLost(_LOST)
        raise failure

    def _is_token_dead(self, refused_path: str) -> bool:
        """After a 401 that does not say why: a token that can't even say whose it is, is dead."""
        if not refused_path.startswith("/boards/"):
            return True
        try:
            self.me()
        except TokenRefused:
            return True
        return False


def read_whole(response: requests.Response, longest: int = LONGEST_ANSWER) -> bytes:
    """The whole body, within limits of size and time that a bare timeout does not set.

    Raises OddAnswer beyond `longest` bytes, Unavailable when it takes too long or breaks off.
    """
    deadline = datetime.now(UTC) + timedelta(seconds=LONGEST_TRANSFER)
    parts: list[bytes] = []
    size = 0
    try:
        # read1 gives what is there; read would wait for a full part, past any deadline.
        while part := response.raw.read1(256 * 1024, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > longest:
                raise OddAnswer(f"an answer of more than {longest} bytes")
            if datetime.now(UTC) > deadline:
                raise Unavailable(_SLOW)
    except urllib3.exceptions.TimeoutError as error:
        raise Unavailable(_SLOW) from error
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(_DOWN) from error
    return b"".join(parts)


def _parsed(response: requests.Response, body: bytes) -> Any:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise OddAnswer(f"an answer of type {kind[:40] or 'unknown'}")
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise OddAnswer("an answer that is no JSON") from error


def _no_constant(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _failure(response: requests.Response, body: bytes, is_of_board: bool) -> TrelloError | None:
    """What a refusal means; None for a 401 that may mean the token or the board.

    Trello's refusals are mostly plain text, and its wording is all that tells some apart.
    """
    status = response.status_code
    said = body[:500].decode("utf-8", "replace").lower()
    if status == 429:
        return Limited(
            "Trello asked us to slow down. The last good value stays; it is tried again by itself.",
            retry_after=_retry_after(response),
        )
    if status in (400, 401) and ("invalid token" in said or "expired token" in said):
        return TokenRefused(_TOKEN)
    if status == 401:
        if "invalid key" in said or "invalid app key" in said:
            return KeyRefused(_KEY)
        if "unauthorized permission requested" in said and is_of_board:
            return BoardLost(_LOST)
        return None
    if status == 403 and "too" in said and "many" in said:
        return TooMuchAsked(f"status {status}")
    if is_of_board and (status in (403, 404) or (status == 400 and "invalid id" in said)):
        return BoardLost(_LOST)
    if status >= 500 or status in (408, 449):
        return Unavailable(_DOWN)
    return OddAnswer(f"status {status}")


def _retry_after(response: requests.Response) -> timedelta:
    """As told, in seconds or as a date; else the rest of the window; never over an hour."""
    told = response.headers.get("Retry-After", "").strip()
    wait = LIMIT_WINDOW
    if told.isascii() and told.isdigit():
        wait = timedelta(seconds=int(told[:9]))
    elif told:
        try:
            wait = parsedate_to_datetime(told) - datetime.now(UTC)
        except (TypeError, ValueError):
            log.info("Trello sent a Retry-After that says nothing")
    else:
        interval = response.headers.get("x-rate-limit-api-token-interval-ms", "")
        if interval.isascii() and interval.isdigit():
            wait = timedelta(milliseconds=int(interval[:9]))
    return min(max(wait, timedelta(seconds=1)), timedelta(hours=1))
