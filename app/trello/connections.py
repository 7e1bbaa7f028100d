"""Connections in lists: which to offer first, what hangs on them, how they are doing."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import is_enabled, members_may_connect
from app.okrs.loading import Item, is_visible, visible_key_results, visible_objectives
from app.okrs.models import KeyResult, Objective, SourceVersion
from app.trello.app_keys import (
    KEY_CHANGED,
    SIGN_IN_UNREADABLE,
    current_app_keys,
    key_has_changed,
    why_no_keys,
)
from app.trello.loading import is_usable_by, may_manage, may_reconnect
from app.trello.models import Board, Connection, TrelloSource
from app.vault import is_readable


def usable_connections(person: Person, present: Connection | None = None) -> list[Connection]:
    """What the person may link to, the one to preselect first.

    That is the one they used last, else their own (the newest), else the one shared longest ago.
    Those that are disconnected are left out, but for the `present` one of a source. Read anew.
    """
    is_connected: ColumnElement[bool] = Connection.disconnected_at.is_(None)
    if present is not None:
        is_connected = or_(is_connected, Connection.id == present.id)
    last_used = (
        select(Board.connection_id, func.max(SourceVersion.id).label("version_id"))
        .join(TrelloSource, TrelloSource.board_id == Board.id)
        .join(SourceVersion, SourceVersion.source_id == TrelloSource.id)
        .where(SourceVersion.made_by_id == person.id)
        .group_by(Board.connection_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Connection, last_used.c.version_id)
        .outerjoin(last_used, last_used.c.connection_id == Connection.id)
        .where(is_usable_by(person), is_connected)
        .options(joinedload(Connection.owner), selectinload(Connection.allowed_boards))
        .execution_options(populate_existing=True)
    )

    def order(row: tuple[Connection, int | None]) -> tuple[int, bool, float]:
        connection, version_id = row
        is_own = connection.owner_id == person.id
        since = connection.shared_at or connection.created_at
        return -(version_id or 0), not is_own, -connection.id if is_own else since.timestamp()

    found = [(connection, version_id) for connection, version_id in rows]
    return [connection for connection, _ in sorted(found, key=order)]


@dataclass(frozen=True)
class Use:
    """What hangs on a connection, as far as one person may see it."""

    item_count: int = 0
    """Items that count by it now."""
    source_count: int = 0
    """Those, and all that once did, whoever sees them: their history needs the connection. Never
    shown."""
    troubled_board_count: int = 0
    """Boards of those items that could not be read last time."""


def uses(person: Person) -> dict[int, Use]:
    """What hangs on each connection, by its id, in one query; none where nothing does."""
    is_live = and_(TrelloSource.ended_at.is_(None), Objective.id.is_not(None))
    is_troubled = and_(is_live, Board.failure.is_not(None))
    rows = db.session.execute(
        select(
            Board.connection_id,
            func.count(case((is_live, TrelloSource.id))),
            func.count(TrelloSource.id),
            func.count(case((is_troubled, Board.id)).distinct()),
        )
        .join(TrelloSource, TrelloSource.board_id == Board.id)
        .outerjoin(
            KeyResult,
            and_(KeyResult.measure_id == TrelloSource.measure_id, KeyResult.deleted_at.is_(None)),
        )
        .outerjoin(
            Objective,
            and_(
                or_(
                    Objective.measure_id == TrelloSource.measure_id,
                    Objective.id == KeyResult.objective_id,
                ),
                is_visible(person),
            ),
        )
        .group_by(Board.connection_id)
    )
    return {connection_id: Use(*counts) for connection_id, *counts in rows}


def items_on(person: Person, connection: Connection) -> list[Item]:
    """The items that count by the connection now and that the person sees, by title."""
    counted = (
        select(TrelloSource.measure_id)
        .join(TrelloSource.board)
        .where(Board.connection_id == connection.id, TrelloSource.ended_at.is_(None))
    )
    objectives = visible_objectives(person).where(Objective.measure_id.in_(counted))
    key_results = visible_key_results(person).where(KeyResult.measure_id.in_(counted))
    found = [*db.session.scalars(objectives), *db.session.scalars(key_results)]
    return sorted(found, key=lambda item: (item.title.casefold(), item.measure_id))


@dataclass(frozen=True)
class State:
    """How a connection is doing, in a sentence for people."""

    word: str
    sentence: str = ""
    tone: str = "bad"
    """The style it is shown in: good, idle, or bad where someone has to do something."""
    has_history: bool = False
    """True where the list of the connection's failures tells more."""


@dataclass(frozen=True)
class Row:
    """A connection in a list, with all that is said of it there."""

    connection: Connection
    use: Use
    state: State
    may_manage: bool
    may_reconnect: bool

    @property
    def is_removable(self) -> bool:
        return self.may_manage and self.use.source_count == 0


class StateTeller:
    """Tells the state of any number of connections for two queries in all."""

    def __init__(self) -> None:
        self._is_enabled = is_enabled("trello")
        self._members_may_connect = members_may_connect("trello")
        self._keys = current_app_keys()

    def reconnect_reason(self, connection: Connection) -> str | None:
        """Why its owner has to sign in again; None while the sign-in is good."""
        if connection.reconnect_reason is None and key_has_changed(connection, self._keys):
            return KEY_CHANGED
        if connection.reconnect_reason is None and not is_readable(connection.token_encrypted):
            return SIGN_IN_UNREADABLE
        return connection.reconnect_reason

    def may_reconnect(self, person: Person, connection: Connection) -> bool:
        return may_reconnect(person, connection, self._members_may_connect)

    def state_of(self, connection: Connection, use: Use | None = None) -> State:
        reason = self.reconnect_reason(connection)
        if connection.disconnected_at is not None:
            return State("Disconnected", reason or "", tone="idle")
        if reason:
            return State("Needs reconnecting", reason)
        if not connection.is_configured:
            return State("Not finished", "Its name and boards are yet to be chosen.")
        if not self._is_enabled:
            return State("Paused", "The Trello integration is disabled.", tone="idle")
        if self._keys is None:
            return State("Paused", why_no_keys())
        if use and use.troubled_board_count:
            boards = "board" if use.troubled_board_count == 1 else "boards"
            return State(
                "Partly working",
                f"{use.troubled_board_count} {boards} could not be read last time: "
                "the items there say why.",
                has_history=True,
            )
        return State("Working", tone="good")


def rows_for(person: Person, which: ColumnElement[bool]) -> list[Row]:
    """The connections that fulfil `which`, by name; seven queries, however many there are."""
    connections = db.session.scalars(
        select(Connection)
        .where(which)
        .options(
            joinedload(Connection.owner),
            selectinload(Connection.allowed_boards),
            selectinload(Connection.shared_with),
            joinedload(Connection.shared_with_teams),
        )
        .order_by(func.lower(Connection.name), Connection.id)
    ).unique()
    teller, hanging = StateTeller(), uses(person)
    return [
        _row(person, connection, hanging.get(connection.id, Use()), teller)
        for connection in connections
    ]


def row_for(person: Person, connection: Connection) -> Row:
    """A connection at hand, as a list shows it."""
    return _row(person, connection, uses(person).get(connection.id, Use()), StateTeller())


def _row(person: Person, connection: Connection, use: Use, teller: StateTeller) -> Row:
    return Row(
        connection,
        use,
        teller.state_of(connection, use),
        may_manage(person, connection),
        teller.may_reconnect(person, connection),
    )


def troubled_connections(person: Person, teller: StateTeller) -> list[Connection]:
    """The person's own connections that they have to reconnect; one query."""
    own = db.session.scalars(
        select(Connection)
        .where(Connection.owner_id == person.id)
        .order_by(func.lower(Connection.name), Connection.id)
    )
    return [connection for connection in own if teller.reconnect_reason(connection)]
