"""How a source is doing, in words: for its item's page and for lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, true
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts.models import Person
from app.beats import alive_since, alive_workers
from app.db import db
from app.okrs.integrations import SourceState, enabled, members_may_connect
from app.okrs.models import PERCENT, Source
from app.pages import ago, clock
from app.trello.app_keys import AppKeys, current_app_keys, have_at_hand, key_has_changed
from app.trello.failures import BoardLost
from app.trello.loading import may_reconnect
from app.trello.models import (
    QUEUED,
    UNFINISHED,
    Board,
    Connection,
    SyncRun,
    TrelloApp,
    TrelloSource,
)

_NO_WORKER = (
    "No worker is running, so nothing is updated until one is started (worker.py) or "
    "reaches Redis again. What was asked for is done then."
)


def states(sources: Sequence[Source]) -> Mapping[int, SourceState]:
    """The state of each source by its id, in one statement whatever their number; in two where a
    connection of theirs no longer works, in three where it was disconnected."""
    own = [source for source in sources if isinstance(source, TrelloSource)]
    if not own:
        return {}
    asked = {"ids": {source.board_id for source in own}, "alive_since": alive_since()}
    rows = db.session.execute(_boards(), asked).all()
    boards = {row.Board.id: row.Board for row in rows}
    for row in rows:
        set_committed_value(row.Board, "connection", row.Connection)
    for source in own:  # whoever looks at its board next has it at hand
        set_committed_value(source, "board", boards[source.board_id])
    runs = {row.Board.id: row.run for row in rows}
    have_at_hand(rows[0].TrelloApp)
    connections, keys = {board.connection for board in boards.values()}, current_app_keys()
    _have_owners_at_hand([one for one in connections if _is_in_trouble(one, keys)])
    asks_who_may = any(one.disconnected_at for one in connections)
    now = _Now(
        bool(rows[0].is_enabled),
        asks_who_may and members_may_connect("trello"),
        rows[0].alive_count > 0,
        keys,
    )
    return {
        source.id: _state(source, boards[source.board_id], runs.get(source.board_id), now)
        for source in own
    }


@cache
def _boards() -> Select[Any]:
    """The boards with their unfinished runs, and what holds for all of them beside each."""
    is_unfinished = and_(SyncRun.board_id == Board.id, SyncRun.status.in_(UNFINISHED))
    return (
        select(
            Board,
            Connection,
            SyncRun.status.label("run"),
            TrelloApp,
            enabled("trello").scalar_subquery().label("is_enabled"),
            alive_workers(bindparam("alive_since")).scalar_subquery().label("alive_count"),
        )
        .join(Board.connection)
        .outerjoin(SyncRun, is_unfinished)
        .outerjoin(TrelloApp, true())  # there is one row at most
        .where(Board.id.in_(bindparam("ids", expanding=True)))
    )


def _is_in_trouble(connection: Connection, keys: AppKeys | None) -> bool:
    """Whether its owner is named, who has to sign in to Trello again."""
    is_given_up = connection.disconnected_at is not None
    return is_given_up or bool(connection.reconnect_reason) or key_has_changed(connection, keys)


def _have_owners_at_hand(connections: Sequence[Connection]) -> None:
    """Load them only where they are named: mostly nobody is."""
    if not connections:
        return
    owners = select(Person).where(Person.id.in_({one.owner_id for one in connections}))
    found = {one.id: one for one in db.session.scalars(owners)}
    for connection in connections:
        set_committed_value(connection, "owner", found[connection.owner_id])


def measures_being_counted() -> Select[int]:
    """The ids of the measures on whose boards a run is queued or running."""
    return (
        select(TrelloSource.measure_id)
        .join(SyncRun, SyncRun.board_id == TrelloSource.board_id)
        .where(TrelloSource.ended_at.is_(None), SyncRun.status.in_(UNFINISHED))
    )


@dataclass(frozen=True)
class _Now:
    """What holds for all sources at this moment."""

    is_enabled: bool
    members_may_connect: bool
    """Looked up only where a connection was disconnected."""
    is_worker_alive: bool
    keys: AppKeys | None


def _state(source: TrelloSource, board: Board, run: str | None, now: _Now) -> SourceState:
    counted_at, note = source.counted_at, _note(source)

    def calm(sentence: str, is_busy: bool = False) -> SourceState:
        return SourceState(sentence, counted_at, is_busy=is_busy, note=note)

    def troubled(sentence: str, needs_choice: bool = False) -> SourceState:
        return SourceState(
            sentence, counted_at, is_troubled=True, needs_choice=needs_choice, note=note
        )

    if source.measure.has_ended:
        return calm("The item has ended, so nothing is counted any more.")
    if not now.is_enabled:
        return troubled("Trello is disabled by an admin, so this value stands still.")
    if board.connection.disconnected_at is not None:
        return troubled(_disconnected(board.connection, now))
    if _is_in_trouble(board.connection, now.keys):
        owner = board.connection.owner.name
        return troubled(
            f"The connection “{board.connection.name}” no longer works. "
            f"{owner} has to reconnect it; until then the value stands still."
        )
    if run is not None and not now.is_worker_alive:
        return troubled(_NO_WORKER)
    if run == QUEUED:
        return calm("Waiting to be counted …", is_busy=True)
    if run is not None:
        return calm("Counting …", is_busy=True)
    if source.frozen_reason:
        return troubled(source.frozen_reason, needs_choice=True)
    if board.failure:
        is_lost = board.failure_kind == BoardLost.kind
        return troubled(f"{board.failure} {_age(source)}", needs_choice=is_lost)
    return calm(f"Counted {_when(counted_at)}" if counted_at else "Not counted yet")


def _disconnected(connection: Connection, now: _Now) -> str:
    owner = connection.owner
    who = "an admin"
    if may_reconnect(owner, connection, now.members_may_connect):
        who = owner.name if owner.is_admin else f"{owner.name} or an admin"
    return (
        f"The connection “{connection.name}” no longer works. {connection.reconnect_reason} "
        f"The value stands still until {who} signs in to Trello again, or another connection "
        "takes its place."
    )


def _age(source: TrelloSource) -> str:
    if source.counted_at is None:
        return "Nothing has been counted so far."
    return f"This value was counted {_when(source.counted_at)}."


def _when(moment: datetime) -> str:
    return f"{ago(moment)}, {clock(moment)}"


def _note(source: TrelloSource) -> str | None:
    measure = source.measure
    if measure.kind == PERCENT and measure.matching_count == 0:
        return "no cards match"
    return None
