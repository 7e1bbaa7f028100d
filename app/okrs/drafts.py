"""What is typed into an item's form: step by step, with a data source chosen on the way."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.accounts.models import Person
from app.db import db
from app.okrs.changes import (
    CREATED,
    CYCLE,
    DAYS,
    OWNER,
    SOURCE,
    TITLE,
    end_source,
    note_change,
    remeasure,
)
from app.okrs.cycles import all_cycles, current_cycle
from app.okrs.forms import ItemForm, KeyResultForm, ObjectiveForm
from app.okrs.integrations import (
    Integration,
    SourceForm,
    enabled_integrations,
    integration_named,
    integration_of,
    is_enabled,
)
from app.okrs.loading import Item
from app.okrs.models import PERCENT, ROLL_UP, Cycle, KeyResult, Measure, Objective, Source
from app.okrs.readings import hold
from app.okrs.standing import days_of
from app.pages import day

CHANGED_MEANWHILE = (
    "Someone else connected a data source to this at the same moment. "
    "Look at it in another tab, then save again."
)
SAVED_MEANWHILE = (
    "This was changed in another tab or by someone else since you opened it. What you typed is "
    "still here: look at the item in another tab, then save again to put yours in its place."
)
SAVE, CONNECT, REMOVE, USE_COUNT = "save", "connect", "remove-source", "use-count:"


class SavedMeanwhile(Exception):
    """The item is no longer what the form was opened on."""


@dataclass
class Draft:
    """An item's form as it was sent or is to be shown, with the part that chooses a source."""

    person: Person
    form: ItemForm
    step: str
    integration: Integration | None = None
    source_form: SourceForm | None = None
    is_choosing: bool = False
    """True while the list of integrations is shown."""
    replaces_roll_up: bool = False
    """True when the source takes the place of a roll-up, which the form then says."""
    problem: str = ""
    """Why it could not be saved, where that is no fault of any one field."""
    seen: str = ""
    """What the item was like when the form was opened, as `mark_of` tells it."""

    @property
    def is_saved(self) -> bool:
        return self.step == SAVE

    @property
    def status(self) -> int:
        """Of the page that shows the form again: only a failed save is a mistake."""
        return 422 if self.is_saved else 200

    @property
    def integrations(self) -> list[Integration]:
        return enabled_integrations()

    def is_valid(self) -> bool:
        """Check the form and the source, so that all messages show at once."""
        is_valid = self.form.validate() and not self.problem
        if self.source_form is None:
            return is_valid
        return self.source_form.validate(self.form.wish()) and is_valid

    def is_ready(self) -> bool:
        """True when it was sent to be saved, and may be."""
        return self.is_saved and self.is_valid()


def objective_draft(person: Person, objective: Objective | None, cycle: Cycle | None) -> Draft:
    """The form of an objective; `cycle` is what a new one is offered."""
    present = current_cycle()
    cycles = all_cycles()
    stored = _stored(person, objective, ROLL_UP)
    stored["cycle"] = objective.cycle_id if objective else (cycle or present).id
    form = ObjectiveForm(_typed(), data=stored)
    form.owner.choices = _owners(person, objective, is_own_only=objective is None)
    form.cycle.choices = [(one.id, one.name) for one in cycles]
    form.chosen_cycle = next((one for one in cycles if one.id == form.cycle.data), None)
    return _with_source(person, form, objective)


def key_result_draft(person: Person, objective: Objective, key_result: KeyResult | None) -> Draft:
    """The form of a key result under this objective."""
    form = KeyResultForm(_typed(), data=_stored(person, key_result, PERCENT))
    form.owner.choices = _owners(person, key_result, is_own_only=False)
    form.chosen_cycle = objective.cycle
    return _with_source(person, form, key_result)


def create_objective(draft: Draft) -> Objective:
    """Make what the draft says. Commits nothing."""
    objective = Objective(measure=_wanted(draft.form))
    _create(objective, draft)
    return objective


def create_key_result(draft: Draft, objective: Objective) -> KeyResult:
    """Make what the draft says, as the objective's last key result. Commits nothing."""
    last = max((one.position for one in objective.key_results), default=-1)
    key_result = KeyResult(
        objective_id=objective.id, position=last + 1, measure=_wanted(draft.form)
    )
    _create(key_result, draft)
    return key_result


def update_item(item: Item, draft: Draft) -> None:
    """Change the item as the draft says, and keep a record of what changed. Commits nothing.

    Raises SavedMeanwhile, having changed nothing, where someone else was quicker.
    """
    hold(item.measure)
    db.session.refresh(item)
    if draft.seen and draft.seen != mark_of(item):
        raise SavedMeanwhile
    before, own_days = _described(item), (item.starts_on, item.ends_on)
    _fill(item, draft)
    now = _described(item)
    if (item.starts_on, item.ends_on) == own_days:
        now[DAYS] = before[DAYS]  # inherited ones that follow their cycle are no edit
    for what, words in now.items():
        note_change(item.measure, draft.person, what, before[what], words)
    remeasure(item.measure, draft.person, _wanted(draft.form))
    _apply_source(item.measure, draft)


def mark_of(item: Item) -> str:
    """Tells one state of what the form shows from any other."""
    source = item.measure.source
    version = (source.id, source.versions[-1].id) if source is not None else None
    cycle_id = item.cycle_id if isinstance(item, Objective) else None
    stored = {**_stored_item(item), "cycle": cycle_id, "source": version}
    return hashlib.sha256(repr(sorted(stored.items())).encode()).hexdigest()[:32]


def _typed() -> MultiDict[str, str] | None:
    return request.form if request.method == "POST" else None


def _stored(person: Person, item: Item | None, usual_kind: str) -> dict[str, Any]:
    """What the fields hold before anyone typed."""
    if item is None:
        return {"owner": person.id, "measure": usual_kind, "start": "0"}
    return _stored_item(item)


def _stored_item(item: Item) -> dict[str, Any]:
    measure = item.measure
    is_kpi = measure.kind not in (PERCENT, ROLL_UP)
    return {
        "title": item.title,
        "description": item.description,
        "owner": item.owner_id,
        "measure": measure.kind,
        "start": measure.start_value if is_kpi else "0",
        "target": measure.target_value if is_kpi else "",
        "unit": measure.unit,
        "first_day": item.starts_on,
        "last_day": item.ends_on,
    }


def _owners(person: Person, item: Item | None, *, is_own_only: bool) -> Sequence[tuple[int, str]]:
    """Who may own it: a member makes objectives for themselves; what exists may be handed on."""
    if is_own_only and not person.is_admin:
        return [(person.id, person.name)]
    present = item.owner_id if item else None
    people = db.session.scalars(
        select(Person)
        .where(Person.is_active | (Person.id == present))
        .order_by(Person.name, Person.id)
    )
    return [(one.id, one.name) for one in people]


def _with_source(person: Person, form: ItemForm, item: Item | None) -> Draft:
    """The draft with the source as far as it has been chosen.

    Nothing may be changed before: the integration may have to wait for the network.
    """
    typed = _typed()
    step = typed.get("step", "") if typed is not None else ""
    draft = Draft(person, form, step)
    stored = item.measure.source if item else None
    if step.startswith(USE_COUNT):
        form.start.type_in(step.removeprefix(USE_COUNT))
    if item is not None:
        draft.seen = typed.get("seen", "") if typed is not None else mark_of(item)
    draft.integration = _chosen_integration(typed, step, stored)
    draft.problem = _source_problem(typed, step, draft.integration, stored)
    if draft.integration is None:
        draft.is_choosing = step == CONNECT
        return draft
    if form.measure.data == ROLL_UP:
        form.measure.data = PERCENT
    draft.replaces_roll_up = isinstance(form, ObjectiveForm) and (
        item is None or item.measure.kind == ROLL_UP
    )
    own = stored if stored and stored.integration == draft.integration.name else None
    draft.source_form = draft.integration.source_form(person, typed, own, form.wish())
    return draft


def _chosen_integration(
    typed: MultiDict[str, str] | None, step: str, stored: Source | None
) -> Integration | None:
    if typed is None:
        return integration_of(stored) if stored else None
    if step == REMOVE:
        return None
    return integration_named(typed.get("source", ""))


def _source_problem(
    typed: MultiDict[str, str] | None, step: str, chosen: Integration | None, stored: Source | None
) -> str:
    """Why the item can't be saved with this source; empty where it can."""
    if typed is None or step == REMOVE or not typed.get("source"):
        return ""
    if chosen is None:
        return "There is no such data source. Remove it, or choose another."
    is_kept = stored is not None and stored.integration == chosen.name
    if is_kept or is_enabled(chosen.name):
        return ""
    return (
        f"{chosen.title} was disabled by an admin, so nothing can be connected to it now. "
        "Remove the data source, or save again once it is enabled."
    )


def _wanted(form: ItemForm) -> Measure:
    """The measure that the form describes; of an item that exists, only a description."""
    return Measure(
        kind=form.measure.data,
        start_value=form.start_value,
        target_value=form.target_value,
        unit=form.unit_text,
        series=1,
    )


def _fill(item: Item, draft: Draft) -> None:
    form = draft.form
    item.title, item.description = form.title.data or "", form.description.data or ""
    item.owner = db.session.get_one(Person, form.owner.data)
    item.starts_on, item.ends_on = form.first_day.data, form.last_day.data
    if isinstance(item, Objective) and isinstance(form, ObjectiveForm):
        item.cycle = db.session.get_one(Cycle, form.cycle.data)


def _create(item: Item, draft: Draft) -> None:
    _fill(item, draft)
    db.session.add(item)
    note_change(item.measure, draft.person, CREATED)
    _apply_source(item.measure, draft)


def _apply_source(measure: Measure, draft: Draft) -> None:
    """Link, change or end the measure's source, as chosen."""
    before, after = measure.source, draft.integration
    if before is not None and (after is None or before.integration != after.name):
        end_source(measure, draft.person, integration_of(before).title)
        before = None
    if draft.source_form is not None and after is not None:
        if before is None:
            note_change(measure, draft.person, SOURCE, after=after.title)
        draft.source_form.apply(measure, draft.person)


def _described(item: Item) -> dict[str, str]:
    first, last = days_of(item)
    described = {TITLE: item.title, OWNER: item.owner.name, DAYS: f"{day(first)} to {day(last)}"}
    if isinstance(item, Objective):
        described[CYCLE] = item.cycle.name
    return described
