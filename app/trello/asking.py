"""Whether Trello may be asked about a board now, where a person wants it to be."""

from app.db import utcnow
from app.pages import moment
from app.trello.connections import StateTeller
from app.trello.failures import Limited
from app.trello.models import Board


def why_not_now(board: Board, teller: StateTeller) -> str | None:
    """Why Trello must not be asked now, as a sentence; None when it may be."""
    state = teller.state_of(board.connection)
    if state.sentence:
        return state.sentence
    until = board.connection.limited_until
    if until is None and board.failure_kind == Limited.kind:
        until = board.next_sync_at
    if until is not None and until > utcnow():
        return f"Trello asked us to wait. It is tried again by itself at {moment(until)}."
    return None
