"""What open pages ask again and again: do the figures that they show still hold?"""

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from app.access import ids_in, me
from app.okrs import blueprint
from app.okrs.live import MOST_MEASURES, being_counted, marks


@blueprint.get("/live")
def live() -> ResponseReturnValue:
    """The marks of the measures asked for, but for those that are not there for this person."""
    return jsonify(marks(me(), _measures_asked_for()))


@blueprint.get("/live/counting")
def live_counting() -> ResponseReturnValue:
    """Those of the measures asked for that are still being counted."""
    return jsonify(being_counted(me(), _measures_asked_for()))


def _measures_asked_for() -> set[int]:
    asked = request.args.get("measures", "").split(",")[:MOST_MEASURES]
    return set(ids_in(asked))
