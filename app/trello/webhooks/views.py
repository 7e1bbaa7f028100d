"""Where Trello tells of changes: the check at creation, and the deliveries."""

from datetime import datetime

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select
from werkzeug.exceptions import RequestEntityTooLarge

from app.access import for_machines
from app.db import db
from app.trello import blueprint
from app.trello.app_keys import current_app_keys
from app.trello.models import Board, Webhook
from app.trello.webhooks.addresses import PATH, are_possible, is_signed, note_change

LARGEST_DELIVERY = 1024 * 1024


@blueprint.route(f"{PATH}<string:key>", methods=["HEAD"])
@for_machines
def check_webhook(key: str) -> ResponseReturnValue:
    """Trello asks, without a signature, whether the address is there before it makes a webhook."""
    return Response(status=200 if _board_told_of(key) else 404)


@blueprint.post(f"{PATH}<string:key>")
@for_machines
def receive_webhook(key: str) -> ResponseReturnValue:
    """Note that the board was changed; what is in the delivery is not looked at.

    410 for an unknown key, upon which Trello deletes that webhook.
    """
    request.max_content_length = LARGEST_DELIVERY
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        return _said("That is more than any delivery holds.", 413)
    told_of = _board_told_of(key)
    if told_of is None:
        return _said("Nothing is received at this address any more.", 410)
    keys = current_app_keys()
    signature = request.headers.get("X-Trello-Webhook", "")
    if keys is None or not is_signed(keys.secret, body, told_of.callback_url, signature):
        return _said("The signature does not hold.", 403)
    if told_of.changed_at is None:
        note_change(told_of.board_id)
    return Response(status=204)


def _board_told_of(key: str) -> Row[int, str, datetime | None] | None:
    """The board whose changes are told under this key, in one statement."""
    # PostgreSQL refuses some characters with an error; our keys hold none of them.
    if not are_possible() or not key.isprintable():
        return None
    return db.session.execute(
        select(Webhook.board_id, Webhook.callback_url, Board.changed_at)
        .join(Webhook.board)
        .where(Webhook.key == key)
    ).one_or_none()


def _said(sentence: str, status: int) -> Response:
    """In plain text: no page, which would cost more than the delivery is worth."""
    return Response(f"{sentence}\n", status=status, mimetype="text/plain")
