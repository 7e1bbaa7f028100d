"""Trello's REST API under /1: who asks, how often, and refusals in Trello's form."""

import secrets

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from sandbox.context import this_sandbox
from sandbox.credentials import AccessToken
from sandbox.limits import MEMBER_ROUTES, PER_KEY, PER_TOKEN, SHOWN_PER_MEMBER, Limit, Refusal
from sandbox.rest.access import identify
from sandbox.rest.answers import TEXT, ApiError, refusal

api = Blueprint("api", __name__, url_prefix="/1")


@api.before_request
def admit() -> None:
    """Raises ApiError for a caller that Trello would not serve."""
    token = identify()
    g.token = token
    g.token_id = token.id
    g.member = this_sandbox().store.people[token.member_id]
    g.subjects = _subjects(token)
    refused = this_sandbox().limits.admit(g.subjects, _cost())
    if refused:
        raise _too_many(refused)


@api.errorhandler(ApiError)
def refuse(error: ApiError) -> Response:
    return refusal(error)


@api.after_request
def add_headers(response: Response) -> Response:
    if "subjects" in g:
        response.headers.update(this_sandbox().limits.headers(g.subjects))
    now = this_sandbox().store.clock.now()
    response.headers["x-server-time"] = str(round(now.timestamp() * 1000))
    response.headers["x-trello-version"] = "1.0.0-sandbox"
    response.headers["x-trello-environment"] = "Sandbox"
    response.headers["atl-traceid"] = secrets.token_hex(16)
    return response


def unknown_route(error: HTTPException) -> Response | HTTPException:
    """Unknown paths, and known ones under an unknown method, are all the same to Trello."""
    if not request.path.startswith("/1/"):
        return error
    return Response(f"Cannot {request.method} {request.path}", status=404, content_type=TEXT)


def _subjects(token: AccessToken) -> list[tuple[Limit, str]]:
    """The limits this request falls under, and whose they are."""
    subjects = [
        (PER_KEY, this_sandbox().client.key),
        (PER_TOKEN, token.id),
        (SHOWN_PER_MEMBER, token.member_id),
    ]
    # Only /members/{id} itself has a limit of its own, not what lies below it.
    if request.endpoint == "api.member":
        subjects.append((MEMBER_ROUTES, token.id))
    return subjects


def _cost() -> int:
    """How Trello counts a batch is not documented; each of its addresses is the safer guess."""
    if request.endpoint == "api.batch":
        return max(1, len(request.args.get("urls", "").split(",")))
    return 1


def _too_many(refused: Refusal) -> ApiError:
    headers = {}
    if this_sandbox().limits.sends_retry_after:
        headers["Retry-After"] = str(refused.wait_seconds)
    body = {"error": refused.limit.error, "message": refused.limit.message}
    return ApiError(429, body, headers)
