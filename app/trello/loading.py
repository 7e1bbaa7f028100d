"""Loading connections: nobody gets one without the check of what they may do with it."""

from flask import abort
from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm import joinedload, selectinload

from app.access import LARGEST_ID, found
from app.accounts.models import Person
from app.db import db
from app.okrs.loading import live_measures
from app.trello.models import EVERYONE, Board, Connection, TrelloSource


def is_usable_by(person: Person) -> ColumnElement[bool]:
    """Connections the person may link to: their own, and those shared with everyone."""
    return and_(
        Connection.is_configured.is_(True),
        or_(Connection.owner_id == person.id, Connection.sharing == EVERYONE),
    )


def is_visible_to(person: Person) -> ColumnElement[bool]:
    """Connections the person may know of: those they may use or manage."""
    if person.is_admin:
        return true()
    return or_(Connection.owner_id == person.id, is_usable_by(person))


def may_use(person: Person, connection: Connection) -> bool:
    return connection.owner_id == person.id or connection.sharing == EVERYONE


def may_manage(person: Person, connection: Connection) -> bool:
    return person.is_admin or connection.owner_id == person.id


def connection_for(
    person: Person, connection_id: int, *, to_use: bool = False, to_manage: bool = False
) -> Connection:
    """The connection, with its owner and the boards it may show.

    404 where the person may not know of it, or `to_use`, not link to it; 403 where they may not
    manage it and are to.
    """
    if connection_id > LARGEST_ID:
        abort(404)
    allowed = is_usable_by(person) if to_use else is_visible_to(person)
    connection = found(
        db.session.scalar(
            select(Connection)
            .where(Connection.id == connection_id, allowed)
            .options(joinedload(Connection.owner), selectinload(Connection.allowed_boards))
        )
    )
    if to_manage and not may_manage(person, connection):
        abort(403)
    return connection


def counts_something() -> ColumnElement[bool]:
    """Boards on which an item counts now: by a source not ended, and the item not deleted."""
    return exists(
        select(TrelloSource.id).where(
            TrelloSource.board_id == Board.id,
            TrelloSource.ended_at.is_(None),
            TrelloSource.measure_id.in_(live_measures()),
        )
    )
