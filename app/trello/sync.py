"""Syncing one board: one fetch, then every source on it. The clock and Refresh both end here."""

import logging

from app.db import db
from app.okrs.integrations import is_enabled
from app.trello import runs
from app.trello.boards import fetch_board, keep_copy, trello_for
from app.trello.failures import BoardLost, OddAnswer, Paused, TrelloError
from app.trello.models import Board, SyncRun
from app.trello.sources import apply_snapshot, live_sources

log = logging.getLogger(__name__)

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
    mark = runs.claim(run_id)
    if mark is None:
        return
    try:
        _sync(run_id, mark)
    except runs.ClaimLost:
        log.warning("A sync lost its claim and wrote nothing", extra={"run": run_id})


def _sync(run_id: int, mark: str) -> None:
    run = db.session.get_one(SyncRun, run_id)
    board, connection = run.board, run.board.connection
    board_id, trello_id, token = board.id, board.trello_id, connection.token_encrypted
    try:
        _check_allowed(board)
        trello = trello_for(connection, before_request=lambda: runs.keep_alive(run_id, mark))
        db.end_reading()
        snapshot = fetch_board(trello, trello_id)
        if snapshot.frame.is_closed:
            raise BoardLost(_CLOSED)
        with db.writing() as session:
            session.expire_all()  # it was loaded before the fetch, and may have changed since
            board = session.get_one(Board, board_id)
            session.refresh(board.connection, with_for_update={"read": True})
            _check_allowed(board)
            runs.finish(session, run_id, mark)
            apply_snapshot(session, board, live_sources(session, board), snapshot)
            keep_copy(session, board.connection_id, snapshot)
            runs.record_success(board)
    except TrelloError as error:
        if isinstance(error, OddAnswer):
            log.warning("Odd answer from Trello", extra={"run": run_id, "detail": error.detail})
        _record_failure(run_id, mark, board_id, token, error)
    except runs.ClaimLost:
        raise
    except Exception:
        # Our own mistake: the run must not look alive until its lease ends, and RQ logs the rest.
        ours = TrelloError("Something went wrong on our side; the log says what.")
        _record_failure(run_id, mark, board_id, token, ours)
        raise


def _check_allowed(board: Board) -> None:
    if not is_enabled("trello"):
        raise Paused(_DISABLED)
    if not board.connection.shows(board.trello_id):
        raise BoardLost(_NOT_ALLOWED)


def _record_failure(run_id: int, mark: str, board_id: int, token: str, error: TrelloError) -> None:
    with db.writing() as session:
        board = session.get_one(Board, board_id, populate_existing=True)
        session.refresh(board.connection)
        runs.fail(session, run_id, mark, board, token, error)
