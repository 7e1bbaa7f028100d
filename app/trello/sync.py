"""Syncing one board: one fetch, then every source on it. The clock and Refresh both end here."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy.orm import Session

from app.counters import SYNC_RUNS, counters
from app.db import db, utcnow
from app.okrs.rollup.settling import settle
from app.outages import outage_behind
from app.queues import client, is_leaving
from app.timing import scaled
from app.trello import outcomes, runs
from app.trello.answers import Snapshot
from app.trello.board_copies import keep_copy
from app.trello.boards import Line, fetch_board, trello_for
from app.trello.failures import (
    PUT_OFF,
    BoardLost,
    OddAnswer,
    Paused,
    TokenRefused,
    TrelloError,
)
from app.trello.live_rows import LiveBoard, live_board, live_sources, lock
from app.trello.models import DONE, FAILED, REFRESH, Board
from app.trello.runs import Claim
from app.trello.so_far import SoFar
from app.trello.sources import count_on

log = logging.getLogger(__name__)

DRAIN_FOR = timedelta(minutes=4)
"""How long one job goes on with boards that wait; it stays well below queues.JOB_TIMEOUT."""

_CLOSED = (
    "The board is closed in Trello, so the value stands still. "
    "Reopen it there, or choose another board."
)
_DISABLED = "Trello was disabled by an admin before this sync began."
_DISCONNECTED = "The connection was disconnected before this sync ended."
_NOT_ALLOWED = "The connection may no longer show this board."


def sync_board(run_id: int) -> None:
    """Run one queued sync. Delivering it twice is harmless: only one delivery claims the row.

    Fetches first and writes after, in one transaction that still has to hold the claim.
    """
    claim = runs.claim(run_id)
    if claim is not None:
        with _giving_way(claim):
            _sync(claim)
        settle()


def sync_waiting(_notice: int) -> None:
    """Run the queued hourly syncs, the oldest first, until none is left, or for a few minutes.

    One job for many boards: a process for each would cost more than the board. Several of these
    at once share the boards among them, and what is left at the end is made known again.
    """
    drain = _Drain()
    last = 0
    while (claim := drain.take_next(after=last)) is not None:
        last = claim.run_id
        try:
            with _giving_way(claim):
                _sync(claim, drain)
        except Exception as error:
            if outage_behind(error) is not None:
                raise  # it would be the same with every other
            log.exception("A sync failed by our own mistake; the others go on")
        finally:
            db.end()
            if counters.is_due():
                counters.hand_over(client())
    settle()  # once for all boards; meanwhile the clock does it every few seconds


class _Drain:
    """Hourly syncs, one after another: the way to Trello stays open, and the next run is taken in
    the transaction that ends the one before, since a transaction costs as much as counting."""

    def __init__(self) -> None:
        self.line = Line()
        self._ends_at = time.monotonic() + scaled(DRAIN_FOR).total_seconds()
        self._taken: Claim | None = None
        self._is_at_end = False

    def take_along(self, session: Session, after: int) -> None:
        """Take the next run with a number above `after`, to be handed out when this commits."""
        is_over = time.monotonic() > self._ends_at or is_leaving()
        self._taken = None if is_over else runs.take_next(session, after)
        self._is_at_end = self._taken is None

    def take_next(self, after: int) -> Claim | None:
        """The run that was taken along, or that is taken now: the first, or after a failure."""
        if self._taken is None and not self._is_at_end:
            with db.writing() as session:
                self.take_along(session, after)
        taken, self._taken = self._taken, None
        return taken


@contextmanager
def _giving_way(claim: Claim) -> Iterator[None]:
    try:
        yield
    except runs.ClaimLost:
        log.warning("A sync lost its claim and wrote nothing", extra={"run": claim.run_id})


class _Hold:
    """Our claim on a run, just taken: kept alive as requests go out, which are counted."""

    def __init__(self, claim: Claim) -> None:
        self.run_id, self.mark = claim.run_id, claim.mark
        self.trigger = claim.trigger
        self.is_urgent = claim.trigger == REFRESH
        self.so_far = SoFar(claim.board.id)
        self.request_count = 0
        self._renewed_at = utcnow()

    def before_request(self) -> None:
        """Raises ClaimLost when it is not ours any more."""
        self.request_count += 1
        self.so_far.go_on()
        if utcnow() - self._renewed_at > scaled(runs.RENEWED_AFTER):
            self.keep_alive()

    def wait(self) -> None:
        """Raises ClaimLost when it is not ours any more."""
        self.keep_alive()
        self.so_far.wait()

    def keep_alive(self) -> None:
        """Raises ClaimLost when it is not ours any more."""
        runs.keep_alive(self.run_id, self.mark)
        self._renewed_at = utcnow()


def _sync(claim: Claim, drain: _Drain | None = None) -> None:
    hold, board = _Hold(claim), claim.board
    try:
        _check_allowed(board)
        trello = trello_for(
            board,
            before_request=hold.before_request,
            is_urgent=hold.is_urgent,
            while_waiting=hold.wait,
            line=drain.line if drain else None,
            after_page=hold.so_far.read,
        )
        db.end_reading()
        snapshot = fetch_board(trello, board.trello_id)
        if snapshot.frame.is_closed:
            raise BoardLost(_CLOSED)
        with db.writing() as session:
            _write(session, hold, board.id, snapshot)
            if drain is not None:
                drain.take_along(session, after=hold.run_id)
        counters.add(SYNC_RUNS, claim.trigger, DONE)
    except TrelloError as error:
        if isinstance(error, OddAnswer):
            log.warning(
                "Odd answer from Trello", extra={"run": hold.run_id, "detail": error.detail}
            )
        _record_failure(hold, board, error)
    except runs.ClaimLost:
        raise
    except Exception:
        # Our own mistake: the run must not look alive until its lease ends, and RQ logs the rest.
        ours = TrelloError("Something went wrong on our side; the log says what.")
        _record_failure(hold, board, ours)
        raise
    finally:
        hold.so_far.end()


def _write(session: Session, hold: _Hold, board_id: int, snapshot: Snapshot) -> None:
    """The figures and the end of the run. Much may have changed since the board was asked for."""
    lock(session, board_id)
    board = live_board(session, board_id)
    _check_allowed(board)
    sources = live_sources(session, board_id)
    changed = count_on(session, board, sources, snapshot)
    if hold.is_urgent or board.has_copy:
        keep_copy(session, board.connection_id, snapshot)
    outcomes.record_success(session, board)
    runs.finish(session, hold.run_id, hold.mark, hold.request_count, len(sources), changed)


def _check_allowed(board: LiveBoard) -> None:
    if not board.is_enabled:
        raise Paused(_DISABLED)
    if not board.token_encrypted:
        raise TokenRefused(board.reconnect_reason or _DISCONNECTED)
    if not board.is_shown:
        raise BoardLost(_NOT_ALLOWED)


def _record_failure(hold: _Hold, asked: LiveBoard, error: TrelloError) -> None:
    with db.writing() as session:
        board = session.get_one(Board, asked.id, populate_existing=True)
        session.refresh(board.connection, with_for_update=outcomes.LOCK)
        outcomes.fail(session, hold.run_id, hold.mark, board, asked.token_encrypted, error)
        runs.record_requests(session, hold.run_id, hold.request_count)
    outcome = "put_off" if isinstance(error, PUT_OFF) else FAILED
    counters.add(SYNC_RUNS, hold.trigger, outcome)
