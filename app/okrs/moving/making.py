"""Items of an import: made many at a time, or changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from app.accounts.models import Person
from app.db import Model, db, in_batches
from app.okrs.changes import DESCRIPTION, Edits, note_change, record_edit
from app.okrs.loading import Item
from app.okrs.models import KeyResult, Measure, Objective
from app.okrs.moving.made_places import Places
from app.okrs.moving.planned import PlannedRow
from app.okrs.moving.so_far import SoFar
from app.okrs.moving.states import ENDING, Key, State, state_of
from app.okrs.moving.structure import key_of
from app.okrs.moving.wanting import Wanted
from app.okrs.moving.wording import ending_figures

Values = dict[str, Any]


def told(row: PlannedRow) -> tuple[State, Wanted]:
    """Of a row that is not left out."""
    if row.state is None or row.wanted is None:
        raise RuntimeError("this row is left out")
    return row.state, row.wanted


def make_items(rows: Sequence[PlannedRow], so_far: SoFar) -> dict[Key, int]:
    """The ids of their measures, by the keys of their nodes."""
    made: list[int] = []
    for batch in so_far.writing(in_batches(rows), len(rows)):
        made += insert_rows(Measure, [_measure_values(row) for row in batch])
    return {key_of(row.node): one for row, one in zip(rows, made, strict=True)}


def carry_on(rows: Sequence[PlannedRow], measures: Mapping[Key, int]) -> None:
    """Say of new items which ones they carry on, where those are in the file."""
    by_reference = {row.node.reference: measures[key_of(row.node)] for row in rows}
    carried = [
        {"of_measure": measures[key_of(row.node)], "continues": before}
        for row in rows
        if row.item is None and (before := by_reference.get(row.node.item.continues))
    ]
    if carried:
        table = Measure.metadata.tables[Measure.__tablename__]
        saying = update(table).where(table.c.id == bindparam("of_measure"))
        saying = saying.values(continues_id=bindparam("continues"))
        db.session.connection().execute(saying, carried)


def change_item(
    row: PlannedRow, measures: Mapping[Key, int], places: Places, by: Person
) -> int | None:
    """Let the item that is here be what the file says, with a record of the edits; the measure of
    what it was under, if it moved away from there."""
    item, (state, _) = row.item, told(row)
    if item is None:
        raise RuntimeError("this row is new")
    before = state_of(item)
    item.title, item.description = state.title, state.description
    item.owner_id = state.owner or item.owner_id
    item.starts_on, item.ends_on, item.share = state.first_day, state.last_day, state.share
    if state.measure != before.measure:
        _fill(item.measure, _measure_fields(state))
    if state.ending != before.ending:
        _fill(item.measure, _ending_fields(row))
    _note_edits(item, row.edits, state, by)
    above, old_parent = measure_above(state, measures), measure_above(before, measures)
    if isinstance(item, KeyResult):
        if state.parent != before.parent and above is not None:
            item.objective_id = _objective_ids([above])[above]
            return old_parent
        return None
    item.cycle_id = places.cycle(state) or item.cycle_id
    item.level, item.team_id = state.level, places.team(state.team)
    item.parent_measure_id = above
    return old_parent if old_parent != above else None


def _note_edits(item: Item, edits: Edits, state: State, by: Person) -> None:
    for what, (before, after) in edits.items():
        if what == ENDING and state.ending is not None:
            note_change(item.measure, by, state.ending.ended_as, after=ending_figures(state))
        elif what != DESCRIPTION:
            note_change(item.measure, by, what, before, after)
    record_edit(item, by, edits)


def _fill(measure: Measure, values: Values) -> None:
    for name, value in values.items():
        setattr(measure, name, value)


def insert_rows(model: type[Model], rows: Sequence[Values]) -> list[int]:
    """Insert the rows, past the ORM, which would sort them by what is None; their ids, in order."""
    if not rows:
        return []
    table = model.metadata.tables[model.__tablename__]
    made = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(db.session.connection().scalars(made, rows))


def put_rows(model: type[Model], rows: Sequence[Values]) -> None:
    if rows:
        table = model.metadata.tables[model.__tablename__]
        db.session.connection().execute(insert(table), rows)


def _measure_fields(state: State) -> Values:
    measure = state.measure
    return {
        "kind": measure.kind,
        "start_value": measure.start,
        "target_value": measure.target,
        "unit": measure.unit,
        "guard": measure.guard,
        "warning_value": measure.warning,
    }


def _ending_fields(row: PlannedRow) -> Values:
    state, wanted = told(row)
    ending = state.ending
    if ending is None:
        nothing = ("ended_as", "ended_at", "ended_by_id", "final_value", "score")
        return {**dict.fromkeys(nothing), "closing_note": ""}
    return {
        "ended_as": ending.ended_as,
        "ended_at": wanted.ended_at,
        "ended_by_id": wanted.ended_by_id,
        "final_value": ending.final_value,
        "score": ending.score,
        "closing_note": ending.note,
    }


def _measure_values(row: PlannedRow) -> Values:
    state, wanted = told(row)
    return {
        **_measure_fields(state),
        **_ending_fields(row),
        "series": wanted.series,
        "value": wanted.value,
        "valued_at": wanted.valued_at,
        "matching_count": wanted.matching,
        "completed_count": wanted.completed,
    }


def _item_values(row: PlannedRow, measures: Mapping[Key, int], by_id: int) -> Values:
    state, wanted = told(row)
    return {
        "title": state.title,
        "description": state.description,
        "owner_id": state.owner or by_id,
        "measure_id": measures[key_of(row.node)],
        "starts_on": state.first_day,
        "ends_on": state.last_day,
        "share": state.share,
        "created_at": wanted.created_at,
    }


def make_objectives(
    rows: Sequence[PlannedRow], measures: Mapping[Key, int], places: Places, by: Person
) -> None:
    values = []
    for row in rows:
        if row.node.is_key_result:
            continue
        state, _ = told(row)
        values.append(
            {
                **_item_values(row, measures, by.id),
                "cycle_id": places.cycle(state),
                "level": state.level,
                "team_id": places.team(state.team),
                "parent_measure_id": measure_above(state, measures),
                "is_private": state.sight is not None and state.sight.is_private,
            }
        )
    put_rows(Objective, values)


def make_key_results(rows: Sequence[PlannedRow], measures: Mapping[Key, int], by: Person) -> None:
    """In the order of the file, after those that their objectives have."""
    parts = [row for row in rows if row.node.is_key_result]
    above = [measure_above(told(row)[0], measures) for row in parts]
    objectives = _objective_ids(one for one in above if one is not None)
    positions = _next_positions(objectives.values())
    values = []
    for row, parent in zip(parts, above, strict=True):
        objective_id = objectives[parent or 0]
        place = positions.get(objective_id, 0)
        positions[objective_id] = place + 1
        values.append(
            {
                **_item_values(row, measures, by.id),
                "objective_id": objective_id,
                "position": place,
            }
        )
    put_rows(KeyResult, values)


def _objective_ids(measure_ids: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for batch in in_batches(set(measure_ids)):
        rows = db.session.execute(
            select(Objective.measure_id, Objective.id).where(Objective.measure_id.in_(batch))
        )
        found |= dict(rows.all())
    return found


def _next_positions(objective_ids: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for batch in in_batches(set(objective_ids)):
        rows = db.session.execute(
            select(KeyResult.objective_id, KeyResult.position).where(
                KeyResult.objective_id.in_(batch)
            )
        )
        for objective_id, position in rows:
            found[objective_id] = max(found.get(objective_id, 0), position + 1)
    return found


def measure_above(state: State, measures: Mapping[Key, int]) -> int | None:
    """What the item hangs on, which may be here without being in the file."""
    if state.parent is None:
        return None
    if state.parent in measures:
        return measures[state.parent]
    return state.parent if isinstance(state.parent, int) else None
