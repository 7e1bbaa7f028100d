"""Saving what an item's form says, with a record of what changed. Nothing here commits."""

from sqlalchemy import or_, select

from app.access import hold_me
from app.accounts.models import Person
from app.accounts.people import by_name
from app.audit.log import record
from app.db import db
from app.okrs.changes import (
    BELONGS_TO,
    CREATED,
    CYCLE,
    DAYS,
    DESCRIPTION,
    FURTHER_OWNERS,
    MEASURE,
    OWNER,
    SOURCE,
    TAGS,
    TITLE,
    VIEWERS,
    Edits,
    end_source,
    names_words,
    note_change,
    record_edit,
    record_of,
    remeasure,
)
from app.okrs.cycles import hold_cycle
from app.okrs.drafts import Draft
from app.okrs.figures import measure_words
from app.okrs.forms import ItemForm, ObjectiveForm
from app.okrs.holding import hold_all, hold_item
from app.okrs.integrations import integration_of
from app.okrs.levels import level_words, set_level
from app.okrs.loading import Item
from app.okrs.models import Cycle, ItemOwner, KeyResult, Measure, Objective
from app.okrs.moving.waiting import forget
from app.okrs.rollup.settling import note_change_of_figure
from app.okrs.rollup.shares import make_room
from app.okrs.sight import sees, set_sight, sight_words
from app.okrs.standing import days_of
from app.okrs.stored import mark_of
from app.okrs.tags import tag_names, tags_named, tags_text
from app.pages import day
from app.teams.models import Team

CHANGED_MEANWHILE = (
    "Someone else connected a data source to this at the same moment. "
    "Look at it in another tab, then save again."
)
SAVED_MEANWHILE = (
    "This was changed in another tab or by someone else at the same moment. What you typed is "
    "still here: look at it, then save again."
)
CYCLE_CLOSED = "This cycle was just closed by someone else. Choose another, then save again."
_IN_TIMELINE = (TITLE, BELONGS_TO, OWNER, FURTHER_OWNERS, TAGS, DAYS, CYCLE, VIEWERS)
"""What is noted here; `remeasure` and the source note their own."""


class SavedMeanwhile(Exception):
    """The item, or who sees its objective, is no longer what the form was opened on.

    May hold a sentence for people, where none of the usual ones is right.
    """


def create_objective(draft: Draft) -> Objective:
    """Make what the draft says.

    Raises SavedMeanwhile, having changed nothing, where its owner may own nothing any more, or
    its cycle was closed.
    """
    if not all(one.may_own for one in _held_owners(draft)):
        raise SavedMeanwhile
    if not _hold_chosen_cycle(draft):
        raise SavedMeanwhile(CYCLE_CLOSED)
    hold_all(_chosen_above(draft))
    objective = Objective(measure=_wanted(draft.form))
    _create(objective, draft)
    if objective.is_private:
        record("objective.shared", *record_of(objective), after=sight_words(objective))
    return objective


def create_key_result(draft: Draft, objective: Objective) -> KeyResult:
    """Make what the draft says, as the objective's last key result.

    Raises SavedMeanwhile, having changed nothing, where its owner is just losing sight of it, or
    may own nothing any more, or the objective has just ended.
    """
    if not all(one.may_own for one in _held_owners(draft)):
        raise SavedMeanwhile
    hold_item(objective)
    _refuse_lost_sight(objective, draft)
    if objective.measure.has_ended:
        raise SavedMeanwhile
    make_room(objective)
    last = max((one.position for one in objective.key_results), default=-1)
    key_result = KeyResult(
        objective_id=objective.id, position=last + 1, measure=_wanted(draft.form)
    )
    _create(key_result, draft)
    return key_result


def update_item(item: Item, draft: Draft) -> None:
    """Change the item as the draft says, and keep a record of what changed.

    Raises SavedMeanwhile, having changed nothing, where someone else was quicker.
    """
    owners = _held_owners(draft)
    is_cycle_open = isinstance(item, KeyResult) or _hold_chosen_cycle(draft)
    above = [item.objective.measure] if isinstance(item, KeyResult) else _chosen_above(draft)
    hold_item(item, *above)
    db.session.refresh(item)
    if isinstance(item, KeyResult):
        _refuse_lost_sight(item.objective, draft)
    if item.measure.has_ended or (draft.seen and draft.seen != mark_of(item)):
        raise SavedMeanwhile
    if any(not one.may_own and one not in item.owners for one in owners):
        raise SavedMeanwhile
    _refuse_blind_owners(item, draft)
    if not is_cycle_open and item.cycle is not draft.form.chosen_cycle:
        raise SavedMeanwhile(CYCLE_CLOSED)
    before, own_days = _described(item), (item.starts_on, item.ends_on)
    _fill(item, draft)
    now = _described(item)
    if (item.starts_on, item.ends_on) == own_days:
        now[DAYS] = before[DAYS]  # inherited ones that follow their cycle are no edit
    for what in _IN_TIMELINE:
        note_change(item.measure, draft.person, what, before.get(what, ""), now.get(what, ""))
    remeasure(item.measure, draft.person, _wanted(draft.form))
    now[MEASURE] = measure_words(item.measure)
    record_edit(item, draft.person, _edits(before, now))
    _apply_alignment(item, draft)
    _apply_source(item, draft)


def _edits(before: dict[str, str], now: dict[str, str]) -> Edits:
    return {what: (before[what], now[what]) for what in now if before[what] != now[what]}


def _held_owners(draft: Draft) -> list[Person]:
    """The owners as typed. Nobody closes their accounts, or that of who saves, until the commit,
    or takes away what the source is to read through, or aligns anything meanwhile.

    This comes before anything else is held. Raises SourceRefused.
    """
    hold_me()
    owners = _typed_owners(draft)
    for owner in owners:
        owner.hold()
    if draft.source_form is not None:
        draft.source_form.hold()
    if draft.alignment is not None:
        draft.alignment.hold()
    return owners


def _typed_owners(draft: Draft) -> list[Person]:
    """The owner first."""
    ids = [draft.form.owner.data, *draft.form.further_owner_ids]
    return [db.session.get_one(Person, one) for one in ids]


def _hold_chosen_cycle(draft: Draft) -> bool:
    """Let nobody close the cycle that was chosen until the commit; False where someone did."""
    cycle = draft.form.chosen_cycle
    return cycle is None or hold_cycle(cycle)


def _chosen_above(draft: Draft) -> list[Measure]:
    """Of what an objective comes under, and where room is made for it."""
    return draft.alignment.above if draft.alignment is not None else []


def _refuse_lost_sight(objective: Objective, draft: Draft) -> None:
    """Who sees the objective may have changed since the form was checked.

    Its measure, which is held, stands for it: the form that changes who sees it holds that, too.
    """
    db.session.refresh(objective)
    if not all(sees(one, objective) for one in _typed_owners(draft)):
        raise SavedMeanwhile


def _refuse_blind_owners(item: Item, draft: Draft) -> None:
    """A key result may have got another owner since the form was checked, or its owner another
    role."""
    if not isinstance(item, Objective) or not isinstance(draft.form, ObjectiveForm):
        return
    parts = (KeyResult.objective_id == item.id, KeyResult.deleted_at.is_(None))
    further = select(ItemOwner.person_id).join(
        KeyResult, KeyResult.measure_id == ItemOwner.measure_id
    )
    is_owning = or_(
        Person.id.in_(select(KeyResult.owner_id).where(*parts)),
        Person.id.in_(further.where(*parts)),
    )
    owners = select(Person).where(is_owning, Person.is_active.is_(True))
    anew = db.session.scalars(owners.execution_options(populate_existing=True)).all()
    if draft.form.left_out(anew):
        raise SavedMeanwhile


def _wanted(form: ItemForm) -> Measure:
    """The measure that the form describes; of an item that exists, only a description."""
    return Measure(
        kind=form.measure.data,
        start_value=form.start_value,
        target_value=form.target_value,
        unit=form.unit_text,
        guard=form.guard,
        warning_value=form.warning_value,
        series=1,
    )


def _fill(item: Item, draft: Draft) -> None:
    form = draft.form
    item.title, item.description = form.title.data or "", form.description.data or ""
    item.owner, *further = _typed_owners(draft)
    item.measure.further_owners = by_name(further)
    item.measure.tags = tags_named(tag_names(form.tags.data))
    item.starts_on, item.ends_on = form.first_day.data, form.last_day.data
    if isinstance(item, Objective) and isinstance(form, ObjectiveForm):
        item.cycle = db.session.get_one(Cycle, form.cycle.data)
        viewers = [db.session.get_one(Person, one) for one in form.viewer_ids]
        teams = [db.session.get_one(Team, one) for one in form.viewer_team_ids]
        set_sight(item, form.is_private, by_name(viewers), teams)
        set_level(item, form.belongs_to.data)


def _create(item: Item, draft: Draft) -> None:
    _fill(item, draft)
    db.session.add(item)
    db.session.flush()  # the log tells the item by its id
    note_change(item.measure, draft.person, CREATED)
    note_change_of_figure(db.session(), [item.measure_id])
    kind, number, title = record_of(item)
    record(f"{kind}.created", kind, number, title, by=draft.person)
    _apply_alignment(item, draft)
    _apply_source(item, draft)


def _apply_alignment(item: Item, draft: Draft) -> None:
    if draft.alignment is not None and isinstance(item, Objective):
        draft.alignment.apply(item)


def _apply_source(item: Item, draft: Draft) -> None:
    """Link, change or end the measure's source, as chosen."""
    measure = item.measure
    before, after = measure.source, draft.integration
    if before is not None and (after is None or before.integration != after.name):
        title = integration_of(before).title
        end_source(measure, draft.person, title)
        record("source.removed", *record_of(item), by=draft.person, source=title)
        before = None
    if draft.source_form is not None and after is not None:
        if before is None:
            note_change(measure, draft.person, SOURCE, after=after.title)
            record("source.linked", *record_of(item), by=draft.person, source=after.title)
        draft.source_form.apply(measure, draft.person)
        forget(item)


def _described(item: Item) -> dict[str, str]:
    first, last = days_of(item)
    described = {
        TITLE: item.title,
        DESCRIPTION: item.description,
        OWNER: item.owner.name,
        FURTHER_OWNERS: names_words(item.measure.further_owners),
        TAGS: tags_text(item.measure.tags) or "none",
        DAYS: f"{day(first)} to {day(last)}",
        MEASURE: measure_words(item.measure),
    }
    if isinstance(item, Objective):
        described |= {CYCLE: item.cycle.name, VIEWERS: sight_words(item)}
        described[BELONGS_TO] = level_words(item)
    return described
