"""Tokens: what one may do, and revoking it."""

from typing import Any

from flask import Response, g

from sandbox.context import this_sandbox
from sandbox.credentials import AccessToken
from sandbox.represent import member_json
from sandbox.rest.answers import NO_PERMISSION, ApiError, answer, is_true, parameter, pick
from sandbox.rest.blueprint import api
from sandbox.rest.webhooks import create_webhook, webhook_json


@api.get("/tokens/<name>")
def token(name: str) -> Response:
    found = _own_token(name)
    writes = "write" in found.scopes
    shown: dict[str, Any] = {
        "id": found.id,
        "identifier": found.app_name,
        "idMember": found.member_id,
        "dateCreated": found.created_at,
        "dateExpires": found.expires_at,
        "permissions": [
            {"idModel": id_model, "modelType": kind, "read": True, "write": writes}
            for id_model, kind in (
                (found.member_id, "Member"),
                ("*", "Board"),
                ("*", "Organization"),
            )
        ],
    }
    shown = pick(shown, parameter("fields"))
    if is_true("webhooks"):
        shown["webhooks"] = _webhooks_of(found)
    return answer(shown)


@api.delete("/tokens/<name>")
def revoke_token(name: str) -> Response:
    this_sandbox().store.revoke(_own_token(name))
    return answer({"_value": None})


@api.get("/tokens/<name>/member")
def member_of_token(name: str) -> Response:
    member = this_sandbox().store.people[_own_token(name).member_id]
    return answer(pick(member_json(member), parameter("fields")))


@api.get("/tokens/<name>/webhooks")
def webhooks_of_token(name: str) -> Response:
    return answer(_webhooks_of(_own_token(name)))


@api.post("/tokens/<name>/webhooks")
def create_webhook_of_token(name: str) -> Response:
    return answer(webhook_json(create_webhook(_own_token(name))))


def _webhooks_of(token: AccessToken) -> list[dict[str, Any]]:
    webhooks = this_sandbox().store.webhooks.values()
    return [webhook_json(webhook) for webhook in webhooks if webhook.token == token.token]


def _own_token(name: str) -> AccessToken:
    found = this_sandbox().store.tokens.get(name)
    if found is None:
        raise ApiError(400, "invalid token")
    if found.member_id != g.member["id"]:
        raise ApiError(401, NO_PERMISSION)
    return found
