"""The round of check-ins: all items of one's own that want one, one after the other.

What was done so far stands in the address, so that it works without JavaScript, and going back
does no harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.access import found, hold_me, ids_in, me
from app.accounts.models import workspace
from app.db import db
from app.okrs import blueprint
from app.okrs.checkins.forms import CheckInForm
from app.okrs.checkins.recording import check_in, is_repeat, last_id
from app.okrs.checkins.views import form_values, may_be_saved, tells_of_newer
from app.okrs.checkins.wanting import items_wanting, last_check_in
from app.okrs.endings.fixed import why_fixed
from app.okrs.holding import hold_item
from app.okrs.loading import Item, measure_for
from app.okrs.models import ONCE
from app.okrs.owned import running_items
from app.okrs.rows import APART, rows_for

_MOST = 200


@dataclass(frozen=True)
class Round:
    """How far someone has got, by the ids of measures."""

    saved: tuple[int, ...] = ()
    skipped: tuple[int, ...] = ()

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        return cls(_ids(sent.get("saved", "")), _ids(sent.get("skipped", "")))

    @property
    def done(self) -> tuple[int, ...]:
        return (*self.saved, *self.skipped)

    def with_saved(self, measure_id: int) -> "Round":
        return Round(_with(self.saved, measure_id), self.skipped)

    def with_skipped(self, measure_id: int) -> "Round":
        return Round(self.saved, _with(self.skipped, measure_id))

    @property
    def url(self) -> str:
        return url_for("okrs.check_in_round", **self.fields)

    @property
    def fields(self) -> dict[str, Any]:
        """As the address and the form carry them."""
        kept = {"saved": self.saved, "skipped": self.skipped}
        return {name: ",".join(map(str, ids)) for name, ids in kept.items() if ids}


@blueprint.route("/check-ins/round", methods=["GET", "POST"])
def check_in_round() -> ResponseReturnValue:
    if request.method == "POST":
        return _save(Round.read(request.form))
    past = Round.read(request.args)
    left = [item for item in items_wanting(me()) if item.measure_id not in past.done]
    if not left:
        return _summary(past)
    measure = left[0].measure
    form = CheckInForm.of(
        measure, None, seen=str(last_id(measure)), override=measure.override or ONCE
    )
    return _page(past, left[0], len(left), form)


def _save(past: Round) -> ResponseReturnValue:
    wanted = request.form.get("measure", type=int)
    measure = measure_for(me(), found(wanted), to_check_in=True)
    item = measure.item
    hold_me()
    hold_item(item)
    if measure.has_ended:
        flash(why_fixed(item), "error")
        return redirect(past.with_skipped(measure.id).url, code=303)
    form = CheckInForm.of(measure, request.form)
    if not may_be_saved(item, form):
        return _page_again(past, item, form)
    if not is_repeat(measure, form.said, me(), form.seen_id):
        if tells_of_newer(measure, form):
            return _page_again(past, item, form)
        check_in(item, form.said, me())
    db.session.commit()
    return redirect(past.with_saved(measure.id).url, code=303)


def _page_again(past: Round, item: Item, form: CheckInForm) -> ResponseReturnValue:
    """With what it says now."""
    others = {one.measure_id for one in items_wanting(me())} - {item.measure_id, *past.done}
    return _page(past, item, len(others) + 1, form), 422


def _page(past: Round, item: Item, left_count: int, form: CheckInForm) -> str:
    position = len(past.done) + 1
    return render_template(
        "okrs/checkins/round.html",
        past=past,
        position=position,
        total=position + left_count - 1,
        skip_url=past.with_skipped(item.measure_id).url,
        last=last_check_in(item.measure),
        **form_values(item, form),
    )


def _summary(past: Round) -> str:
    items = {one.measure_id: one for one in running_items(me(), workspace().today())}
    rows = rows_for([items[one] for one in past.done if one in items], APART)
    return render_template(
        "okrs/checkins/round_done.html",
        saved=[row for row in rows if row.item.measure_id in past.saved],
        skipped=[row for row in rows if row.item.measure_id in past.skipped],
    )


def _ids(text: str) -> tuple[int, ...]:
    return tuple(ids_in(text.split(","))[:_MOST])


def _with(ids: tuple[int, ...], new: int) -> tuple[int, ...]:
    return ids if new in ids else (*ids, new)
