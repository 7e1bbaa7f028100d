"""The parts of pages that are also served alone: an item's standing, and its row in a list."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flask import make_response, request
from flask.typing import ResponseReturnValue

from app.access import me
from app.accounts.models import workspace
from app.htmx import fragment
from app.okrs.alignment.trail import LONGEST_LIST, rows_aligned_under
from app.okrs.chart import kept_chart
from app.okrs.checkins.overriding import automatic_words, by_hand
from app.okrs.endings.links import carried_links
from app.okrs.history import history_of
from app.okrs.loading import Item, may_check_in, may_edit
from app.okrs.models import POSTPONED, ROLL_UP, KeyResult, Measure, Objective
from app.okrs.outlook import outlook_of
from app.okrs.recorded_course import course_of
from app.okrs.remedy import remedy_for
from app.okrs.rollup.explaining import Explanation, explanation_of
from app.okrs.rows import (
    APART,
    AT_HOME,
    Row,
    counted_event,
    item_url,
    mean_progress,
    row_for,
    rows_for,
)
from app.okrs.standing import Thresholds
from app.okrs.timeline import Speaker, timeline_of


def standing_values(item: Item) -> dict[str, Any]:
    """What `okrs/_standing.html` needs."""
    person = me()
    parts = item.key_results if isinstance(item, Objective) else []
    aligned = rows_aligned_under(person, item)
    row, *below = rows_for([item, *parts, *aligned])
    part_rows, aligned_rows = below[: len(parts)], below[len(parts) :]
    history = history_of(item.measure, person)
    course = course_of(row, history)
    source, integration = row.source, row.integration
    # A value given by hand is no count of anything.
    counts = integration is not None and item.measure.override is None
    noun = integration.counted_noun if integration and counts else None
    may_change, has_ended = may_edit(person, item), item.measure.has_ended
    may_say = may_check_in(person, item) and not has_ended
    return {
        "row": row,
        "item": item,
        "parts": part_rows,
        "aligned": aligned_rows[:LONGEST_LIST],
        "has_more_aligned": len(aligned_rows) > LONGEST_LIST,
        "explanation": _explanation(item, aligned),
        "item_url": item_url,
        "parts_mean": None if row.is_rolled_up else _mean(part_rows),
        "is_editable": may_change and not has_ended,
        "may_check_in": may_say,
        "may_reopen": may_change and has_ended,
        "carried": carried_links(person, item),
        "source": source,
        "state": row.state,
        "integration": integration,
        "panel": integration.panel(source, person) if integration and source else None,
        "remedy": remedy_for(item.measure, row.standing, Thresholds.of(workspace()), noun),
        "outlook": outlook_of(item.measure, course),
        "chart": kept_chart(course),
        "by_hand": by_hand(item.measure, history.given(item.measure.series)),
        "automatic": automatic_words(item.measure),
        "has_unseen_mentions": history.has_unseen_mentions,
        "timeline": timeline_of(item.measure, history, Speaker(person, may_say)),
    }


def _mean(parts: Sequence[Row]) -> Fraction | None:
    """Of an objective judged by something else; postponed ones are left out, as of a sum."""
    return mean_progress(one for one in parts if one.item.measure.ended_as != POSTPONED)


def _explanation(item: Item, aligned: Sequence[Objective]) -> Explanation | None:
    if not isinstance(item, Objective) or item.measure.kind != ROLL_UP:
        return None
    return explanation_of(item, me(), aligned if len(aligned) <= LONGEST_LIST else None)


def standing_fragment(measure: Measure) -> ResponseReturnValue:
    """The standing on an item's page, for who may see it."""
    return fragment("okrs/_standing_alone.html", **standing_values(measure.item))


def row_fragment(measure: Measure) -> ResponseReturnValue:
    """An item's row in a list, for who may see it.

    A key result that has done counting tells the roll-up above it to look again.
    """
    place = request.args.get("place", "")
    row = row_for(measure.item, place if place in (APART, AT_HOME) else "")
    answer = make_response(fragment("okrs/_row.html", line=row.line(not me().is_observer)))
    if isinstance(row.item, KeyResult) and not row.is_busy:
        answer.headers["HX-Trigger"] = counted_event(row.item.objective_id)
    return answer
