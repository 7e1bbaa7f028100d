"""What a changed PUBLIC_URL means for the webhooks: they tell of changes where nobody listens."""

from flask import current_app
from sqlalchemy import ColumnElement, exists, or_, update

from app.db import db, utcnow
from app.trello.models import Board, Connection, Webhook
from app.trello.webhooks.addresses import are_possible, callback_url, public_url

_SEEN_TO = "tally_webhooks_seen_to_at"


def see_to_another_address() -> None:
    """Compare soon what was made for another address, or could not be made for it.

    Once in the life of a process, since the settings are read when it starts: a Trello that is
    down is not asked at every turn of the clock, and two workers that were told of two addresses
    do not undo each other's work again and again.
    """
    if current_app.extensions.get(_SEEN_TO) == public_url():
        return
    with db.writing() as session:
        if are_possible():
            session.execute(
                update(Connection)
                .where(or_(Connection.webhook_problem.is_not(None), _is_told_elsewhere()))
                .values(webhooks_due_at=utcnow())
                .execution_options(synchronize_session=False)
            )
        else:
            # There is no address left of which it could be said that Trello can't reach it.
            session.execute(
                update(Connection)
                .where(Connection.webhook_problem.is_not(None))
                .values(webhook_problem=None)
                .execution_options(synchronize_session=False)
            )
    current_app.extensions[_SEEN_TO] = public_url()


def _is_told_elsewhere() -> ColumnElement[bool]:
    return exists().where(
        Webhook.board_id == Board.id,
        Board.connection_id == Connection.id,
        ~Webhook.callback_url.startswith(callback_url(""), autoescape=True),
    )
