"""What is typed into an item's form: step by step, with a data source chosen on the way."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from app.access import id_from_query
from app.accounts.models import Person
from app.merging import Merge, begin, merge
from app.okrs.alignment.choice import AlignedUnder
from app.okrs.choices import (
    further_owners_to_choose,
    named,
    outsiders_among,
    owners_of_parts,
    owners_to_choose,
    viewer_teams_to_choose,
    viewers_to_choose,
)
from app.okrs.cycles import current_cycle, cycles_to_choose
from app.okrs.forms import ItemForm, KeyResultForm, ObjectiveForm
from app.okrs.integrations import (
    Integration,
    SourceForm,
    enabled_integrations,
    integration_named,
    integration_of,
    is_enabled,
)
from app.okrs.levels import level_choices, team_key
from app.okrs.loading import Item
from app.okrs.models import PERCENT, PERSONAL, ROLL_UP, Cycle, KeyResult, Objective, Source
from app.okrs.moving.models import WaitingSource
from app.okrs.moving.waiting import waiting_of
from app.okrs.opened import (
    PARENT,
    SOURCE,
    TOGETHER,
    chosen_source,
    shown_fields,
    stored_source,
    thing_of,
)
from app.okrs.sight import EVERYONE
from app.okrs.stored import mark_of, stored_fields
from app.opened_forms import OPENED

Sent = MultiDict[str, str] | None
"""What was sent of a form; None where it is only to be shown."""
SAVE, CONNECT, REMOVE, USE_COUNT = "save", "connect", "remove-source", "use-count:"


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
    """What the item was like when it was merged with what was sent, as `mark_of` tells it."""
    merge: Merge | None = None
    """Of an item that exists: what others saved since its form was opened."""
    alignment: AlignedUnder | None = None
    """Of an objective."""

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
        if self.alignment is not None:
            is_valid = self.alignment.validate() and is_valid
        if self.source_form is None:
            return is_valid
        return self.source_form.validate(self.form.wish()) and is_valid

    def is_ready(self) -> bool:
        """True when it was sent to be saved, and may be."""
        return self.is_saved and self.is_checked() and not (self.merge and self.merge.is_contested)

    def is_checked(self) -> bool:
        """Check all of it, and say at each field what someone else saved meanwhile."""
        is_valid = self.is_valid()
        if self.merge is not None:
            source = chosen_source(self.source_form)
            self.merge.tell(self.form, shown_fields(self.form, self.alignment, source))
            if self.alignment is not None:
                said = (self.alignment.error, self.merge.said_of(PARENT))
                self.alignment.error = " ".join(one for one in said if one)
        return is_valid


def objective_draft(person: Person, objective: Objective | None, cycle: Cycle | None) -> Draft:
    """The form of an objective; `cycle` is what a new one is offered."""
    present = current_cycle()
    cycles = cycles_to_choose(objective.cycle if objective else None)
    stored = _stored(person, objective, ROLL_UP)
    stored["cycle"] = objective.cycle_id if objective else (cycle or present).id

    def form_of(typed: Sent) -> ObjectiveForm:
        form = ObjectiveForm(typed, data=stored)
        form.belongs_to.choices = level_choices(person, objective)
        if objective is None:
            form.begin_for(team_key(id_from_query("team")))
        form.owner.choices = named(
            owners_to_choose(person, objective, is_own_only=objective is None)
        )
        form.further_owners.choices = named(further_owners_to_choose(objective))
        form.viewers.choices = viewers_to_choose(objective)
        form.viewer_teams.choices = viewer_teams_to_choose(objective)
        form.part_owners = owners_of_parts(objective) if objective else []
        form.cycle.choices = [(one.id, one.name) for one in cycles]
        form.chosen_cycle = next((one for one in cycles if one.id == form.cycle.data), None)
        return form

    def alignment_of(typed: Sent) -> AlignedUnder:
        return AlignedUnder(person, objective, typed, id_from_query("under"))

    return _draft(person, objective, form_of, alignment_of)


def key_result_draft(person: Person, objective: Objective, key_result: KeyResult | None) -> Draft:
    """The form of a key result under this objective."""
    stored = _stored(person, key_result, PERCENT)

    def form_of(typed: Sent) -> KeyResultForm:
        form = KeyResultForm(typed, data=stored)
        owners = owners_to_choose(person, key_result, is_own_only=False)
        form.owner.choices = named(owners)
        further_owners = further_owners_to_choose(key_result)
        form.further_owners.choices = named(further_owners)
        form.outsiders = outsiders_among([*owners, *further_owners], objective)
        form.chosen_cycle = objective.cycle
        return form

    return _draft(person, key_result, form_of, lambda typed: None)


def _draft(
    person: Person,
    item: Item | None,
    form_of: Callable[[Sent], ItemForm],
    alignment_of: Callable[[Sent], AlignedUnder | None],
) -> Draft:
    """As it was sent; of an item that exists, with what others saved since its form was opened."""
    typed = request.form if request.method == "POST" else None
    form, alignment = form_of(typed), alignment_of(typed)
    if item is None:
        return _with_source(person, form, alignment, None, typed)
    seen = mark_of(item)  # before the network is waited for, so that what comes between shows
    if typed is None:
        shown = shown_fields(form, alignment, stored_source(item))
        opened = begin(thing_of(item), shown)
        return replace(_with_source(person, form, alignment, item, typed), merge=opened)
    draft = _with_source(person, form, alignment, item, typed)
    draft.merge = Merge(typed, typed.get(OPENED, ""))
    if not draft.is_saved or OPENED not in typed:
        return draft
    stored = shown_fields(form_of(None), alignment_of(None), stored_source(item))
    choice = {SOURCE: chosen_source(draft.source_form).values}
    met = merge(thing_of(item), typed, stored, TOGETHER, choice)
    if met.taken:
        form, alignment = form_of(met.sent), alignment_of(met.sent)
        keeps = SOURCE in met.taken
        draft = _with_source(person, form, alignment, item, met.sent, keeps_source=keeps)
    return replace(draft, seen=seen, merge=met)


def _stored(person: Person, item: Item | None, usual_kind: str) -> dict[str, Any]:
    """What the fields hold before anyone typed."""
    if item is None:
        new = {"owner": person.id, "measure": usual_kind, "start": "0", "tags": ""}
        seen = {"visibility": EVERYONE, "viewers": [], "viewer_teams": []}
        return new | seen | {"further_owners": [], "belongs_to": PERSONAL}
    return stored_fields(item)


def _with_source(
    person: Person,
    form: ItemForm,
    alignment: AlignedUnder | None,
    item: Item | None,
    typed: Sent,
    *,
    keeps_source: bool = False,
) -> Draft:
    """The draft with the source as far as it has been chosen; with `keeps_source`, as stored.

    Nothing may be changed before: the integration may have to wait for the network.
    """
    step = typed.get("step", "") if typed is not None else ""
    draft = Draft(person, form, step, alignment=alignment)
    stored = item.measure.source if item else None
    if step.startswith(USE_COUNT):
        form.start.type_in(step.removeprefix(USE_COUNT))
    waiting = waiting_of(item) if item is not None and stored is None else None
    if keeps_source:
        draft.integration = integration_of(stored) if stored else None
        typed = None
    else:
        draft.integration = _chosen_integration(typed, step, stored, waiting)
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
    is_same = waiting is not None and waiting.integration == draft.integration.name
    definition = waiting.definition if waiting is not None and is_same else None
    wish = form.wish()
    draft.source_form = draft.integration.source_form(person, typed, own, wish, definition)
    return draft


def _chosen_integration(
    typed: Sent,
    step: str,
    stored: Source | None,
    waiting: WaitingSource | None,
) -> Integration | None:
    if typed is None:
        if waiting is not None and "link" in request.args and is_enabled(waiting.integration):
            return integration_named(waiting.integration)
        return integration_of(stored) if stored else None
    if step == REMOVE:
        return None
    return integration_named(typed.get("source", ""))


def _source_problem(
    typed: Sent, step: str, chosen: Integration | None, stored: Source | None
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
