"""Creating, reading, changing and deleting webhooks."""

from typing import Any
from urllib.parse import urlsplit

from flask import Response, g

from sandbox.board import Board
from sandbox.context import is_loopback, this_sandbox
from sandbox.credentials import AccessToken
from sandbox.rest.answers import ID, NO_PERMISSION, NOT_FOUND, ApiError, answer, is_true, parameter
from sandbox.rest.blueprint import api
from sandbox.store import Webhook
from sandbox.webhooks import head_check


def webhook_json(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "description": webhook.description,
        "idModel": webhook.id_model,
        "callbackURL": webhook.callback_url,
        "active": webhook.active,
        "consecutiveFailures": webhook.consecutive_failures,
        "firstConsecutiveFailDate": webhook.first_failure_at,
    }


@api.post("/webhooks")
def create() -> Response:
    return answer(webhook_json(create_webhook(g.token)))


@api.get("/webhooks/<id_>")
def webhook(id_: str) -> Response:
    return answer(webhook_json(_own_webhook(id_)))


@api.put("/webhooks/<id_>")
def update(id_: str) -> Response:
    store = this_sandbox().store
    found = _own_webhook(id_)
    callback_url = parameter("callbackURL") or found.callback_url
    if callback_url != found.callback_url:
        _check_callback(callback_url)
    id_model = parameter("idModel") or found.id_model
    _check_model(id_model)
    with store.lock:
        found.callback_url = callback_url
        found.id_model = id_model
        found.description = parameter("description", found.description)
        found.active = is_true("active", default=found.active)
        store.save()
    return answer(webhook_json(found))


@api.delete("/webhooks/<id_>")
def delete(id_: str) -> Response:
    store = this_sandbox().store
    found = _own_webhook(id_)
    with store.lock:
        store.webhooks.pop(found.id, None)
        store.save()
    return answer({"_value": None})


def create_webhook(token: AccessToken) -> Webhook:
    """Make a webhook from the request's parameters, once its address answered HEAD with 200.

    A token with the scope `read` is enough.
    """
    store = this_sandbox().store
    callback_url, id_model = parameter("callbackURL"), parameter("idModel")
    _check_model(id_model)
    for other in store.webhooks.values():
        if (other.token, other.id_model, other.callback_url) == (
            token.token,
            id_model,
            callback_url,
        ):
            raise ApiError(400, "A webhook with that callback, model, and token already exists")
    _check_callback(callback_url)
    with store.lock:
        made = Webhook(
            id=store.new_id(),
            token=token.token,
            id_model=id_model,
            callback_url=callback_url,
            description=parameter("description"),
            active=is_true("active", default=True),
        )
        store.webhooks[made.id] = made
        store.save()
    return made


def _check_callback(url: str) -> None:
    # The sandbox is a tool for one machine and sends nothing beyond it.
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not is_loopback(parts.hostname):
        raise ApiError(400, "invalid value for callbackURL")
    problem = head_check(url)
    if problem:
        raise ApiError(400, problem)


def _check_model(id_model: str) -> None:
    """A board, something on it, or oneself."""
    if not ID.fullmatch(id_model):
        raise ApiError(400, "invalid value for idModel")
    if id_model == g.member["id"]:
        return
    for board in this_sandbox().store.boards.values():
        if _holds(board, id_model):
            if not board.has_member(g.member["id"]):
                raise ApiError(401, NO_PERMISSION)
            return
    raise ApiError(400, "invalid value for idModel")


def _holds(board: Board, id_: str) -> bool:
    return id_ == board.id or id_ in board.cards or id_ in board.lists


def _own_webhook(id_: str) -> Webhook:
    if not ID.fullmatch(id_):
        raise ApiError(400, "invalid id")
    found = this_sandbox().store.webhooks.get(id_)
    if found is None:
        raise ApiError(404, NOT_FOUND)
    if found.token != g.token.token:
        raise ApiError(401, NO_PERMISSION)
    return found
