"""Taking items out of the bin. Nothing here commits."""

from flask import abort
from sqlalchemy import select

from app.access import hold_me
from app.accounts.models import Person
from app.audit.log import record
from app.db import db
from app.okrs.bin.finding import is_kept
from app.okrs.changes import RESTORED, note_change, record_of
from app.okrs.cycles import hold_cycle
from app.okrs.holding import hold_all
from app.okrs.integrations import wake
from app.okrs.loading import Item, objective_of
from app.okrs.models import KeyResult, Objective
from app.okrs.rollup.settling import note_change_of_figure


class NotRestored(Exception):
    """Why it stays in the bin, as a sentence for people."""


def restore(item: Item, by: Person) -> bool:
    """Bring the item back, an objective with the key results that went with it; False where it is
    back already. What counts by a source is counted again at once. Raises NotRestored.
    """
    hold_me()
    objective = objective_of(item)
    is_open = hold_cycle(objective.cycle)
    hold_all([item.measure, objective.measure])
    _read_anew(item)
    if isinstance(item, KeyResult) and objective.deleted_at is not None:
        raise NotRestored(
            f"Its objective “{objective.title}” lies in the bin too: restore that first."
        )
    if item.deleted_at is None:
        return False
    if not is_open and not _has_ended(item):
        raise NotRestored(
            f"{objective.cycle.name} is closed, and this is still open. An admin has to reopen the "
            "cycle first."
        )
    item.deleted_at = item.deleted_by_id = None
    note_change(item.measure, by, RESTORED)
    note_change_of_figure(db.session(), [item.measure_id])
    kind, number, title = record_of(item)
    record(f"{kind}.restored", kind, number, title, by=by)
    wake([item.measure, *(one.measure for one in _parts(item))])
    return True


def _read_anew(item: Item) -> None:
    """With its objective; 404 where its time has run out, or it was erased already."""
    for one in (objective_of(item), item):
        again = select(type(one)).where(type(one).id == one.id)
        if db.session.scalar(again.execution_options(populate_existing=True)) is None:
            abort(404)
    if not is_kept(item):
        abort(404)


def _has_ended(item: Item) -> bool:
    return all(one.measure.has_ended for one in (item, *_parts(item)))


def _parts(item: Item) -> list[KeyResult]:
    return item.key_results if isinstance(item, Objective) else []
