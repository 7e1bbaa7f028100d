"""Syncing one board: one fetch, then every source on it. The clock and Refresh both end here."""

import logging
import time
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from app.db import db, utcnow
from app.okrs.integrations import is_enabled
from app.queues import is_leaving
from app.timing import scaled
from app.trello import outcomes, runs
from app.trello.boards import fetch_board, has_copy, keep_copy, trello_for
from app.trello.failures import BoardLost, OddAnswer, Paused, TrelloError
from app.trello.models import REFRESH, Board, Connection, SyncRun
from app.trello.sources import apply_snapshot, live_sources

log = logging.getLogger(__name__)

DRAIN_FOR = timedelta(minutes=4)
"""How long one job goes on with boards that wait; it stays well below queues.JOB_TIMEOUT."""

_CLOSED = (
    "The board is closed in Trello, so the value stands still. "
    "Reopen it there, or choose another board."
)
_DISABLED = "Trello was disabled by an admin before this sync began."
_NOT_ALLOWED = "The connection may no longer show this board."


def sync_board(run_id: int) -> None:
    """Run one queued sync. Delivering it twice is harmless: only one delivery claims the row.

    Fetches first and writes after, in one transaction that still has to hold the claim.
    """
    run = runs.claim(run_id)
    if run is not None:
        _keep_to_claim(run)


def sync_waiting(_notice: int) -> None:
    """Run the queued hourly syncs, the oldest first, until none is left, or for a few minutes.

    One job for many boards: a process for each would cost more than the board. Several of these
    at once share the boards among them, and what is left at the end is made known again.
    """
    ends_at = time.monotonic() + scaled(DRAIN_FOR).total_seconds()
    last = 0
    while time.monotonic() < ends_at and not is_leaving():
        run = runs.claim_next(after=last)
        if run is None:
            return
        last = run.id
        try:
            _keep_to_claim(run)
        except Exception:
            log.exception("A sync failed by our own mistake; the others go on")
        finally:
            db.session.remove()


def _keep_to_claim(run: SyncRun) -> None:
    run_id = run.id
    try:
        _sync(run)
    except runs.ClaimLost:
        log.warning("A sync lost its claim and wrote nothing", extra={"run": run_id})


class _Hold:
    """Our claim on a run, just taken: kept alive as requests go out, which are counted."""

    def __init__(self, run: SyncRun) -> None:
        assert run.claim is not None
        self.run_id, self.mark = run.id, run.claim
        self.is_urgent = run.trigger == REFRESH
        self.request_count = 0
        self._renewed_at = utcnow()

    def before_request(self) -> None:
        """Raises ClaimLost when it is not ours any more."""
        self.request_count += 1
        if utcnow() - self._renewed_at > scaled(runs.RENEWED_AFTER):
            self.keep_alive()

    def keep_alive(self) -> None:
        """Raises ClaimLost when it is not ours any more."""
        runs.keep_alive(self.run_id, self.mark)
        self._renewed_at = utcnow()


def _sync(run: SyncRun) -> None:
    hold = _Hold(run)
    board, connection = run.board, run.board.connection
    board_id, trello_id, token = board.id, board.trello_id, connection.token_encrypted
    try:
        _check_allowed(board)
        trello = trello_for(
            connection,
            before_request=hold.before_request,
            is_urgent=hold.is_urgent,
            while_waiting=hold.keep_alive,
        )
        db.end_reading()
        snapshot = fetch_board(trello, trello_id)
        if snapshot.frame.is_closed:
            raise BoardLost(_CLOSED)
        with db.writing() as session, session.no_autoflush:
            board = _board_as_it_is_now(session, board_id)
            _check_allowed(board)
            sources = live_sources(session, board)
            changed = apply_snapshot(session, board, sources, snapshot)
            if hold.is_urgent or has_copy(session, board):
                keep_copy(session, board.connection_id, snapshot)
            outcomes.record_success(session, board)
            runs.finish(session, hold.run_id, hold.mark, hold.request_count, len(sources), changed)
    except TrelloError as error:
        if isinstance(error, OddAnswer):
            log.warning(
                "Odd answer from Trello", extra={"run": hold.run_id, "detail": error.detail}
            )
        _record_failure(hold, board_id, token, error)
    except runs.ClaimLost:
        raise
    except Exception:
        # Our own mistake: the run must not look alive until its lease ends, and RQ logs the rest.
        ours = TrelloError("Something went wrong on our side; the log says what.")
        _record_failure(hold, board_id, token, ours)
        raise


def _board_as_it_is_now(session: Session, board_id: int) -> Board:
    """The board was loaded before the fetch, and much may have changed since."""
    session.expire_all()
    anew = select(Board).join(Board.connection).options(contains_eager(Board.connection))
    locked = anew.where(Board.id == board_id).with_for_update(of=Connection, **outcomes.LOCK)
    return session.scalars(locked).one()


def _check_allowed(board: Board) -> None:
    if not is_enabled("trello"):
        raise Paused(_DISABLED)
    if not board.connection.shows(board.trello_id):
        raise BoardLost(_NOT_ALLOWED)


def _record_failure(hold: _Hold, board_id: int, token: str, error: TrelloError) -> None:
    with db.writing() as session:
        board = session.get_one(Board, board_id, populate_existing=True)
        session.refresh(board.connection, with_for_update=outcomes.LOCK)
        outcomes.fail(session, hold.run_id, hold.mark, board, token, error)
        runs.record_requests(session, hold.run_id, hold.request_count)
