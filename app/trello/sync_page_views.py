"""The page on which an admin sees how syncing goes, and tries again what failed."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.access import by_id, id_from_query, require_admin
from app.db import db
from app.htmx import see_other
from app.queues import enqueue
from app.trello import blueprint, runs
from app.trello.asking import why_not_now
from app.trello.connections import StateTeller
from app.trello.loading import counts_something
from app.trello.models import RETRY, Board
from app.trello.sync import sync_board
from app.trello.sync_page import board_rows, failing_boards, run_page, work_now


@blueprint.get("/admin/sync")
def show_syncs() -> ResponseReturnValue:
    require_admin()
    before = id_from_query("before")
    only_failed = request.args.get("show") == "failed"
    return render_template(
        "trello/syncs.html",
        work=work_now(),
        boards=board_rows(),
        runs=run_page(before, only_failed),
        only_failed=only_failed,
        is_first_page=before is None,
    )


@blueprint.post("/admin/sync/boards/<int:board_id>/retry")
def retry_board(board_id: int) -> ResponseReturnValue:
    admin = require_admin()
    board = by_id(Board, board_id)
    name = board.name or "The unnamed board"
    reason = _why_not(board)
    if reason:
        flash(f"{name} was not tried again. {reason}", "error")
        return see_other("trello.show_syncs")
    run = runs.ask(db.session(), board, RETRY, admin)
    db.session.commit()
    enqueue(sync_board, run.id, first=True)
    flash(f"{name} is tried again.", "success")
    return see_other("trello.show_syncs")


def _why_not(board: Board) -> str | None:
    """Why the board is not tried again, as a sentence; None where it is."""
    is_counted_on = select(counts_something()).where(Board.id == board.id)
    if not db.session.scalar(is_counted_on):
        return "Nothing counts on it any more."
    return why_not_now(board, StateTeller())


@blueprint.post("/admin/sync/retry")
def retry_failed_boards() -> ResponseReturnValue:
    admin = require_admin()
    teller, failing = StateTeller(), failing_boards()
    ready = [board for board in failing if why_not_now(board, teller) is None]
    asked = [
        runs.ask(db.session(), board, RETRY, admin)
        for board in sorted(ready, key=lambda one: one.id)
    ]
    db.session.commit()
    for run in asked:
        if not enqueue(sync_board, run.id):
            break
    flash(*_retried(len(ready), len(failing) - len(ready)))
    return see_other("trello.show_syncs")


def _retried(tried: int, left: int) -> tuple[str, str]:
    """What became of the boards that failed, in words, and what kind of message that is."""
    if not tried and not left:
        return "No board failed last time.", "success"
    said = f"{_boards(tried)} tried again."
    if left:
        said += f" {_boards(left)} left alone: see what is said there."
    return said, "warning" if left else "success"


def _boards(count: int) -> str:
    return f"{count or 'No'} {'board is' if count in (0, 1) else 'boards are'}"
