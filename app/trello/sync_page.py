"""What the Sync page shows: is the work done, how does each board fare, what did each run cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import contains_eager, defer

from app.accounts.models import Person
from app.beats import ALIVE_FOR, EVERY, WorkerBeat
from app.db import db, utcnow
from app.okrs.integrations import is_enabled
from app.okrs.loading import live_measures
from app.queues import queue_lengths
from app.timing import scaled
from app.trello.connections import State, StateTeller
from app.trello.failures import PUT_OFF
from app.trello.loading import counts_something
from app.trello.models import (
    ABANDONED,
    DONE,
    FAILED,
    HOURLY,
    QUEUED,
    REFRESH,
    RETRY,
    RUNNING,
    UNFINISHED,
    WEBHOOK,
    Board,
    Connection,
    SyncRun,
    TrelloSource,
    Webhook,
)

HOUR = timedelta(hours=1)
RUNS_A_PAGE = 50


@dataclass(frozen=True)
class Work:
    """Whether somebody does the work, and how much of it there is."""

    is_enabled: bool
    workers: Sequence[WorkerBeat]
    """Those alive, the oldest first."""
    last_seen_at: datetime | None
    """When any worker was last heard of; None where none was in the last day."""
    lengths: Mapping[str, int] | None
    """How many notices wait in each lane; None where the queue can't be reached."""
    waiting_count: int
    running_count: int
    next_sync_at: datetime | None
    """When the next board is due; None where there is none to count."""
    due_count: int
    """Boards due within the hour."""
    request_count: int
    """What the runs of the last hour asked of Trello; forms and rebuilt pasts ask beside them."""
    webhook_count: int
    has_address: bool
    """Whether there can be webhooks at all."""

    @property
    def tick_seconds(self) -> int:
        """How often each worker looks for what is due."""
        return int(EVERY.total_seconds())

    @property
    def is_busy(self) -> bool:
        return bool(self.waiting_count or self.running_count)


def work_now() -> Work:
    """Six queries at most, and one look at the queue."""
    now = utcnow()
    beats = db.session.scalars(select(WorkerBeat).order_by(WorkerBeat.started_at)).all()
    unfinished = (
        select(SyncRun.status, func.count().label("runs"))
        .where(SyncRun.status.in_(UNFINISHED))
        .group_by(SyncRun.status)
    )
    runs = {row.status: row.runs for row in db.session.execute(unfinished)}
    next_sync_at, due_count = db.session.execute(
        select(
            func.min(Board.next_sync_at),
            func.count(case((Board.next_sync_at <= now + HOUR, Board.id))),
        )
        .join(Board.connection)
        .where(Connection.reconnect_reason.is_(None), counts_something())
    ).one()
    request_count = db.session.scalar(
        select(func.sum(SyncRun.request_count)).where(
            or_(SyncRun.finished_at > now - HOUR, SyncRun.status == RUNNING)
        )
    )
    return Work(
        is_enabled=is_enabled("trello"),
        workers=[one for one in beats if one.seen_at > now - scaled(ALIVE_FOR)],
        last_seen_at=max((one.seen_at for one in beats), default=None),
        lengths=queue_lengths(),
        waiting_count=runs.get(QUEUED, 0),
        running_count=runs.get(RUNNING, 0),
        next_sync_at=next_sync_at,
        due_count=due_count,
        request_count=request_count or 0,
        webhook_count=_count_webhooks(),
        has_address=current_app.extensions["tally_config"].has_public_address,
    )


def _count_webhooks() -> int:
    made = select(func.count(Webhook.id)).where(Webhook.trello_id.is_not(None))
    return db.session.scalar(made) or 0


@dataclass(frozen=True)
class BoardRow:
    """A board that is counted on, and how that goes."""

    board: Board
    item_count: int
    frozen_count: int
    """Items whose criteria have to be chosen again."""
    counted_at: datetime | None
    """When an item was last counted, be it on the copy that its form used."""
    state: State
    is_synced: bool
    """False where nothing is asked until someone sees to the connection."""

    @property
    def is_failing(self) -> bool:
        return self.is_synced and self.board.failure is not None


def board_rows() -> list[BoardRow]:
    """Boards with something to count, those in trouble first; four queries in all."""
    boards = db.session.execute(
        select(
            Board,
            func.count(TrelloSource.id),
            func.count(TrelloSource.frozen_reason),
            func.max(TrelloSource.counted_at),
        )
        .join(Board.connection)
        .join(
            TrelloSource,
            (TrelloSource.board_id == Board.id)
            & TrelloSource.ended_at.is_(None)
            & TrelloSource.measure_id.in_(live_measures()),
        )
        .group_by(Board.id, Connection.id)
        .options(contains_eager(Board.connection), defer(Board.shape))
        .order_by(func.lower(Board.name), Board.id)
    ).all()
    unfinished = select(SyncRun.board_id, SyncRun.status).where(SyncRun.status.in_(UNFINISHED))
    runs = {run.board_id: run.status for run in db.session.execute(unfinished)}
    teller = StateTeller()
    rows = [_board_row(*counted, runs.get(counted[0].id), teller) for counted in boards]
    return sorted(rows, key=lambda row: row.state.tone != "bad")


def _board_row(
    board: Board,
    item_count: int,
    frozen_count: int,
    counted_at: datetime | None,
    run: str | None,
    teller: StateTeller,
) -> BoardRow:
    state = teller.state_of(board.connection)
    is_synced = not state.sentence
    if is_synced:
        state = _state(board, counted_at, run)
    return BoardRow(board, item_count, frozen_count, counted_at, state, is_synced)


def _state(board: Board, counted_at: datetime | None, run: str | None) -> State:
    said = board.failure or ""
    if run == RUNNING:
        return State("Counting", said, tone="tell")
    if run == QUEUED:
        return State("Waiting", said, tone="tell")
    if said:
        return State("Failed", said)
    if board.last_synced_at is None and counted_at is None:
        return State("Not counted yet", tone="idle")
    return State("Working", tone="good")


def failing_boards() -> list[Board]:
    """Boards that could not be read last time, with their connections."""
    return list(
        db.session.scalars(
            select(Board)
            .join(Board.connection)
            .where(Board.failure.is_not(None), counts_something())
            .options(contains_eager(Board.connection))
            .order_by(Board.id)
        )
    )


_PUT_OFF = tuple(one.kind for one in PUT_OFF)
_OUTCOMES = {
    QUEUED: ("Waiting", "tell"),
    RUNNING: ("Running", "tell"),
    DONE: ("Done", "good"),
    FAILED: ("Failed", "bad"),
    ABANDONED: ("Given up", "bad"),
}


@dataclass(frozen=True)
class RunRow:
    """One run, in words."""

    run: SyncRun
    asked_by: str | None

    @property
    def trigger(self) -> str:
        """What brought it about: "Hourly", "Refresh by Mina Lund" """
        words = {HOURLY: "Hourly", WEBHOOK: "Webhook", REFRESH: "Refresh", RETRY: "Retry"}
        said = words.get(self.run.trigger, self.run.trigger)
        return f"{said} by {self.asked_by}" if self.asked_by else said

    @property
    def waited(self) -> str:
        return lasting(self.run.queued_at, self.run.started_at)

    @property
    def took(self) -> str:
        return lasting(self.run.started_at, self.run.finished_at)

    @property
    def state(self) -> State:
        was_put_off = self.run.failure_kind in _PUT_OFF
        word, tone = ("Put off", "idle") if was_put_off else _OUTCOMES[self.run.status]
        return State(word, self.run.failure or "", tone)


@dataclass(frozen=True)
class RunPage:
    """Some runs, the newest first."""

    rows: Sequence[RunRow]
    next_before: int | None
    """The id that older runs are below; None where there are none."""


def run_page(before: int | None, only_failed: bool) -> RunPage:
    """One query, however many runs there are."""
    query = (
        select(SyncRun, Person.name)
        .join(SyncRun.board)
        .join(Board.connection)
        .outerjoin(Person, Person.id == SyncRun.asked_by_id)
        .options(
            contains_eager(SyncRun.board).options(
                contains_eager(Board.connection), defer(Board.shape)
            )
        )
        .order_by(SyncRun.id.desc())
        .limit(RUNS_A_PAGE + 1)
    )
    if before is not None:
        query = query.where(SyncRun.id < before)
    if only_failed:
        query = query.where(
            SyncRun.status.in_((FAILED, ABANDONED)),
            or_(SyncRun.failure_kind.is_(None), SyncRun.failure_kind.not_in(_PUT_OFF)),
        )
    found = [RunRow(run, name) for run, name in db.session.execute(query)]
    shown = found[:RUNS_A_PAGE]
    return RunPage(shown, shown[-1].run.id if len(found) > RUNS_A_PAGE else None)


def lasting(since: datetime | None, until: datetime | None) -> str:
    """ "0.4 s", "12 s", "3 min", "2 h"; empty where one of the two is yet to come."""
    if since is None or until is None:
        return ""
    seconds = max(0.0, (until - since).total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
