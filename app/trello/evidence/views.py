"""Which cards: what was counted, what was not and why, what came and went."""

from datetime import UTC, datetime

from flask import abort, flash, render_template, request
from flask.typing import ResponseReturnValue

from app.access import id_from_query, me
from app.audit.log import record
from app.db import db, utcnow
from app.htmx import see_other
from app.okrs.changes import EVIDENCE, note_change, record_of
from app.okrs.rows import item_url
from app.trello import blueprint
from app.trello.evidence.filling import fill_now, fill_then
from app.trello.evidence.page import page_of
from app.trello.loading import source_for
from app.trello.states import states

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Long before anything was counted. No time zone leads from here out of the calendar."""
_WHAT_OTHERS_SEE = {True: "its cards", False: "counts only"}


@blueprint.get("/trello/sources/<int:source_id>/cards")
def show_evidence(source_id: int) -> ResponseReturnValue:
    source = source_for(me(), source_id)
    at = _moment(request.args["at"]) if "at" in request.args else None
    page = page_of(source, me(), at, request.args.get("all") == "1")
    if at is None:
        fill_now(page, id_from_query("before"))
    else:
        fill_then(page, at)
    return render_template(
        "trello/evidence.html",
        page=page,
        item=page.item,
        item_address=item_url(page.item, "show"),
        source=source,
        state=None if source.ended_at else states([source])[source.id],
    )


@blueprint.post("/trello/sources/<int:source_id>/hide-cards")
def hide_cards(source_id: int) -> ResponseReturnValue:
    _let_others_see(source_id, cards=False)
    flash("Others see counts only from now on.", "success")
    return see_other("trello.show_evidence", source_id=source_id)


@blueprint.post("/trello/sources/<int:source_id>/show-cards")
def show_cards(source_id: int) -> ResponseReturnValue:
    _let_others_see(source_id, cards=True)
    flash("Whoever sees the item sees its cards from now on.", "success")
    return see_other("trello.show_evidence", source_id=source_id)


def _let_others_see(source_id: int, *, cards: bool) -> None:
    source = source_for(me(), source_id, to_edit=True)
    before, after = _WHAT_OTHERS_SEE[source.shows_cards], _WHAT_OTHERS_SEE[cards]
    source.shows_cards = cards
    note_change(source.measure, me(), EVIDENCE, before, after)
    if before != after:
        record("evidence.shown" if cards else "evidence.hidden", *record_of(source.measure.item))
    db.session.commit()


def _moment(text: str) -> datetime | None:
    """From ISO 8601, in UTC where no zone is given; without fractions, the end of that second.

    None, which stands for now, where it is yet to come; 404 where it is no moment or before
    `EARLIEST`.
    """
    try:
        # A plus sign that was not encoded arrives as a space.
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        abort(404)
    if moment < EARLIEST:
        abort(404)
    if moment > utcnow():
        return None
    return moment if "." in text else moment.replace(microsecond=999_999)
