"""Random trees: what is stored of roll-ups is what a slow and obvious computation gives."""

from collections.abc import Collection
from fractions import Fraction
from random import Random

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import (
    CLOSED,
    PERCENT,
    POSTPONED,
    ROLL_UP,
    Cycle,
    KeyResult,
    Measure,
    Objective,
    ObjectiveViewer,
    Reading,
)
from app.okrs.rollup.branches import Branch, RollUp
from app.okrs.rollup.models import Unsettled
from app.okrs.rollup.parts import StoredPart
from app.okrs.rollup.settling import _rolled_up, note_change_of_figure, settle
from app.okrs.standing import Thresholds, standing_of, value_of
from tests.okrs.items import FIRST_DAY, LAST_DAY, TODAY, count_of
from tests.okrs.slow_roll_up import Thing, World

SHARES = [None, None, None, *(Fraction(one) for one in (0, 10, 25, 50, 100))]
ENDINGS = [None, None, None, CLOSED, POSTPONED]
chances = st.integers(0, 2**40).map(Random)  # one number to draw, so that thousands are quick
EXPECTED = 50
"""Percent, on the tests' today."""


def grown(chance: Random, most: int = 14) -> list[Thing]:
    """Objectives under objectives and key results, in any depth; what is above comes first."""
    things: list[Thing] = []
    for number in range(chance.randint(1, most)):
        is_objective = not things or chance.random() < 0.5
        above = [one.id for one in things if is_objective or one.is_objective]
        is_under = bool(above) and (not is_objective or chance.random() < 0.8)
        things.append(
            Thing(
                id=number,
                parent=chance.choice(above) if is_under else None,
                is_objective=is_objective,
                is_rolled_up=is_objective and chance.random() < 0.8,
                progress=Fraction(chance.randint(-300, 1500), chance.choice([1, 7, 10, 13])),
                share=chance.choice(SHARES),
                ended_as=chance.choice(ENDINGS),
                seen_by=chance.choice([None, None, frozenset({1}), frozenset({1, 2})]),
            )
        )
    return things


def as_measure(thing: Thing) -> Measure:
    return Measure(
        kind=ROLL_UP if thing.is_rolled_up else PERCENT,
        start_value=Fraction(0),
        target_value=Fraction(100),
        value=thing.progress,
        part_count=0,
        ended_as=thing.ended_as,
        final_value=thing.progress if thing.ended_as else None,
    )


def slow_status(world: World, thing: Thing) -> str:
    ending = world.ending(thing)
    if ending is not None:
        return ending
    if not world.part_count(thing):
        return "not_started"
    gap = EXPECTED - world.progress(thing)
    return "on_track" if gap <= 0 else "behind" if gap <= 25 else "at_risk"


@settings(max_examples=2000, deadline=None)
@given(chances)
def test_a_tree_comes_to_what_the_slow_computation_gives(chance: Random) -> None:
    world = World(grown(chance))
    measures = {one.id: as_measure(one) for one in world.things.values()}
    for number, measure in measures.items():
        measure.id = number
    branches = {
        one.id: Branch(
            RollUp(one.id, False, one.id, 0, None, None, 0, None),
            [
                StoredPart(
                    (Objective if part.is_objective else KeyResult)(share=part.share),
                    measures[part.id],
                )
                for part in world.parts(one)
            ],
        )
        for one in world.roll_ups()
    }
    found = _rolled_up(branches)
    cycle = Cycle(name="Spring", starts_on=FIRST_DAY, ends_on=LAST_DAY)
    for one in world.roll_ups():
        rolled_up, measure = found[one.id], measures[one.id]
        assert rolled_up.progress == world.progress(one)
        measure.value, measure.part_count = rolled_up.progress, rolled_up.part_count
        measure.parts_ended_as = rolled_up.ended_as
        item = Objective(title="Any", cycle=cycle, measure=measure)
        assert standing_of(item, TODAY, Thresholds()).status == slow_status(world, one)


class Forest:
    """The trees as they are stored, and everything that can happen to them."""

    def __init__(self, chance: Random, cycle: Cycle, owner: Person, viewer: Person) -> None:
        self.chance = chance
        self.cycle_id, self.owner_id, self.viewer_id = cycle.id, owner.id, viewer.id
        for model in (Reading, KeyResult, ObjectiveViewer, Objective, Unsettled, Measure):
            db.session.execute(delete(model))

    @property
    def items(self) -> dict[int, Objective | KeyResult]:
        """By the ids of their measures."""
        both = [*db.session.scalars(select(Objective)), *db.session.scalars(select(KeyResult))]
        return {one.measure_id: one for one in both}

    @property
    def objectives(self) -> list[Objective]:
        return [one for one in self.items.values() if isinstance(one, Objective)]

    def plant(self, above: Objective | None = None, most: int = 14) -> set[int]:
        placed: dict[int, Objective | KeyResult] = {}
        for thing in grown(self.chance, most):
            under = placed[thing.parent] if thing.parent is not None else above
            placed[thing.id] = self._planted(thing, under)
        return {one.measure_id for one in placed.values()}

    def _planted(self, thing: Thing, under: Objective | KeyResult | None) -> Objective | KeyResult:
        item: Objective | KeyResult
        if thing.is_objective:
            item = Objective(cycle_id=self.cycle_id, owner_id=self.owner_id)
            item.parent_measure_id = under.measure_id if under else None
            self._show_to(item, thing.seen_by)
        else:
            assert isinstance(under, Objective)
            item = KeyResult(objective_id=under.id, owner_id=self.owner_id)
        item.title, item.measure, item.share = "Any", as_measure(thing), thing.share
        db.session.add(item)
        db.session.flush()
        return item

    def happen(self) -> set[int]:
        """Something, at random; the ids of the measures that are to be noted."""
        happens = [self._value, self._share, self._end, self._delete, self._move, self._hide]
        return self.chance.choice([*happens, self._value, self._remeasure, self._grow])()

    def _value(self) -> set[int]:
        item = self.chance.choice(list(self.items.values()))
        if item.measure.kind != ROLL_UP and not item.measure.has_ended:
            item.measure.value = Fraction(self.chance.randint(-50, 150), 3)
        return {item.measure_id}

    def _share(self) -> set[int]:
        item = self.chance.choice(list(self.items.values()))
        item.share = self.chance.choice(SHARES)
        return {item.measure_id}

    def _end(self) -> set[int]:
        measure = self.chance.choice(list(self.items.values())).measure
        measure.ended_as = self.chance.choice(ENDINGS)
        measure.final_value = value_of(measure) if measure.ended_as else None
        return {measure.id}

    def _delete(self) -> set[int]:
        item = self.chance.choice(list(self.items.values()))
        item.deleted_at = None if item.deleted_at else utcnow()
        return {item.measure_id}

    def _move(self) -> set[int]:
        item = self.chance.choice(self.objectives)
        above = [one for one in self.items.values() if item not in self._way_up(one)]
        old = item.parent_measure_id
        new = self.chance.choice([None, *above])
        item.parent_measure_id = new.measure_id if new else None
        return {item.measure_id, *([old] if old is not None else [])}

    def _way_up(self, item: Objective | KeyResult) -> list[Objective | KeyResult]:
        way = [item]
        while (above := self._above(way[-1])) is not None:
            way.append(above)
        return way

    def _above(self, item: Objective | KeyResult) -> Objective | KeyResult | None:
        if isinstance(item, KeyResult):
            return next(one for one in self.objectives if one.id == item.objective_id)
        return self.items[item.parent_measure_id] if item.parent_measure_id is not None else None

    def _hide(self) -> set[int]:
        item = self.chance.choice(self.objectives)
        self._show_to(item, self.chance.choice([None, frozenset({1}), frozenset({1, 2})]))
        return {item.measure_id}

    def _show_to(self, objective: Objective, seen_by: frozenset[int] | None) -> None:
        objective.is_private = seen_by is not None
        viewer = db.session.get_one(Person, self.viewer_id)
        objective.viewers = [viewer] if seen_by and 2 in seen_by else []

    def _remeasure(self) -> set[int]:
        measure = self.chance.choice(self.objectives).measure
        if not measure.has_ended:
            measure.kind = PERCENT if measure.kind == ROLL_UP else ROLL_UP
            measure.series, measure.value = measure.series + 1, None
        return {measure.id}

    def _grow(self) -> set[int]:
        return self.plant(self.chance.choice(self.objectives), most=3)


def stored() -> dict[int, Measure]:
    db.session.remove()
    return {one.id: one for one in db.session.scalars(select(Measure))}


def as_stored() -> World:
    """All there is, read without any rule but those of single rows."""
    measures = stored()
    objectives = db.session.scalars(select(Objective)).all()
    own = {one.id: one.measure_id for one in objectives}
    things = [
        Thing(
            id=one.measure_id,
            parent=one.parent_measure_id if isinstance(one, Objective) else own[one.objective_id],
            is_objective=isinstance(one, Objective),
            is_rolled_up=measures[one.measure_id].kind == ROLL_UP,
            progress=value_of(measures[one.measure_id]),
            share=one.share,
            ended_as=measures[one.measure_id].ended_as,
            is_deleted=one.deleted_at is not None,
            seen_by=seen_by(one) if isinstance(one, Objective) else None,
        )
        for one in [*objectives, *db.session.scalars(select(KeyResult))]
    ]
    return World(things)


def seen_by(objective: Objective) -> frozenset[int] | None:
    if not objective.is_private:
        return None
    return frozenset({objective.owner_id, *(one.id for one in objective.viewers)})


def settled(noted: Collection[int]) -> None:
    """Settle, and look at all that was written and all that should be there."""
    note_change_of_figure(db.session(), noted)
    db.session.commit()
    before = {id_: (one.value, one.part_count) for id_, one in stored().items()}
    reading_count = count_of(Reading)
    db.session.rollback()
    settle()
    world, after = as_stored(), stored()
    for one in world.roll_ups():
        assert (after[one.id].value or 0) == world.progress(one)
        assert after[one.id].part_count == world.part_count(one)
        assert after[one.id].parts_ended_as == world.parts_ending(one)
    touched = {one for one in after if (after[one].value, after[one].part_count) != before[one]}
    assert touched <= world.chain(noted)
    moved = [one for one in touched if after[one].value != before[one][0]]
    readings = db.session.scalars(select(Reading).order_by(Reading.id)).all()[reading_count:]
    assert sorted(one.measure_id for one in readings) == sorted(moved)
    assert all(one.value == after[one.measure_id].value for one in readings)


def test_after_every_change_what_is_stored_is_what_the_slow_computation_gives(
    cycle: Cycle, bob: Person, carol: Person
) -> None:
    @settings(max_examples=10, deadline=None, phases=[Phase.generate])
    @given(chances)
    def happen(chance: Random) -> None:
        forest = Forest(chance, cycle, bob, carol)
        settled(forest.plant())
        for _ in range(12):
            settled(forest.happen())

    happen()
