"""Making and removing webhooks, so that Trello tells of the boards that something counts on."""

import logging
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from app.db import changed_rows, db, utcnow
from app.okrs.integrations import is_enabled
from app.queues import HOURLY, enqueue
from app.timing import scaled
from app.trello.boards import telling_connection, trello_for
from app.trello.client import Trello
from app.trello.failures import Limited, OddAnswer, TrelloError, Unavailable, WebhookRefused
from app.trello.loading import counts_something
from app.trello.models import Board, Connection, Webhook
from app.trello.webhooks.addresses import are_possible, callback_url, new_key, public_url
from app.trello.webhooks.moving import see_to_another_address
from app.trello.webhooks.plan import LEASE, plan_for, record

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(hours=1)
AGAIN_AFTER_TROUBLE = timedelta(minutes=10)
"""When Trello was out of reach or out of breath."""
MOST_DUE = 100
LONGEST_STEP = timedelta(minutes=1)
"""For one request, tries included. None is begun when less than that is left of the lease."""

Step = TypeVar("Step")


class _OutOfTime(Exception):
    """More is to be done than one lease is long enough for."""


_UNREACHABLE = (
    "Updates come every hour: Trello could not reach {}. That address (PUBLIC_URL) has to be "
    "reachable from the internet, by https with a valid certificate. It is tried again every hour."
)
_REFUSED = (
    "Updates of some boards come every hour: Trello does not want to tell this account of their "
    "changes. Reconnecting it may help. It is tried again every hour."
)


def tick() -> None:
    """Give notice of the connections whose time has come. Two statements where there are none."""
    see_to_another_address()
    if not are_possible() or not is_enabled("trello"):
        return
    unlinked = db.session.scalars(select(Connection.id).where(_has_unlinked())).all()
    if unlinked:
        with db.writing() as session:
            session.execute(
                update(Connection)
                .where(Connection.id.in_(unlinked))
                .values(webhooks_due_at=utcnow())
            )
    due = db.session.scalars(
        select(Connection.id).where(_is_due()).order_by(Connection.webhooks_due_at).limit(MOST_DUE)
    ).all()
    db.end_reading()
    for connection_id in due:
        if not enqueue(keep_webhooks, connection_id, lane=HOURLY):
            break


def keep_webhooks(connection_id: int) -> None:
    """Make Trello's webhooks those that are wanted. Delivering it twice is harmless: one delivery
    claims the connection, and whatever a worker left half done is found at the next time."""
    claimed_until = _claim(connection_id)
    if claimed_until is None:
        return
    again_after = AGAIN_AFTER
    try:
        _note_problem(connection_id, _keep(connection_id, claimed_until))
    except _OutOfTime:
        again_after = timedelta()
    except (Limited, Unavailable):
        again_after = AGAIN_AFTER_TROUBLE
    except TrelloError as error:
        # What concerns the whole connection is marked already; the syncs meet the rest too.
        log.warning("Webhooks were not compared: %s", error.kind)
    _release(connection_id, claimed_until, again_after)


def _keep(connection_id: int, claimed_until: datetime) -> str | None:
    """Why Trello refused some of it, in words; None where it did not.

    Raises TrelloError, and _OutOfTime where the rest is left for the next time.
    """
    _forget_unlinked(connection_id)
    connection = _connection(connection_id)
    trello = trello_for(connection)
    db.end_reading()
    with telling_connection(connection):
        theirs = trello.webhooks()
        plan = plan_for(_connection(connection_id), theirs)
        with db.writing() as session:
            record(session, plan)
        for one in _in_time(plan.unwanted, claimed_until):
            _remove(trello, one.id)
        return _make(trello, _in_time(plan.missing, claimed_until))


def _in_time(steps: Sequence[Step], claimed_until: datetime) -> Iterator[Step]:
    """The steps, the first in any case, as long as nobody else may have begun on them."""
    for number, step in enumerate(steps):
        if number and utcnow() > claimed_until - scaled(LONGEST_STEP):
            raise _OutOfTime
        yield step


def _connection(connection_id: int) -> Connection:
    return db.session.scalars(
        select(Connection)
        .where(Connection.id == connection_id)
        .options(selectinload(Connection.allowed_boards))
        .execution_options(populate_existing=True)
    ).one()


def _forget_unlinked(connection_id: int) -> None:
    """First of all, so that a Trello out of reach is not asked again and again because of them.
    There they are removed as strangers, now or the next time."""
    with db.writing() as session:
        session.execute(
            delete(Webhook)
            .where(Webhook.board_id.in_(_unlinked_boards(connection_id)))
            .execution_options(synchronize_session=False)
        )


def _remove(trello: Trello, webhook_id: str) -> None:
    try:
        trello.delete_webhook(webhook_id)
    except OddAnswer:
        log.info("A webhook to be removed was gone already")


def _make(trello: Trello, boards: Iterator[Board]) -> str | None:
    """Why Trello refused one of them; the others are made. Raises TrelloError."""
    problem = None
    for board in boards:
        row = _new_row(board.id)
        if row is None:
            continue
        try:
            made = trello.make_webhook(board.trello_id, row.callback_url)
        except WebhookRefused as error:
            _forget(row)
            if error.is_unreachable:
                return _UNREACHABLE.format(public_url())
            problem = _REFUSED
        except TrelloError:
            # It may have been made all the same; then it is removed as a stranger's next time.
            _forget(row)
            raise
        else:
            _note_made(row, made.id)
    return problem


def _new_row(board_id: int) -> Webhook | None:
    """Committed before Trello is asked, which tries the address while it makes the webhook.
    None where another worker was quicker."""
    key = new_key()
    row = Webhook(board_id=board_id, key=key, callback_url=callback_url(key))
    try:
        with db.writing() as session:
            session.add(row)
    except IntegrityError:
        return None
    return row


def _note_made(row: Webhook, trello_id: str) -> None:
    with db.writing() as session:
        session.execute(update(Webhook).where(Webhook.id == row.id).values(trello_id=trello_id))


def _forget(row: Webhook) -> None:
    with db.writing() as session:
        session.execute(delete(Webhook).where(Webhook.id == row.id))


def _note_problem(connection_id: int, problem: str | None) -> None:
    with db.writing() as session:
        session.execute(
            update(Connection)
            .where(
                Connection.id == connection_id,
                Connection.webhook_problem.is_distinct_from(problem),
            )
            .values(webhook_problem=problem)
        )


def _claim(connection_id: int) -> datetime | None:
    """Until when the connection is ours; None when it is not due, or another worker has it."""
    until = utcnow() + scaled(LEASE)
    with db.writing() as session:
        claimed = session.execute(
            update(Connection)
            .where(Connection.id == connection_id, _is_due())
            .values(webhooks_due_at=until)
            .execution_options(synchronize_session=False)
        )
        is_ours = changed_rows(claimed) == 1
    return until if is_ours else None


def _release(connection_id: int, claimed_until: datetime, again_after: timedelta) -> None:
    """Until the next time, unless someone linked or unlinked meanwhile: then it is due already."""
    # A little chance keeps the connections of one installation from coming back together.
    due_at = utcnow() + scaled(again_after) * random.uniform(0.9, 1.0)
    with db.writing() as session:
        session.execute(
            update(Connection)
            .where(Connection.id == connection_id, Connection.webhooks_due_at == claimed_until)
            .values(webhooks_due_at=due_at)
            .execution_options(synchronize_session=False)
        )


def _is_due() -> ColumnElement[bool]:
    return and_(Connection.webhooks_due_at <= utcnow(), *_usable())


def _has_unlinked() -> ColumnElement[bool]:
    """Connections, not due for long, with a webhook for a board that nothing counts on any more."""
    return and_(
        Connection.webhooks_due_at > utcnow() + scaled(LEASE),
        exists().where(
            Webhook.board_id == Board.id,
            Board.connection_id == Connection.id,
            ~counts_something(),
        ),
        *_usable(),
    )


def _unlinked_boards(connection_id: int) -> Select[int]:
    return select(Board.id).where(Board.connection_id == connection_id, ~counts_something())


def _usable() -> tuple[ColumnElement[bool], ...]:
    return Connection.reconnect_reason.is_(None), Connection.is_configured.is_(True)
