"""Loading connections and sources: nobody gets one without the check of what they may do."""

from functools import cache

from flask import abort
from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm import joinedload, selectinload

from app.access import LARGEST_ID, by_id, found
from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import members_may_connect
from app.okrs.loading import live_measures, measure_for
from app.teams.membership import is_in_team, teams_of
from app.trello.models import (
    EVERYONE,
    PEOPLE,
    Board,
    Connection,
    ConnectionShare,
    ConnectionTeamShare,
    TrelloSource,
)


def is_usable_by(person: Person) -> ColumnElement[bool]:
    """Connections the person may link to: their own, and those shared with them, with a team that
    they are in or lead, or with everyone."""
    is_chosen = exists().where(
        ConnectionShare.connection_id == Connection.id, ConnectionShare.person_id == person.id
    )
    is_in_chosen = exists().where(
        ConnectionTeamShare.connection_id == Connection.id,
        ConnectionTeamShare.team_id.in_(teams_of(person)),
    )
    return and_(
        Connection.is_configured.is_(True),
        or_(
            Connection.owner_id == person.id,
            Connection.sharing == EVERYONE,
            and_(Connection.sharing == PEOPLE, or_(is_chosen, is_in_chosen)),
        ),
    )


def is_visible_to(person: Person) -> ColumnElement[bool]:
    """Connections the person may know of: those they may use or manage."""
    if person.is_admin:
        return true()
    return or_(Connection.owner_id == person.id, is_usable_by(person))


def may_use(person: Person, connection: Connection) -> bool:
    """As `is_usable_by`, of a connection at hand that is configured."""
    if connection.owner_id == person.id or connection.sharing == EVERYONE:
        return True
    if connection.sharing != PEOPLE:
        return False
    if any(one.id == person.id for one in connection.shared_with):
        return True
    return any(is_in_team(person, one.id) for one in connection.shared_with_teams)


def may_manage(person: Person, connection: Connection) -> bool:
    is_own = connection.owner_id == person.id and not person.is_observer
    return person.is_admin or is_own


def may_connect(person: Person, members_may: bool | None = None) -> bool:
    """Whether the person may connect accounts: admins; members unless an admin turned that off.

    `members_may` says whether it is off, where many are asked about; else it is looked up.
    """
    if person.is_observer:
        return False
    if person.is_admin:
        return True
    return members_may_connect("trello") if members_may is None else members_may


def may_reconnect(person: Person, connection: Connection, members_may: bool | None = None) -> bool:
    """Whether the person may sign in again for it. What was disconnected is connected anew.

    `members_may` is as in `may_connect`.
    """
    return may_manage(person, connection) and (
        connection.disconnected_at is None or may_connect(person, members_may)
    )


def connection_for(
    person: Person, connection_id: int, *, to_use: bool = False, to_manage: bool = False
) -> Connection:
    """The connection, with its owner, the boards it may show and whom it is shared with; read anew.

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
            .options(
                joinedload(Connection.owner),
                selectinload(Connection.allowed_boards),
                selectinload(Connection.shared_with),
                selectinload(Connection.shared_with_teams),
            )
            .execution_options(populate_existing=True)
        )
    )
    if to_manage and not may_manage(person, connection):
        abort(403)
    return connection


def source_for(person: Person, source_id: int, *, to_edit: bool = False) -> TrelloSource:
    """The source, ended or not; 404 and 403 as for its item."""
    source = by_id(TrelloSource, source_id)
    measure_for(person, source.measure_id, to_edit=to_edit)
    return source


@cache
def counts_something() -> ColumnElement[bool]:
    """Boards on which an item counts now: by a source not ended, and the item not deleted."""
    return exists(
        select(TrelloSource.id).where(
            TrelloSource.board_id == Board.id,
            TrelloSource.ended_at.is_(None),
            TrelloSource.measure_id.in_(live_measures()),
        )
    )
