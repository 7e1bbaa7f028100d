"""Moving all items of a connection to another one, so that another account reads for them."""

import time
from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import Person
from app.db import db, utcnow
from app.trello import failure_history
from app.trello.boards import open_boards, telling_connection, trello_for_page
from app.trello.connections import StateTeller
from app.trello.failures import Unavailable
from app.trello.loading import is_usable_by, is_visible_to
from app.trello.models import AllowedBoard, Board, Connection, TrelloSource
from app.trello.sources import board_of, freeze_disallowed
from app.trello.waiting import page_waits
from app.trello.webhooks.addresses import look_again

CHECK_FOR = timedelta(seconds=10)
"""How long boards are asked for while someone waits for the page."""

_TOO_SLOW = (
    "Trello answers so slowly that not all boards could be checked in time. "
    "Try again in a few minutes."
)


class ChangedMeanwhile(Exception):
    """Something was linked, or a connection was changed, between the check and the move."""


def targets_for(person: Person, connection: Connection) -> list[Connection]:
    """The connections that its items may be moved to: those that work, and that the person may
    use or manage; by name."""
    allowed = is_visible_to(person) if person.is_admin else is_usable_by(person)
    found = db.session.scalars(
        select(Connection)
        .where(
            allowed,
            Connection.is_configured.is_(True),
            Connection.disconnected_at.is_(None),
            Connection.id != connection.id,
        )
        .options(joinedload(Connection.owner), selectinload(Connection.allowed_boards))
        .order_by(Connection.name, Connection.id)
    )
    teller = StateTeller()
    return [one for one in found if not teller.reconnect_reason(one)]


def boards_in_use(connection_id: int) -> Sequence[Board]:
    """The boards on which a source counts, or would again if its item came back; by name."""
    counting = select(TrelloSource.id).where(
        TrelloSource.board_id == Board.id, TrelloSource.ended_at.is_(None)
    )
    return db.session.scalars(
        select(Board)
        .where(Board.connection_id == connection_id, counting.exists())
        .order_by(Board.name, Board.id)
    ).all()


def boards_to_allow(target: Connection, boards: Sequence[Board]) -> list[Board]:
    """Those that the target may not show so far."""
    return [board for board in boards if not target.shows(board.trello_id)]


def unreadable_boards(target: Connection, boards: Sequence[Board]) -> list[Board]:
    """Those of the boards that the account of the target can't read. Ends the transaction.

    One request tells of all its open boards; each of the others is asked for by itself. Raises
    TrelloError, also where that takes too long.
    """
    ends_at = time.monotonic() + CHECK_FOR.total_seconds()
    open_ids = {board.id for board in open_boards(target, fresh=True)}
    others = [board for board in boards if board.trello_id not in open_ids]
    if not others:
        return []
    trello, unreadable = trello_for_page(target), []
    db.end_reading()
    with page_waits(), telling_connection(target):
        for board in others:
            if time.monotonic() > ends_at:
                raise Unavailable(_TOO_SLOW)
            if not trello.can_read(board.trello_id):
                unreadable.append(board)
    return unreadable


def transfer(connection: Connection, target: Connection, checked: Collection[str]) -> int:
    """Let all that hangs on the connection hang on the target: how many sources that count.

    `checked` are Trello's ids of the boards that the target's account was seen to read; it shows
    them from now on. Values, readings and evidence stay as they are, and so does what each source
    has counted up to. Commits nothing. Raises ChangedMeanwhile, and then the caller rolls back.
    """
    _lock(connection, target)
    if target.disconnected_at is not None or not target.is_configured:
        raise ChangedMeanwhile
    if not {board.trello_id for board in boards_in_use(connection.id)}.issubset(checked):
        raise ChangedMeanwhile
    moved = 0
    left = db.session.scalars(
        select(Board).where(
            Board.connection_id == connection.id, exists().where(TrelloSource.board_id == Board.id)
        )
    ).all()
    for board in left:
        moved += _move(board, target)
    _allow(target, [board for board in left if board.trello_id in checked])
    failure_history.end_on(db.session(), [board.id for board in left])
    db.session.flush()
    db.session.expire_all()  # sources were moved without the ORM
    freeze_disallowed(target)
    look_again(connection)
    look_again(target)
    return moved


def _lock(connection: Connection, target: Connection) -> None:
    """A sync that is under way for one of them waits until the commit, or is waited for. Then it
    finds nothing to count on the board that was left: see live_rows.lock."""
    for connection_id in sorted((connection.id, target.id)):
        db.session.execute(
            select(Connection.id)
            .where(Connection.id == connection_id)
            .with_for_update(key_share=True)
        )
    db.session.refresh(
        target, ["is_configured", "disconnected_at", "shows_all_boards", "allowed_boards"]
    )


def _move(board: Board, target: Connection) -> int:
    """Let its sources, ended ones too, hang on the same board as the target reads it. How many
    still count."""
    new = board_of(target, board.trello_id, board.name)
    if new.shape is None:  # never read by that account
        new.name, new.url, new.shape = board.name, board.url, board.shape
    new.next_sync_at = utcnow()
    db.session.flush()
    on_board = select(TrelloSource.id).where(TrelloSource.board_id == board.id)
    counting = db.session.scalars(on_board.where(TrelloSource.ended_at.is_(None))).all()
    sources = TrelloSource.__table__
    db.session.connection().execute(
        update(sources).where(sources.c.board_id == board.id).values(board_id=new.id)  # type: ignore[arg-type]
    )
    return len(counting)


def _allow(target: Connection, boards: Sequence[Board]) -> None:
    for board in boards_to_allow(target, boards):
        target.allowed_boards.append(AllowedBoard(trello_id=board.trello_id, name=board.name))
