"""Giving up a connection's sign-in at Trello, or the whole connection. Values stay in any case."""

from sqlalchemy import delete, select

from app.accounts.models import Person, workspace
from app.db import db, utcnow
from app.pages import day
from app.trello import failure_history
from app.trello.boards import trello_for
from app.trello.client import Trello
from app.trello.failures import TokenRefused, TrelloError
from app.trello.models import Board, BoardCopy, BoardList, Connection, SyncRun, Webhook
from app.trello.quota import PAGE_WAIT
from app.trello.waiting import PATIENCE, page_waits
from app.vault import is_same_secret


def trello_to_revoke(connection: Connection) -> Trello | None:
    """Trello as this account, for giving its token back; None where it can't even be asked."""
    try:
        return trello_for(
            connection, PATIENCE, is_urgent=True, longest_wait=PAGE_WAIT, to_revoke=True
        )
    except TrelloError:
        return None


def revoke(trello: Trello | None) -> bool:
    """Whether the token is worth nothing any more."""
    if trello is None:
        return False
    try:
        with page_waits():
            trello.revoke()
    except TokenRefused:
        return True
    except TrelloError:
        return False
    return True


class ReconnectedMeanwhile(Exception):
    """Someone signed in anew between the revoking and the forgetting."""


def disconnect(connection: Connection, by: Person, token: str) -> bool:
    """Forget the sign-in; False where that was done before. Commits nothing.

    `token` is the one that was revoked, as stored. Raises ReconnectedMeanwhile where the
    connection has another one by now, which must not be forgotten while it is good at Trello.

    What hangs on it keeps its values and stands still. Nothing is asked of Trello by it any more:
    a sync that is under way writes nothing, and Trello's word of changes is not received.
    """
    db.session.execute(
        select(Connection.id).where(Connection.id == connection.id).with_for_update()
    )
    db.session.refresh(connection, ["disconnected_at", "token_encrypted"])
    if connection.disconnected_at is not None:
        return False
    if not is_same_secret(connection.token_encrypted, token):
        raise ReconnectedMeanwhile
    connection.token_encrypted = connection.token_secret_encrypted = ""
    connection.disconnected_at, connection.disconnected_by_id = utcnow(), by.id
    connection.reconnect_reason = f"It was disconnected by {by.name} on {day(workspace().today())}."
    connection.limited_until = connection.webhook_problem = None
    boards = select(Board.id).where(Board.connection_id == connection.id)
    db.session.execute(delete(Webhook).where(Webhook.board_id.in_(boards)))
    for kept in (BoardCopy, BoardList):  # a form would still link to what is in them
        db.session.execute(delete(kept).where(kept.connection_id == connection.id))
    failure_history.end_on(db.session(), db.session.scalars(boards).all())
    return True


def remove(connection_id: int) -> None:
    """Delete the connection with the boards it has read. Refused by the database if one is used."""
    boards = select(Board.id).where(Board.connection_id == connection_id)
    db.session.execute(delete(SyncRun).where(SyncRun.board_id.in_(boards)))
    db.session.execute(delete(Board).where(Board.connection_id == connection_id))
    db.session.execute(delete(Connection).where(Connection.id == connection_id))
