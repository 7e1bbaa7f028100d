"""Figures for those who watch over the installation."""

from flask import Response, abort
from flask.typing import ResponseReturnValue

from app.access import public
from app.system import metrics_blueprint
from app.system.watchers import may_watch


@metrics_blueprint.get("/metrics")
@public
def show_metrics() -> ResponseReturnValue:
    """Not there for anyone who may not see it."""
    if not may_watch():
        abort(404)
    # Here, not above: where nobody watches, no process needs the memory that it takes.
    from app.system.measures import CONTENT_TYPE, exposition

    return Response(exposition(), content_type=CONTENT_TYPE)
