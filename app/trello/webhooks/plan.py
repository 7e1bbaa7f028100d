"""What is to be done about a connection's webhooks: what Trello has, beside what is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from app.db import db, utcnow
from app.timing import scaled
from app.trello.failures import BoardLost
from app.trello.loading import counts_something
from app.trello.models import Board, Connection, Webhook
from app.trello.webhooks.addresses import callback_url
from app.trello.webhooks.answers import TrellosWebhook

LEASE = timedelta(minutes=2)
"""How long one worker has for it, after which another one may begin."""


@dataclass
class Plan:
    """The steps that lead from what there is to what is wanted."""

    found: dict[int, str] = field(default_factory=dict)
    """Rows of ours that are right, with Trello's name for each."""
    forgotten: list[int] = field(default_factory=list)
    """Rows of ours that stand for nothing, or for nothing wanted."""
    unwanted: list[TrellosWebhook] = field(default_factory=list)
    """Of ours at Trello."""
    missing: list[Board] = field(default_factory=list)


def plan_for(connection: Connection, theirs: Sequence[TrellosWebhook]) -> Plan:
    """Changes nothing. What others made with the same token is left alone."""
    wanted = {board.id: board for board in _wanted_boards(connection)}
    rows = db.session.scalars(
        select(Webhook)
        .join(Webhook.board)
        .where(Board.connection_id == connection.id)
        .options(joinedload(Webhook.board))
    ).all()
    by_address = {one.callback_url: one for one in theirs}
    plan = Plan()
    for row in rows:
        one = by_address.get(row.callback_url)
        if row.board_id not in wanted or not _is_right(row, one):
            plan.forgotten.append(row.id)
            continue
        del wanted[row.board_id]
        if one is not None:
            plan.found[row.id] = one.id
    right = set(plan.found.values())
    plan.unwanted = [one for one in _ours(theirs, rows) if one.id not in right]
    # Trello would refuse for a board that the account can't read.
    plan.missing = [one for one in wanted.values() if one.failure_kind != BoardLost.kind]
    return plan


def record(session: Session, plan: Plan) -> None:
    """Make our rows what the plan found. Commits nothing."""
    session.execute(delete(Webhook).where(Webhook.id.in_(plan.forgotten)))
    for row_id, trello_id in plan.found.items():
        session.execute(
            update(Webhook)
            .where(Webhook.id == row_id, Webhook.trello_id.is_distinct_from(trello_id))
            .values(trello_id=trello_id)
        )


def _wanted_boards(connection: Connection) -> list[Board]:
    boards = db.session.scalars(
        select(Board)
        .where(Board.connection_id == connection.id, counts_something())
        .order_by(Board.id)
    )
    return [board for board in boards if connection.shows(board.trello_id)]


def _is_right(row: Webhook, one: TrellosWebhook | None) -> bool:
    """Whether the row stands for a webhook that tells of its board at the present address."""
    if row.callback_url != callback_url(row.key):
        return False
    if one is None:
        # Another worker may be making it at this moment.
        return row.trello_id is None and row.made_at > utcnow() - scaled(LEASE)
    return one.is_active and one.board_id == row.board.trello_id


def _ours(theirs: Sequence[TrellosWebhook], rows: Sequence[Webhook]) -> list[TrellosWebhook]:
    """Those that this installation made: known by a row of this connection, or below our address
    and known by no row at all, as a database put back from a copy or a lost answer leaves them."""
    own = {row.callback_url for row in rows}
    below = {one.callback_url for one in theirs if one.callback_url.startswith(callback_url(""))}
    known = db.session.scalars(select(Webhook.callback_url).where(Webhook.callback_url.in_(below)))
    ours = own | below.difference(known)
    return [one for one in theirs if one.callback_url in ours]
