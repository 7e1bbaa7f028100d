"""A connection's name, whom it is shared with, and the boards it may show."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.accounts.forms import one_line
from app.db import db, utcnow
from app.trello.answers import BoardName
from app.trello.boards import open_boards
from app.trello.choices import told_apart
from app.trello.failures import KeyRefused, TokenRefused, TrelloError
from app.trello.models import EVERYONE, AllowedBoard, Connection
from app.trello.sign_in_failures import trouble_of
from app.trello.sources import freeze_disallowed
from app.trello.webhooks.addresses import look_again


@dataclass(frozen=True)
class OfferedBoard:
    """A board that may be ticked."""

    id: str
    name: str
    text: str
    """Its name, with what tells it from others of that name."""
    is_open: bool = True
    """False for one that is allowed already but not among the account's open boards now."""


@dataclass(frozen=True)
class Offer:
    """The boards to choose from."""

    boards: list[OfferedBoard]
    problem: str | None = None
    """Why the account's boards could not be asked for; then only those allowed already are here."""


def offer_boards(connection: Connection, fresh: bool = False) -> Offer:
    """The account's open boards, and those allowed already. Ends the transaction when it asks."""
    allowed = [(board.trello_id, board.name) for board in connection.allowed_boards]
    problem, names = None, list[BoardName]()
    try:
        names = list({board.id: board for board in open_boards(connection, fresh)}.values())
    except (KeyRefused, TokenRefused) as error:
        problem = error.sentence
    except TrelloError as error:
        problem = trouble_of(error).what
    texts = told_apart(
        (board.id, _shown(board.name), board.url.rpartition("/b/")[2][:8]) for board in names
    )
    boards = [
        OfferedBoard(board.id, one_line(board.name), choice.text)
        for board, choice in zip(names, texts, strict=True)
    ]
    open_ids = {board.id for board in names}
    boards += [
        OfferedBoard(trello_id, name, _shown(name), is_open=problem is not None)
        for trello_id, name in allowed
        if trello_id not in open_ids
    ]
    return Offer(boards, problem)


def _shown(name: str) -> str:
    return one_line(name) or "unnamed board"


def configure(
    connection: Connection,
    *,
    name: str,
    sharing: str,
    all_boards: bool,
    boards: Sequence[OfferedBoard],
) -> None:
    """Set all of it. What hangs on boards no longer allowed freezes at once. Commits nothing."""
    # Two that save at once take turns, and the later one sees what the first allowed.
    db.session.execute(
        select(Connection.id).where(Connection.id == connection.id).with_for_update()
    )
    db.session.refresh(connection, ["allowed_boards", "sharing", "shared_at"])
    connection.name = name
    if sharing != connection.sharing:
        connection.sharing = sharing
        connection.shared_at = utcnow() if sharing == EVERYONE else None
    connection.shows_all_boards = all_boards
    _allow(connection, [] if all_boards else boards)
    connection.is_configured = True
    freeze_disallowed(connection)
    look_again(connection)


def _allow(connection: Connection, boards: Sequence[OfferedBoard]) -> None:
    present = {board.trello_id: board for board in connection.allowed_boards}
    kept = []
    for board in boards:
        allowed = present.get(board.id) or AllowedBoard(trello_id=board.id)
        allowed.name = board.name
        kept.append(allowed)
    connection.allowed_boards = kept
