"""Several reads in one request."""

import json
from typing import Any

from flask import Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from sandbox.rest.answers import ApiError, answer
from sandbox.rest.blueprint import api

MOST_ADDRESSES = 10


@api.get("/batch")
def batch() -> Response:
    """Answers in the order of the addresses.

    The addresses are split at commas after one decoding, so a comma within one survives only
    when it was encoded twice.
    """
    addresses = request.args.get("urls", "").split(",")
    if addresses == [""] or len(addresses) > MOST_ADDRESSES:
        raise ApiError(400, "invalid value for urls")
    return answer([_answer_one(address) for address in addresses])


def _answer_one(address: str) -> dict[str, Any]:
    if not address.startswith("/") or address.startswith("/batch"):
        return {"message": "invalid url"}
    token, member = g.token, g.member
    headers = {"Host": request.host}
    with current_app.test_request_context(f"/1{address}", headers=headers):
        g.token, g.member = token, member
        try:
            response = current_app.make_response(current_app.dispatch_request())
        except ApiError as error:
            return {"message": error.message}
        except HTTPException:
            return {"message": f"Cannot GET /1{address}"}
        return {"200": json.loads(response.get_data())}
