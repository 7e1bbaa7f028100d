"""The timeline of an item beyond what its page shows."""

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from app.access import me
from app.okrs import blueprint
from app.okrs.comments.seeing import see_what_is_shown
from app.okrs.history import history_of
from app.okrs.loading import Item, key_result_for, may_check_in, objective_for
from app.okrs.rows import row_for
from app.okrs.timeline import Speaker, timeline_of

MOST_PAGES = 1000


@blueprint.get("/objectives/<int:objective_id>/timeline")
def timeline_of_objective(objective_id: int) -> ResponseReturnValue:
    return _show(objective_for(me(), objective_id))


@blueprint.get("/key-results/<int:key_result_id>/timeline")
def timeline_of_key_result(key_result_id: int) -> ResponseReturnValue:
    return _show(key_result_for(me(), key_result_id))


def _show(item: Item) -> ResponseReturnValue:
    page = request.args.get("page", 1, type=int)
    if not 1 <= page <= MOST_PAGES:
        abort(404)
    may_say = may_check_in(me(), item) and not item.measure.has_ended
    history = history_of(item.measure, me(), pages=page)
    timeline = timeline_of(item.measure, history, Speaker(me(), may_say), page)
    if page > 1 and not timeline.entries:
        abort(404)
    if history.has_unseen_mentions:
        see_what_is_shown(me(), item.measure, timeline)
    return render_template("okrs/timeline.html", row=row_for(item), timeline=timeline)
