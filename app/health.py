"""For those who watch over the installation: is it there, and can it do its work?"""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app.access import public
from app.beats import is_any_worker_alive
from app.queues import takes_notices

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The web process answers; nothing else is asked."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """503 unless all that Tally needs is there; the answer tells which part is not."""
    try:
        has_worker, has_database = is_any_worker_alive(), True
    except SQLAlchemyError:
        has_worker = has_database = False
    parts = {
        "database": has_database,
        "redis": takes_notices(is_told=False),
        "worker": has_worker,
    }
    return jsonify(parts), 200 if all(parts.values()) else 503
