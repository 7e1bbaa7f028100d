"""Asking Trello as a connection's account: for its open boards, and for whole boards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from flask import current_app

from app.db import db, put, utcnow
from app.trello import outcomes
from app.trello.answers import BoardName, Snapshot
from app.trello.app_keys import (
    KEY_CHANGED,
    SIGN_IN_UNREADABLE,
    current_app_keys,
    why_no_keys,
)
from app.trello.client import TIMEOUT, Credentials, Trello, open_line
from app.trello.failures import (
    Held,
    KeyRefused,
    OddAnswer,
    SignInUnusable,
    TokenRefused,
)
from app.trello.models import BoardList as StoredBoardList
from app.trello.models import Connection
from app.trello.quota import JOB_WAIT, PAGE_WAIT, Turns
from app.trello.waiting import PATIENCE, page_waits
from app.vault import SecretUnreadable, decrypt

LIST_LIFE = timedelta(minutes=5)
"""How long the list of boards is believed before it is asked for again."""


class Line:
    """The way to Trello for work on many boards: it stays open, and what was decrypted for one
    board is at hand for the next."""

    def __init__(self) -> None:
        self.session = open_line(current_app.extensions["tally_config"].trello_api_url)
        self.decrypt = cache(decrypt)


class SignIn(Protocol):
    """What of a connection is needed to ask Trello as its account."""

    @property
    def token_encrypted(self) -> str: ...
    @property
    def token_secret_encrypted(self) -> str: ...
    @property
    def key_fingerprint(self) -> str: ...
    @property
    def reconnect_reason(self) -> str | None: ...
    @property
    def limited_until(self) -> datetime | None: ...


def trello_for(
    connection: SignIn,
    timeout: tuple[float, float] = TIMEOUT,
    before_request: Callable[[], None] = lambda: None,
    *,
    is_urgent: bool = False,
    longest_wait: timedelta = JOB_WAIT,
    while_waiting: Callable[[], None] = lambda: None,
    to_revoke: bool = False,
    line: Line | None = None,
    after_page: Callable[[int], None] = lambda card_count: None,
) -> Trello:
    """Trello as the account of this connection sees it.

    Each request waits for its turn, at most for `longest_wait`; `while_waiting` is called every
    few seconds meanwhile, `before_request` when the turn has come, `after_page` with the number
    of cards read where a board takes several pages. Urgent is what someone waits for: a form, a
    Refresh.

    Raises KeyRefused without an API key, SignInUnusable when ours were changed since. Raises
    TokenRefused for a connection that has to be reconnected, Held while Trello wants to be left
    alone; but a token may always be given back.
    """
    keys = current_app_keys()
    if keys is None:
        raise KeyRefused(why_no_keys())
    if connection.key_fingerprint != keys.fingerprint:
        raise SignInUnusable(KEY_CHANGED)
    if not to_revoke:
        _check_may_ask(connection)
    line = line or Line()
    try:
        token = line.decrypt(connection.token_encrypted)
        token_secret = line.decrypt(connection.token_secret_encrypted)
    except SecretUnreadable as error:
        raise SignInUnusable(SIGN_IN_UNREADABLE) from error
    config = current_app.extensions["tally_config"]
    credentials = Credentials(keys.key, keys.secret, token, token_secret)
    turns = Turns(
        keys.key,
        token,
        is_urgent=is_urgent,
        longest_wait=longest_wait,
        while_waiting=while_waiting,
    )
    url = config.trello_api_url
    return Trello(credentials, url, timeout, before_request, turns.take, line.session, after_page)


def _check_may_ask(connection: SignIn) -> None:
    if connection.reconnect_reason not in (None, KEY_CHANGED):  # the key was seen to be the old one
        raise TokenRefused(connection.reconnect_reason)
    left = (connection.limited_until or utcnow()) - utcnow()
    if left > timedelta():
        raise Held(left, "Trello asked us to slow down.")


def trello_for_page(connection: Connection) -> Trello:
    """For a request while someone waits for the page: one short wait for a turn, little patience.

    Raises as `trello_for`.
    """
    return trello_for(connection, timeout=PATIENCE, is_urgent=True, longest_wait=PAGE_WAIT)


@contextmanager
def telling_connection(connection: Connection) -> Iterator[None]:
    """Around requests outside of a sync: the connection is told of failures that concern it as a
    whole, in a transaction of its own, and they go on to the caller."""
    connection_id, token = connection.id, connection.token_encrypted
    try:
        yield
    except outcomes.OF_CONNECTION as error:
        with db.writing() as session:
            found = session.get(
                Connection, connection_id, populate_existing=True, with_for_update=outcomes.LOCK
            )
            if found is not None:
                outcomes.tell_connection(session, found, token, error)
        raise


def fetch_board(trello: Trello, board_id: str) -> Snapshot:
    """Read a whole board. A card in a list that the answer lacks makes it ask once more:
    the list may have been made between two pages. If it still lacks it, raises OddAnswer."""
    for _ in range(2):
        fetched_at = utcnow()
        frame, cards = trello.board(board_id)
        known = {one.id for one in frame.lists}
        if {card.list_id for card in cards} <= known:
            return Snapshot(fetched_at, frame, cards)
    raise OddAnswer("cards in a list that is not there")


def open_boards(connection: Connection, fresh: bool = False) -> list[BoardName]:
    """The account's open boards, all of them: what the connection may show is not applied.

    Asks Trello when the kept list is older than five minutes or `fresh` is wanted, and keeps
    the answer. Raises TrelloError.
    """
    kept = db.session.get(StoredBoardList, connection.id, populate_existing=True)
    if kept is not None and not fresh and utcnow() - kept.fetched_at < LIST_LIFE:
        return [BoardName(**board) for board in kept.boards]
    trello = trello_for_page(connection)
    db.end_reading()
    with page_waits(), telling_connection(connection):
        boards = trello.open_boards()
    with db.writing() as session:
        put(
            session,
            StoredBoardList,
            {"connection_id": connection.id},
            {"fetched_at": utcnow(), "boards": [asdict(board) for board in boards]},
        )
    return boards


def boards_to_choose(connection: Connection, fresh: bool = False) -> list[BoardName]:
    """The open boards this connection may show. Raises TrelloError."""
    return [board for board in open_boards(connection, fresh) if connection.shows(board.id)]
