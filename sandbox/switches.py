"""What tests and developers switch and count, as JSON under /sandbox."""

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.context import this_sandbox
from sandbox.faults import Fault

blueprint = Blueprint("switches", __name__, url_prefix="/sandbox")

LIMIT_SWITCHES: dict[str, type | tuple[type, ...]] = {
    "enabled": bool,
    "scale": (int, float),
    "interval_scale": (int, float),
    "sends_retry_after": bool,
}


@blueprint.get("/faults")
def faults() -> Response:
    return jsonify(this_sandbox().faults.as_json())


@blueprint.post("/faults")
def set_fault() -> ResponseReturnValue:
    """Set one fault, or a list of them."""
    given = request.get_json()
    try:
        new = [Fault.from_json(entry) for entry in (given if isinstance(given, list) else [given])]
    except ValueError as error:
        return jsonify(error=str(error)), 400
    for fault in new:
        this_sandbox().faults.set(fault)
    return jsonify(this_sandbox().faults.as_json()), 201


@blueprint.delete("/faults")
def clear_faults() -> Response:
    this_sandbox().faults.clear()
    return jsonify([])


@blueprint.get("/limits")
def limits() -> Response:
    switches = this_sandbox().limits
    return jsonify({name: getattr(switches, name) for name in LIMIT_SWITCHES})


@blueprint.post("/limits")
def set_limits() -> ResponseReturnValue:
    """Switch the rate limits off or on, scale them, and forget what was counted."""
    given = request.get_json()
    if not isinstance(given, dict):
        return jsonify(error="expected a JSON object"), 400
    for name, value in given.items():
        if name not in LIMIT_SWITCHES or not isinstance(value, LIMIT_SWITCHES[name]):
            return jsonify(error=f"“{name}” is unknown or has the wrong type"), 400
    switches = this_sandbox().limits
    for name, value in given.items():
        setattr(switches, name, value)
    switches.reset()
    return limits()


@blueprint.get("/requests")
def requests_served() -> Response:
    """The API requests served, oldest first, without their credentials."""
    return jsonify(list(this_sandbox().requests_served))


@blueprint.delete("/requests")
def forget_requests() -> Response:
    this_sandbox().requests_served.clear()
    return jsonify([])
