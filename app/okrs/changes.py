"""Edits that leave a line in the timeline and, some of them, a mark on the chart."""

from collections.abc import Iterable

from app.accounts.models import Person
from app.audit.edits import edit_words
from app.audit.log import record
from app.db import db, utcnow
from app.okrs.figures import measure_words
from app.okrs.models import Change, KeyResult, Measure, Objective
from app.okrs.readings import end_override
from app.okrs.rollup.settling import note_change_of_figure

CREATED, TITLE, OWNER, CYCLE, DAYS = "created", "title", "owner", "cycle", "days"
MEASURE, TARGET, SOURCE, CRITERIA, DELETED = "measure", "target", "source", "criteria", "deleted"
VIEWERS, DESCRIPTION = "viewers", "description"
ALIGNMENT = "alignment"
BELONGS_TO, FURTHER_OWNERS, TAGS = "belongs to", "further owners", "tags"
CHECK_IN, OVERRIDE = "check_in", "override"
SHARES = "shares"
"""Of what contributes to an objective."""
IMPORTED = "imported"
EVIDENCE = "evidence"
"""What others may see of the things that a source counted."""
REOPENED, CARRIED, COPIED, RESTORED = "reopened", "carried", "copied", "restored"
MARKED = (MEASURE, TARGET, SOURCE, CRITERIA, SHARES)
"""What changes the meaning of readings, and so is marked on the chart."""
_SAID_ANYWAY = (CREATED, DELETED, REOPENED, RESTORED, ALIGNMENT, OVERRIDE, SHARES)
"""What is no change of words, or may lead from one thing to its namesake."""

Edits = dict[str, tuple[str, str]]
"""What changed, from what to what, in words."""


def note_change(measure: Measure, by: Person, what: str, before: str = "", after: str = "") -> None:
    """Put an edit into the item's record; what stayed the same is left out. Commits nothing."""
    if before == after and what not in _SAID_ANYWAY:
        return
    said = {"what": what, "before": before, "after": after}
    # Made now and not when it is written, so that it comes before the count that it leads to.
    db.session.add(Change(measure=measure, person_id=by.id, made_at=utcnow(), **said))


def remeasure(measure: Measure, by: Person, wanted: Measure) -> None:
    """Judge an item as `wanted` says. Readings stay; another kind starts a new series."""
    before = measure_words(measure)
    is_another_kind = measure.kind != wanted.kind
    if is_another_kind:
        measure.kind = wanted.kind
        measure.series += 1
        measure.value = measure.valued_at = None
        measure.matching_count = measure.completed_count = None
        end_override(measure)
    measure.start_value, measure.target_value = wanted.start_value, wanted.target_value
    measure.unit = wanted.unit
    measure.guard, measure.warning_value = wanted.guard, wanted.warning_value
    note_change(measure, by, MEASURE if is_another_kind else TARGET, before, measure_words(measure))
    note_change_of_figure(db.session(), [measure.id])


def end_source(measure: Measure, by: Person, title: str) -> None:
    """Stop the measure's source. Its readings and its last value stay, also one given by hand."""
    source = measure.source
    if source is None:
        return
    source.ended_at = utcnow()
    end_override(measure)
    note_change(measure, by, SOURCE, before=title)
    db.session.flush()  # the database allows one source that is not ended: this one goes first
    db.session.expire(measure, ["source"])


def delete_item(item: Objective | KeyResult, by: Person) -> None:
    """Put the item away. Key results of an objective go with it; nothing is erased. What lies in
    the bin already stays as it was put there."""
    if item.deleted_at is not None:
        return
    item.deleted_at, item.deleted_by_id = utcnow(), by.id
    note_change(item.measure, by, DELETED)
    note_change_of_figure(db.session(), [item.measure_id])
    kind, number, title = record_of(item)
    record(f"{kind}.deleted", kind, number, title, by=by)


def record_edit(item: Objective | KeyResult, by: Person, edits: Edits) -> None:
    """Put into the audit log what was edited; who sees an objective has an entry of its own."""
    kind, number, title = record_of(item)
    sight = edits.get(VIEWERS)
    if sight:
        record("objective.shared", kind, number, title, by=by, before=sight[0], after=sight[1])
    changed = [_edit_words(what, edits[what]) for what in edits if what != VIEWERS]
    if changed:
        record(f"{kind}.edited", kind, number, title, by=by, changed=changed)


def names_words(people: Iterable[Person]) -> str:
    """ "Ana Ames, Bo Berg", or "nobody" """
    return ", ".join(one.name for one in people) or "nobody"


def record_of(item: Objective | KeyResult) -> tuple[str, int, str]:
    """How the audit log names an item: its kind, its id and its title."""
    return "objective" if isinstance(item, Objective) else "key_result", item.id, item.title


def _edit_words(what: str, edit: tuple[str, str]) -> str:
    """Of a description only that it changed."""
    return what if what == DESCRIPTION else edit_words(what, *edit)
