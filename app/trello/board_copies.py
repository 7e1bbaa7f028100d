"""Copies of whole boards, kept a short while for forms."""

import json
import zlib
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.db import db, put, utcnow
from app.trello.answers import BoardFrame, BoardList, Card, Label, Member, Snapshot
from app.trello.boards import fetch_board, telling_connection, trello_for_page
from app.trello.failures import BoardLost
from app.trello.models import BoardCopy, Connection
from app.trello.waiting import page_waits

COPY_LIFE = timedelta(minutes=1)
"""How old a copy of a board may be when a form counts on it."""


def board_copy(connection: Connection, board_id: str) -> Snapshot:
    """A copy of the board at most a minute old, fetched if need be.

    Raises BoardLost for a board the connection may not show, and any other TrelloError.
    """
    if not connection.shows(board_id):
        raise BoardLost("This connection may no longer show that board.")
    kept = db.session.get(BoardCopy, (connection.id, board_id), populate_existing=True)
    if kept is not None and utcnow() - kept.fetched_at < COPY_LIFE:
        return _unpack(kept.fetched_at, kept.payload)
    trello = trello_for_page(connection)
    db.end_reading()
    with page_waits(), telling_connection(connection):
        snapshot = fetch_board(trello, board_id)
    with db.writing() as session:
        keep_copy(session, connection.id, snapshot)
    return snapshot


def kept_copy(connection: Connection, board_id: str) -> Snapshot | None:
    """The copy that is kept, however old; None without one, or where it may not be shown."""
    if not connection.shows(board_id):
        return None
    kept = db.session.get(BoardCopy, (connection.id, board_id), populate_existing=True)
    return None if kept is None else _unpack(kept.fetched_at, kept.payload)


def newest_copy(connection_id: int, board_id: str, in_hand: Snapshot | None) -> Snapshot | None:
    """The copy in hand, or the kept one when it is newer: a sync may have ended meanwhile."""
    kept = db.session.get(BoardCopy, (connection_id, board_id), populate_existing=True)
    if in_hand is None or kept is None or kept.fetched_at <= in_hand.fetched_at:
        return in_hand
    return _unpack(kept.fetched_at, kept.payload)


def keep_copy(session: Session, connection_id: int, snapshot: Snapshot) -> None:
    """Keep a copy for forms, unless a newer one is there. Commits nothing."""
    put(
        session,
        BoardCopy,
        {"connection_id": connection_id, "trello_id": snapshot.frame.id},
        {"fetched_at": snapshot.fetched_at, "payload": _pack(snapshot)},
        only_where=BoardCopy.fetched_at < snapshot.fetched_at,
    )


def _pack(snapshot: Snapshot) -> bytes:
    content = {"frame": asdict(snapshot.frame), "cards": snapshot.cards}
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 1)


def _unpack(fetched_at: datetime, payload: bytes) -> Snapshot:
    content: dict[str, Any] = json.loads(zlib.decompress(payload))
    frame = content["frame"]
    return Snapshot(
        fetched_at=fetched_at,
        frame=BoardFrame(
            id=frame["id"],
            name=frame["name"],
            url=frame["url"],
            is_closed=frame["is_closed"],
            lists=tuple(BoardList(**one) for one in frame["lists"]),
            labels=tuple(Label(**one) for one in frame["labels"]),
            members=tuple(Member(**one) for one in frame["members"]),
        ),
        cards=tuple(_card(one) for one in content["cards"]),
    )


def _card(values: list[Any]) -> Card:
    return Card._make(tuple(one) if isinstance(one, list) else one for one in values)
