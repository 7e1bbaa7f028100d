"""Trello's REST API: the only code that knows its addresses."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import quote, urlencode

import requests
import urllib3

from app.bounded_answers import TIME_TO_ANSWER, bound_answers
from app.counters import TRELLO_REQUESTS, counters
from app.db import utcnow
from app.trello import answers
from app.trello.answers import BoardFrame, BoardName, Card, Member
from app.trello.card_answers import parse_card_ids, parse_cards
from app.trello.failures import (
    BoardLost,
    KeyRefused,
    Limited,
    OddAnswer,
    TokenRefused,
    TooMuchAsked,
    TrelloError,
    Unavailable,
    WebhookRefused,
)
from app.trello.past.actions import ACTION_FIELDS, ACTION_TYPES, Action, parse_actions
from app.trello.signature import Signature
from app.trello.webhooks.answers import TrellosWebhook, parse_webhook

log = logging.getLogger(__name__)

TIMEOUT = (3.05, 30)
"""Seconds to connect and to wait between bytes; Trello itself gives up on a request after 30."""
LONGEST_ANSWER = 64 * 1024 * 1024
PAGE = 1000
"""The most cards Trello hands out in one answer."""
MOST_PAGES = 100
LIMIT_WINDOW = timedelta(seconds=10)
"""Trello counts requests in windows of ten seconds; a 429 ends with its window."""

SIGNATURE_LIFE = timedelta(minutes=4)
"""How far our clock may be from Trello's; a signature is good for five minutes, says OAuth."""

_OTHER_LIMITS = {
    "api_key_limit": ("api-key", LIMIT_WINDOW),
    "db_limit": ("db-query-time", timedelta(minutes=10)),
    "/1/member": ("members", timedelta(minutes=15)),
}
"""By a word of the refusal: the middle of the headers that tell of it, and its window."""

_SLOW = "Trello did not answer in time. The last good value stays; it is tried again by itself."
_DOWN = "Trello could not be reached. The last good value stays; it is tried again by itself."
_TOKEN = (
    "Trello no longer accepts this connection: it was revoked or has expired. "
    "It has to be reconnected."
)
_CLOCK = (
    "The clock of Tally's server is wrong, so Trello refuses what it signs. The last good value "
    "stays; it is tried again by itself. Whoever runs Tally has to set the clock."
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
_WEBHOOKS = "/webhooks/"
_ME = "/members/me"
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
        take_turn: Callable[[str], None] = lambda path: None,
        line: requests.Session | None = None,
        after_page: Callable[[int], None] = lambda card_count: None,
    ) -> None:
        """`line` is one of `open_line`, to ask for several accounts one after another.

        `after_page` hears how many cards are read of a board that is read page by page.
        """
        self._api_url = api_url
        self._credentials = credentials
        self._timeout = timeout
        self._before_request = before_request
        self._take_turn = take_turn
        self._after_page = after_page
        self._line = line or open_line(api_url)
        self._auth = Signature(
            credentials.api_key,
            credentials.api_secret,
            token=credentials.token,
            token_secret=credentials.token_secret,
        )

    def me(self) -> Member:
        """Whose account this is. Trello allows few of these calls, so keep the answer."""
        return answers.parse_member(self._get(_ME, fields="username,fullName"))

    def open_boards(self) -> list[BoardName]:
        """The boards the account can read that are not closed, in the order of their names."""
        answer = self._get("/members/me/boards", filter="open", fields=answers.BOARD_FIELDS)
        boards = answers.parse_all(answer, answers.parse_board_name)
        return sorted(
            (board for board, is_closed in boards if not is_closed),
            key=lambda board: (board.name.casefold(), board.id),
        )

    def can_read(self, board_id: str) -> bool:
        """Whether the account can read this board, closed or not."""
        if not _BOARD_ID.fullmatch(board_id):
            return False
        try:
            answer = self._get(f"/boards/{board_id}", fields=answers.BOARD_FIELDS)
        except BoardLost:
            return False
        return answers.parse_board_name(answer)[0].id == board_id

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
            nested = answer.get("cards") if isinstance(answer, dict) else None
            is_whole = not isinstance(nested, list) or len(nested) < PAGE
        except TooMuchAsked:
            answer, nested, is_whole = self._get(path, **_FRAME), None, False
        frame = answers.parse_frame(answer)
        if frame.id != board_id:
            raise OddAnswer("another board than the one asked for")
        return frame, parse_cards([nested] if is_whole else self._pages(path))

    def actions(
        self, board_id: str, before: str | None = None, most: int = PAGE
    ) -> tuple[Action, ...]:
        """What happened on the board, newest first; `before` is the last id of the page before."""
        query = {"before": before} if before else {}
        answer = self._get(
            f"/boards/{board_id}/actions",
            filter=ACTION_TYPES,
            fields=ACTION_FIELDS,
            limit=str(most),
            member="false",
            memberCreator="false",
            **query,
        )
        return parse_actions(answer)

    def webhooks(self) -> tuple[TrellosWebhook, ...]:
        """All that hang on this token, also those that are none of ours."""
        answer = self._get(f"/tokens/{self._credentials.token}/webhooks")
        return answers.parse_all(answer, parse_webhook)

    def make_webhook(self, board_id: str, callback_url: str) -> TrellosWebhook:
        """Have changes on the board told to this address, which Trello tries with HEAD meanwhile.

        Raises WebhookRefused.
        """
        watched = {"idModel": board_id, "callbackURL": callback_url, "description": "Tally"}
        return parse_webhook(self._call("POST", _WEBHOOKS, watched))

    def delete_webhook(self, webhook_id: str) -> None:
        """One that is gone already raises OddAnswer."""
        self._call("DELETE", f"{_WEBHOOKS}{webhook_id}")

    def revoke(self) -> None:
        """Make the token worthless at Trello. A token that already is raises TokenRefused."""
        self._call("DELETE", f"/tokens/{self._credentials.token}")

    def _pages(self, path: str) -> Iterator[object]:
        """Newest first, by creation: the id of the oldest card seen leads to the next page."""
        seen: set[str] = set()
        before: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = self._get(
                f"{path}/cards/all", limit=str(PAGE), fields=answers.CARD_FIELDS, **before
            )
            ids = parse_card_ids(page)
            if not ids:
                return
            if not seen.isdisjoint(ids):
                raise OddAnswer("a page of cards that was there before")
            seen.update(ids)
            self._after_page(len(seen))
            before = {"before": min(ids)}
            yield page
        raise OddAnswer("pages of cards without end")

    def _get(self, path: str, **query: str) -> Any:
        return self._call("GET", path, query)

    def _call(self, method: str, path: str, query: dict[str, str] | None = None) -> Any:
        try:
            try:
                response, body = self._ask(method, path, query)
            except requests.ConnectionError as error:
                if method != "GET" or not _was_hung_up(error):
                    raise
                response, body = self._ask(method, path, query)
        except requests.RequestException as error:
            # Its words hold the address, and the address may hold the token: they end here.
            log.warning("Trello did not answer", extra={"error": type(error).__name__})
            is_slow = isinstance(error, requests.Timeout)
            raise Unavailable(_SLOW if is_slow else _DOWN) from None
        if response.status_code == 200:
            return _parsed(response, body)
        log.warning("Trello refused a request", extra={"status": response.status_code})
        failure = _failure(response, body, is_of_board=path.startswith("/boards/"))
        if path == _WEBHOOKS and (failure is None or type(failure) is OddAnswer):
            failure = _webhook_refusal(body)
        if failure is None:
            failure = self._meaning_of_401(path)
        raise failure

    def _ask(
        self, method: str, path: str, query: dict[str, str] | None
    ) -> tuple[requests.Response, bytes]:
        self._take_turn(path)
        self._before_request()
        request = self._signed(method, path, query or {})
        line, outcome = self._line, "no_answer"
        # Not through the session itself, which would keep cookies, one account's for all others.
        try:
            with line.get_adapter(self._api_url).send(
                request,
                stream=True,
                timeout=self._timeout,
                verify=line.verify is None or line.verify,
                proxies=line.proxies,
            ) as response:
                outcome = _outcome(response.status_code)
                return response, read_whole(response, LONGEST_ANSWER)
        finally:
            counters.add(TRELLO_REQUESTS, outcome)

    def _signed(self, method: str, path: str, query: dict[str, str]) -> requests.PreparedRequest:
        """As the library would prepare it, which looks each time at all that a request may have:
        ours have no body, no cookies, and an address that is one already."""
        request = requests.PreparedRequest()
        request.method = method
        request.url = f"{self._api_url}{quote(path)}"
        if query:
            request.url += f"?{_encoded(tuple(query.items()))}"
        request.prepare_headers(self._line.headers)
        request.prepare_content_length(None)
        signed: requests.PreparedRequest = self._auth(request)
        return signed

    def _meaning_of_401(self, path: str) -> TrelloError:
        """Of one that does not say why: a token that can't even say whose it is, is dead."""
        if path == _ME:
            return TokenRefused(_TOKEN)
        try:
            self.me()
        except TokenRefused as error:
            return error
        except Limited:
            return Unavailable(_DOWN)  # it can't be told now; it is tried again soon
        return BoardLost(_LOST) if path.startswith("/boards/") else OddAnswer("status 401")


def _outcome(status: int) -> str:
    """What came of a request, for /metrics."""
    if status == 200:
        return "ok"
    if status == 429:
        return "limited"
    return "broken" if status >= 500 else "refused"


@lru_cache(maxsize=64)
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    """For an address. Most requests ask the same of one board after another."""
    return urlencode(query)


def open_line(api_url: str) -> requests.Session:
    """A way to Trello that stays open from one request to the next, whoever they are signed by."""
    line = requests.Session()
    bound_answers(line)
    # What the environment says of proxies and certificates is read once, not for each request.
    settings = line.merge_environment_settings(api_url, {}, None, None, None)
    line.proxies, line.verify = settings["proxies"], settings["verify"]
    line.trust_env = False
    return line


def _was_hung_up(error: requests.ConnectionError) -> bool:
    """Whether the line ended without an answer: one that was kept open may, just as it is used."""
    cause = error.args[0] if error.args else None
    return isinstance(cause, urllib3.exceptions.ProtocolError) and any(
        isinstance(one, (RemoteDisconnected, ConnectionResetError, BrokenPipeError))
        for one in cause.args
    )


def read_whole(response: requests.Response, longest: int) -> bytes:
    """The whole body, within limits of size and time that a bare timeout does not set.

    Raises OddAnswer beyond `longest` bytes, Unavailable when it takes too long or breaks off.
    """
    deadline = time.monotonic() + TIME_TO_ANSWER
    parts: list[bytes] = []
    size = 0
    try:
        # read1 gives what is there; read would wait for a full part, past any deadline.
        while part := response.raw.read1(256 * 1024, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > longest:
                raise OddAnswer(f"an answer of more than {longest} bytes")
            if time.monotonic() > deadline:
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
        return _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise OddAnswer("an answer that is no JSON") from error


def _no_constant(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a name twice in one object")  # nobody can say which of them holds
    return record


_DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_no_name_twice)


def _is_our_clock_wrong(response: requests.Response) -> bool:
    """Whether what we sign now is refused for its age, whatever else may be wrong."""
    try:
        theirs = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return False
    return theirs.tzinfo is not None and abs(utcnow() - theirs) > SIGNATURE_LIFE


def _failure(response: requests.Response, body: bytes, is_of_board: bool) -> TrelloError | None:
    """What a refusal means; None for a 401 that may mean the token or the board.

    Trello's refusals are mostly plain text, and its wording is all that tells some apart.
    """
    status = response.status_code
    said = body[:500].decode("utf-8", "replace").lower()
    if status == 429:
        return _limited(response, said)
    if status == 401 and _is_our_clock_wrong(response):
        return Unavailable(_CLOCK)
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


def _webhook_refusal(body: bytes) -> WebhookRefused:
    """Trello's own words tell whether it was the address: "URL (…) did not return 200 …"."""
    said = body[:500].decode("utf-8", "replace").lower()
    return WebhookRefused(is_unreachable=said.startswith("url (") or "callbackurl" in said)


def _limited(response: requests.Response, said: str) -> Limited:
    """Which of its limits Trello means only its words tell."""
    name, window = next(
        (meant for word, meant in _OTHER_LIMITS.items() if word in said),
        ("api-token", LIMIT_WINDOW),
    )
    return Limited(
        "Trello asked us to slow down. The last good value stays; it is tried again by itself.",
        retry_after=_retry_after(response, name, window),
        is_of_key=name == "api-key",
    )


def _retry_after(response: requests.Response, limit: str, window: timedelta) -> timedelta:
    """As told, in seconds or as a date; else the whole window; never over an hour."""
    told = response.headers.get("Retry-After", "").strip()
    wait = window
    if told.isascii() and told.isdigit():
        wait = timedelta(seconds=int(told[:9]))
    elif told:
        try:
            wait = parsedate_to_datetime(told) - utcnow()
        except (TypeError, ValueError):
            log.info("Trello sent a Retry-After that says nothing")
    else:
        interval = response.headers.get(f"x-rate-limit-{limit}-interval-ms", "")
        if interval.isascii() and interval.isdigit():
            wait = timedelta(milliseconds=int(interval[:9]))
    return min(max(wait, timedelta(seconds=1)), timedelta(hours=1))
