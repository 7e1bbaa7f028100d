"""The review of a cycle: seen by everyone, decided on by those who may edit."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import hold_me, me
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.cycle_changes import still_open
from app.okrs.cycles import current_cycle, cycle_for_all
from app.okrs.endings.closing import EndedMeanwhile
from app.okrs.endings.deciding import Decided, Deciding
from app.okrs.endings.places import open_cycles
from app.okrs.endings.review import Review, review_of
from app.okrs.endings.unlinked import tell_of_unlinked
from app.okrs.models import Cycle

ENDED_MEANWHILE = (
    "Nothing was saved: something on this page was ended or closed by someone else since you "
    "opened it. What is still open is shown as it is now; look at it, then save again."
)


@blueprint.get("/cycles/<int:cycle_id>/review")
def review_cycle(cycle_id: int) -> ResponseReturnValue:
    current_cycle()
    return _page(_review(cycle_for_all(cycle_id)))


@blueprint.post("/cycles/<int:cycle_id>/review")
def decide_review(cycle_id: int) -> ResponseReturnValue:
    cycle = cycle_for_all(cycle_id)
    hold_me()
    review = _review(cycle)
    deciding = Deciding(review, me())
    if not deciding.is_valid(review):
        return _page(review, "Nothing was saved yet: see what is said at the rows."), 422
    if not deciding.is_anything:
        return _page(review, "Nothing was chosen: everything is left open."), 422
    try:
        decided = deciding.carry_out()
    except EndedMeanwhile:
        db.session.rollback()
        return _page(_review(cycle_for_all(cycle_id)), ENDED_MEANWHILE), 422
    db.session.commit()
    _tell(decided)
    return see_other("okrs.review_cycle", cycle_id=cycle_id)


def _review(cycle: Cycle) -> Review:
    typed = request.form if request.method == "POST" else None
    targets = [one for one in open_cycles() if one.id != cycle.id]
    return review_of(cycle, me(), targets, typed)


def _page(review: Review, problem: str = "") -> str:
    left = still_open(review.cycle) if me().is_admin else None
    return render_template("okrs/review.html", review=review, problem=problem, left=left)


def _tell(decided: Decided) -> None:
    flash(f"{decided.closed_count} closed, {decided.postponed_count} postponed.", "success")
    tell_of_unlinked(decided.unlinked)
