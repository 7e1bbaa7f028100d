"""A board and what counts on it, as they are at this moment: plain rows, and one statement each.

Every board is asked for every hour, so nothing here goes through the ORM.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, case, exists, func, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased

from app.exact import LongExact
from app.okrs.loading import live_measures
from app.okrs.models import Evidence, IntegrationState, Measure, Source, SourceVersion
from app.okrs.readings import Figures
from app.trello.models import (
    AllowedBoard,
    Board,
    BoardCopy,
    Connection,
    ConnectionFailure,
    TrelloSource,
)


@dataclass(frozen=True, eq=False, slots=True)
class LiveBoard:
    """A board with what its connection lets us do."""

    id: int
    trello_id: str
    name: str
    url: str
    shape: dict[str, Any] | None
    is_failing: bool
    """Whether a failure of it, or of its whole connection, is not over yet."""
    has_news: bool
    """Whether a webhook told of a change that no fetch has seen yet."""
    connection_id: int
    token_encrypted: str
    token_secret_encrypted: str
    key_fingerprint: str
    reconnect_reason: str | None
    limited_until: datetime | None
    connection_synced_at: datetime | None
    """When any board of its connection was read last."""
    is_shown: bool
    """Whether the connection may show it."""
    is_enabled: bool
    """Whether the integration is."""
    has_copy: bool
    """Whether a form used a copy of it a short while ago, and may want a newer one."""


@dataclass(frozen=True, eq=False, slots=True)
class LiveSource:
    """A source to be counted, with the newest of its versions."""

    id: int
    counted_at: datetime | None
    frozen_reason: str | None
    measure_id: int
    kind: str
    series: int
    figures: Figures | tuple[None, None, None]
    """What was counted last: not the present value where one was given by hand."""
    version_id: int
    version_made_at: datetime
    definition: dict[str, Any]
    evidence_id: int | None
    """The newest of the version; None where it never counted."""
    digest: str | None
    given_at: datetime | None
    """Since when a value given by hand stands in for what is counted; None where none does."""

    def moment_of(self, fetched_at: datetime) -> datetime:
        """When a copy fetched then was counted: a form counts on one from before the link, and
        someone may give a value while a copy is on its way."""
        moments = (fetched_at, self.version_made_at, self.given_at)
        return max(one for one in moments if one is not None)


def live_board(session: Session, board_id: int) -> LiveBoard:
    row = session.connection().execute(_live_board(), {"on_board": board_id}).one()
    return LiveBoard(*row)


def live_sources(session: Session, board_id: int) -> list[LiveSource]:
    """The sources to be counted on this board: not ended, and their item not deleted."""
    rows = session.connection().execute(_live_sources(), {"on_board": board_id})
    return [
        LiveSource(id_, counted, frozen, measure, kind, series, (value, matching, completed), *rest)
        for id_, counted, frozen, measure, kind, series, value, matching, completed, *rest in rows
    ]


def lock(session: Session, board_id: int) -> None:
    """Let nobody else write the board's connection or its items until the commit.

    A form that saves one of them waits, or is waited for. What is read must be read after this.
    """
    if session.get_bind().dialect.name == "sqlite":
        return  # there, whoever writes is alone
    for locking in _locks():
        session.connection().execute(locking, {"on_board": board_id})


@cache
def _locks() -> Sequence[Select[int]]:
    of_board = select(Board.connection_id).where(Board.id == bindparam("on_board"))
    counted = select(TrelloSource.measure_id).where(
        TrelloSource.board_id == bindparam("on_board"), TrelloSource.ended_at.is_(None)
    )
    return (
        # The weaker locks leave alone those who only refer to the connection or the measures.
        select(Connection.id)
        .where(Connection.id == of_board.scalar_subquery())
        .with_for_update(key_share=True),
        select(Measure.id)
        .where(Measure.id.in_(counted))
        .order_by(Measure.id)
        .with_for_update(key_share=True),
    )


@cache
def _live_board() -> Select[Any]:
    is_allowed = exists().where(
        AllowedBoard.connection_id == Connection.id, AllowedBoard.trello_id == Board.trello_id
    )
    of_connection = exists().where(
        ConnectionFailure.connection_id == Connection.id,
        ConnectionFailure.board_id.is_(None),
        ConnectionFailure.over_at.is_(None),
    )
    is_enabled = exists().where(IntegrationState.name == "trello", IntegrationState.is_enabled)
    has_copy = exists().where(
        BoardCopy.connection_id == Connection.id, BoardCopy.trello_id == Board.trello_id
    )
    return (
        select(
            Board.id,
            Board.trello_id,
            Board.name,
            Board.url,
            Board.shape,
            or_(Board.failure_kind.is_not(None), of_connection),
            Board.changed_at.is_not(None),
            Connection.id,
            Connection.token_encrypted,
            Connection.token_secret_encrypted,
            Connection.key_fingerprint,
            Connection.reconnect_reason,
            Connection.limited_until,
            Connection.last_synced_at,
            or_(Connection.shows_all_boards, is_allowed),
            is_enabled,
            has_copy,
        )
        .join(Connection, Connection.id == Board.connection_id)
        .where(Board.id == bindparam("on_board"))
    )


@cache
def _live_sources() -> Select[Any]:
    source, of_trello = Source.__table__, TrelloSource.__table__
    version, evidence = aliased(SourceVersion), aliased(Evidence)
    # One step in an index for each, however many there ever were.
    newest_version = select(func.max(version.id)).where(version.source_id == source.c.id)
    newest_evidence = select(func.max(evidence.id)).where(
        evidence.source_version_id == SourceVersion.id
    )
    # Asked for each source: all live measures of the workspace are many more.
    is_live = live_measures().where(Measure.id == source.c.measure_id).correlate(source).exists()
    return (
        select(
            source.c.id,
            source.c.counted_at,
            source.c.frozen_reason,
            Measure.id,
            Measure.kind,
            Measure.series,
            case(
                (Measure.override.is_(None), Measure.value),
                else_=type_coerce(Measure.automatic_value, LongExact),
            ),
            Measure.matching_count,
            Measure.completed_count,
            SourceVersion.id,
            SourceVersion.made_at,
            SourceVersion.definition,
            Evidence.id,
            Evidence.digest,
            case((Measure.override.is_not(None), Measure.valued_at)),
        )
        .select_from(of_trello)
        .join(source, source.c.id == of_trello.c.id)
        .join(Measure, Measure.id == source.c.measure_id)
        .join(SourceVersion, SourceVersion.id == newest_version.scalar_subquery())
        .outerjoin(Evidence, Evidence.id == newest_evidence.scalar_subquery())
        .where(of_trello.c.board_id == bindparam("on_board"), source.c.ended_at.is_(None), is_live)
        .order_by(source.c.id)
    )
