"""The Refresh button: asks for a sync of the board and answers with the item as it stands."""

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from app.access import me
from app.db import db
from app.htmx import is_htmx, see_other
from app.okrs.endings.fixed import why_fixed
from app.okrs.models import Measure
from app.okrs.regions import row_fragment, standing_fragment
from app.okrs.rows import item_url
from app.queues import enqueue
from app.trello import blueprint, runs
from app.trello.asking import why_not_now
from app.trello.connections import StateTeller
from app.trello.loading import source_for
from app.trello.sync import sync_board


@blueprint.post("/trello/sources/<int:source_id>/refresh")
def refresh(source_id: int) -> ResponseReturnValue:
    source = source_for(me(), source_id)
    measure = source.measure
    if source.ended_at is not None:
        return _answer(measure)
    if measure.has_ended:
        flash(f"Nothing was refreshed. {why_fixed(measure.item)}", "error")
        return _answer(measure)
    reason = why_not_now(source.board, StateTeller())
    if reason:
        flash(f"Nothing was refreshed. {reason}", "error")
        return _answer(measure)
    run = runs.ask(db.session(), source.board, "refresh", me())
    db.session.commit()
    enqueue(sync_board, run.id, first=True)
    return _answer(measure)


def _answer(measure: Measure) -> ResponseReturnValue:
    is_in_list = request.args.get("show") == "row"
    if is_htmx():
        return row_fragment(measure) if is_in_list else standing_fragment(measure)
    if is_in_list:
        return see_other("okrs.list_objectives", cycle=measure.item.cycle.id)
    return redirect(item_url(measure.item, "show"), code=303)
