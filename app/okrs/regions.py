"""The parts of pages that are also served alone: an item's standing, and its row in a list."""

from typing import Any

from flask import make_response
from flask.typing import ResponseReturnValue

from app.access import me
from app.htmx import fragment
from app.okrs.loading import Item, may_edit
from app.okrs.models import KeyResult, Measure, Objective
from app.okrs.rows import counted_event, row_for, rows_for
from app.okrs.timeline import chart_of, history_of, timeline_of


def standing_values(item: Item) -> dict[str, Any]:
    """What `okrs/_standing.html` needs."""
    parts = item.key_results if isinstance(item, Objective) else []
    row, *part_rows = rows_for([item, *parts])
    history = history_of(item.measure)
    source, integration = row.source, row.integration
    return {
        "row": row,
        "item": item,
        "parts": part_rows,
        "is_editable": may_edit(me(), item),
        "source": source,
        "state": row.state,
        "integration": integration,
        "panel": integration.panel(source, me()) if integration and source else None,
        "chart": chart_of(row, history),
        "timeline": timeline_of(item.measure, history),
    }


def standing_fragment(measure: Measure) -> ResponseReturnValue:
    """The standing on an item's page, for who may see it."""
    return fragment("okrs/_standing.html", **standing_values(measure.item))


def row_fragment(measure: Measure) -> ResponseReturnValue:
    """An item's row in a list, for who may see it.

    A key result that has done counting tells the roll-up above it to look again.
    """
    row = row_for(measure.item)
    answer = make_response(fragment("okrs/_row.html", row=row))
    if isinstance(row.item, KeyResult) and not row.is_busy:
        answer.headers["HX-Trigger"] = counted_event(row.item.objective_id)
    return answer
