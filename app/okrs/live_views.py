"""What open pages ask again and again: do the figures that they show still hold?"""

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from app.access import LARGEST_ID, me
from app.okrs import blueprint
from app.okrs.live import MOST_MEASURES, marks


@blueprint.get("/live")
def live() -> ResponseReturnValue:
    """The marks of the measures asked for, but for those that are not there for this person."""
    asked = request.args.get("measures", "").split(",")[:MOST_MEASURES]
    ids = {int(text) for text in asked if text.isascii() and text.isdigit() and len(text) <= 10}
    answer = jsonify(marks(me(), {one for one in ids if one <= LARGEST_ID}))
    answer.headers["Cache-Control"] = "no-store"
    return answer
