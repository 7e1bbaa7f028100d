"""News of boards: what webhooks told of is read a moment later, once for any number of them."""

from datetime import timedelta

from sqlalchemy import Select, and_, exists, or_, select

from app.db import db, utcnow
from app.okrs.integrations import is_enabled
from app.queues import NOW, enqueue
from app.timing import scaled
from app.trello import runs
from app.trello.failures import Held, Limited, Unavailable
from app.trello.loading import counts_something
from app.trello.models import HOURLY, QUEUED, UNFINISHED, WEBHOOK, Board, Connection, SyncRun
from app.trello.sync import sync_board

GATHER_FOR = timedelta(seconds=0.5)
"""From the first news to the reading: one move in Trello often makes several."""
REST = timedelta(seconds=1)
"""How long a board is left alone after a run, however much is told of it."""
MOST_AT_ONCE = 50


def glance() -> None:
    """Ask for the boards that Trello told of: one SELECT where there are none."""
    has_news = db.session.execute(_told_of().limit(1)).first() is not None
    if not has_news or not is_enabled("trello"):
        db.end_reading()
        return
    with db.writing() as session:
        told_of = _told_of().with_for_update(of=Board, skip_locked=True, key_share=True)
        boards = sorted(session.scalars(told_of), key=lambda board: board.id)
        run_ids = [runs.ask(session, board, WEBHOOK).id for board in boards]
    for run_id in run_ids:
        enqueue(sync_board, run_id, lane=NOW)


def _told_of() -> Select[Board]:
    """Boards whose news has been gathered, but for those that are being read, were read just now,
    or have to wait since Trello is out of breath."""
    now = utcnow()
    # One that waits for its turn in the hourly run is drawn forward.
    is_at_it = exists().where(
        SyncRun.board_id == Board.id,
        SyncRun.status.in_(UNFINISHED),
        or_(SyncRun.status != QUEUED, SyncRun.trigger != HOURLY),
    )
    was_read = exists().where(
        SyncRun.board_id == Board.id, SyncRun.finished_at > now - scaled(REST)
    )
    has_to_wait = and_(
        Board.failure_kind.in_((Limited.kind, Held.kind, Unavailable.kind)),
        Board.next_sync_at > now,
    )
    return (
        select(Board)
        .join(Board.connection)
        .where(
            Board.changed_at <= now - scaled(GATHER_FOR),
            Connection.reconnect_reason.is_(None),
            or_(Connection.limited_until.is_(None), Connection.limited_until <= now),
            counts_something(),
            ~is_at_it,
            ~was_read,
            or_(Board.failure_kind.is_(None), ~has_to_wait),
        )
        .order_by(Board.changed_at)
        .limit(MOST_AT_ONCE)
    )
