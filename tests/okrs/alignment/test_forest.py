"""Whatever people align, there is no ring, and the tree shows all that is seen exactly once."""

from collections import Counter
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.alignment.forest import (
    Branch,
    Line,
    branches_for,
    count_beneath,
    lines_around,
    lines_of,
    tops_of,
)
from app.okrs.alignment.placing import Ring, align
from app.okrs.alignment.tree_view import TreeView, lines_shown
from app.okrs.models import Cycle, KeyResult, Objective
from tests.okrs.items import make_measure

SPRING, SUMMER = 1, 2

on_one_database = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""Each example is rolled back, so that one database serves them all."""


def lies_under(objective: Objective, above: Objective) -> bool:
    """Slow and obvious: whether the way up from the one leads past the other."""
    step: Objective | None = objective
    while step is not None:
        if step is above:
            return True
        parent = step.parent_measure
        key_result = parent.key_result if parent else None
        step = key_result.objective if key_result else (parent.objective if parent else None)
    return False


@on_one_database
@given(data=st.data())
def test_random_alignments_make_no_ring_and_lose_nothing(
    app: Flask, alice: Person, bob: Person, carol: Person, cycle: Cycle, data: Any
) -> None:
    db.session.rollback()  # what the example before has left
    owner, outsider = db.session.merge(bob), db.session.merge(carol)
    items: list[Objective | KeyResult] = []
    for number in range(7):
        objective = Objective(title=f"{number}", owner=owner, cycle_id=cycle.id)
        objective.measure, objective.is_private = make_measure(), data.draw(st.booleans())
        part = KeyResult(title=f"of {number}", owner=owner, objective=objective)
        part.measure = make_measure()
        items += [objective, part]
    db.session.add_all(items)
    db.session.flush()
    moves = st.tuples(st.integers(0, 6), st.none() | st.integers(0, 13))
    for which, where in data.draw(st.lists(moves, max_size=16)):
        moved, above = items[2 * which], None if where is None else items[where]
        assert isinstance(moved, Objective)
        is_ring = above is not None and lies_under(
            above if isinstance(above, Objective) else above.objective, moved
        )
        try:
            align(moved, above.measure_id if above else None, owner)
        except Ring:
            assert is_ring
        else:
            assert not is_ring
        db.session.flush()
        db.session.expire(moved, ["parent_measure"])
    for one in data.draw(st.lists(st.sampled_from(items), max_size=3)):
        one.deleted_at = utcnow()
    db.session.flush()
    for person in (owner, outsider, db.session.merge(alice)):
        shown = Counter(line.branch.measure_id for line in lines_of(tops_of(branches_for(person))))
        assert shown == Counter(one.measure_id for one in items if is_seen(person, owner, one))


def is_seen(person: Person, owner: Person, item: Objective | KeyResult) -> bool:
    objective = item if isinstance(item, Objective) else item.objective
    is_there = item.deleted_at is None and objective.deleted_at is None
    return is_there and (person.is_admin or person is owner or not objective.is_private)


@st.composite
def forests(draw: st.DrawFn) -> dict[int, Branch]:
    """Objectives of two cycles, some under others that came before, some with key results."""
    found: dict[int, Branch] = {}
    for number in range(draw(st.integers(1, 12))):
        parent = draw(st.none() | st.sampled_from(sorted(found))) if found else None
        cycle_id = draw(st.sampled_from((SPRING, SUMMER)))
        objective = Branch(10 * number, number, None, cycle_id, parent)
        found[objective.measure_id] = objective
        if parent is not None:
            found[parent].below.append(objective)
        for place in range(1, draw(st.integers(0, 2)) + 1):
            measure_id = 10 * number + place
            part = Branch(measure_id, number, place, cycle_id, objective.measure_id)
            found[measure_id] = part
            objective.below.insert(place - 1, part)
    return found


def ids(lines: list[Line]) -> list[int]:
    return [line.branch.measure_id for line in lines]


def way_up(line: Line) -> list[Branch]:
    return [line.branch, *(way_up(line.above) if line.above else [])]


@given(forests())
def test_every_branch_has_one_line_and_knows_what_is_beneath(forest: dict[int, Branch]) -> None:
    lines = lines_of(tops_of(forest))
    count_beneath(lines)
    assert sorted(ids(lines)) == sorted(forest)
    for line in lines:
        assert line.depth == len(way_up(line)) - 1
        assert line.beneath == sum(line.branch in way_up(one)[1:] for one in lines)


@given(forests())
def test_around_a_cycle_is_what_is_above_and_below_it(forest: dict[int, Branch]) -> None:
    lines = lines_of(tops_of(forest))
    ways = {line.branch.measure_id: way_up(line) for line in lines}
    own = [one for one in forest.values() if one.cycle_id == SPRING]
    expected = {
        one
        for one, way in ways.items()
        if any(step.cycle_id == SPRING for step in way)
        or any(forest[one] in ways[other.measure_id] for other in own)
    }
    expected |= {
        one.measure_id
        for one in forest.values()
        if one.key_result_id is not None and one.parent_measure_id in expected
    }
    assert ids(lines_around(lines, SPRING)) == [one for one in ids(lines) if one in expected]


@given(forests(), st.integers(1, 4), st.data())
def test_folding_hides_what_is_beneath_and_nothing_else(
    forest: dict[int, Branch], levels: int, data: st.DataObject
) -> None:
    lines = lines_of(tops_of(forest))
    count_beneath(lines)
    view = TreeView(SPRING, None, levels).settled(lines)
    for line in data.draw(st.lists(st.sampled_from(lines), max_size=8)):
        before = view
        view = view.toggled(line)
        assert view.is_open(line) is not before.is_open(line)
        assert view.toggled(line) == before
        assert ids(lines_shown(view.settled(lines), lines)) == ids(lines_shown(view, lines))
    assert ids(lines_shown(view, lines)) == [
        line.branch.measure_id for line in lines if is_in_sight(line, view)
    ]


def is_in_sight(line: Line, view: TreeView) -> bool:
    return line.above is None or (view.is_open(line.above) and is_in_sight(line.above, view))
