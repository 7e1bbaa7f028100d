"""What a review decides, for many items in one step: all of it or nothing. Nothing here commits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.accounts.models import Person
from app.db import utcnow
from app.okrs.cycles import hold_cycle
from app.okrs.endings.carrying import (
    NOTHING_LEFT,
    carry_key_result,
    carry_objective,
    cycles_carried_into,
    has_nothing_left,
)
from app.okrs.endings.closing import EndedMeanwhile, Ending, close, hold_items
from app.okrs.endings.copies import Copying
from app.okrs.endings.forms import LEAVE, exact
from app.okrs.endings.parents import parents_of
from app.okrs.endings.places import home_of, open_objectives
from app.okrs.endings.review import Review, Reviewed
from app.okrs.loading import Item, objective_of
from app.okrs.models import Cycle, KeyResult, Objective

TAKEN_ALONG = (
    "Its objective is postponed and takes it along: leave it with its objective, or close it."
)


@dataclass
class Decided:
    """What came of it."""

    closed_count: int = 0
    postponed_count: int = 0
    unlinked: list[str] = field(default_factory=list)


class Deciding:
    """The choices of a review that was sent."""

    def __init__(self, review: Review, person: Person) -> None:
        self._person = person
        self._cycles = {str(one.id): one for one in review.targets}
        sent = [(one, one.form) for one in review.open_ones if one.form is not None]
        self._closing = [one for one, form in sent if form.closes]
        self._going = {
            one.row.item: self._cycles[form.do.data]
            for one, form in sent
            if form.do.data in self._cycles
        }
        objectives = [one for one in self._going if isinstance(one, Objective)]
        self._carried_into = cycles_carried_into(objectives)
        self._homes: dict[int, Objective] = {}
        """Where key results that are postponed alone go on, by the ids of their measures."""

    @property
    def is_anything(self) -> bool:
        """Whether anything is to be ended at all."""
        return bool(self._closing or self._going)

    def is_valid(self, review: Review) -> bool:
        """Check what was chosen; each refusal is left at its row."""
        valid = [one.form.validate() for one in review.open_ones if one.form is not None]
        problems = [(one.form, self._problem(one)) for one in review.open_ones]
        for form, problem in problems:
            if problem and form is not None:
                form.do.errors = [*form.do.errors, problem]
        return all(valid) and not any(problem for _, problem in problems)

    def carry_out(self) -> Decided:
        """Raises EndedMeanwhile, having changed nothing."""
        chosen = [*(one.row.item for one in self._closing), *self._going]
        originals = [*self._going, *_parts(self._going)]
        copying = Copying(self._person, originals, carries_on=True)
        for cycle in sorted(set(self._going.values()), key=lambda one: one.id):
            if not hold_cycle(cycle):
                raise EndedMeanwhile
        above = [
            one
            for item, cycle in self._going.items()
            if isinstance(item, Objective)
            for one in parents_of(item, cycle)
        ]
        hold_items([*chosen, *self._homes.values()], beside=above)
        if any(one.measure.has_ended for one in [*chosen, *self._homes.values()]):
            raise EndedMeanwhile
        return self._carry_out(copying)

    def _carry_out(self, copying: Copying) -> Decided:
        moment, decided = utcnow(), Decided(unlinked=copying.unlinked)
        for one in self._closing:
            close(one.row.item, _ending(one), self._person, moment)
            decided.closed_count += 1
        for objective in _parents_first(self._going):
            carried = carry_objective(objective, self._going[objective], copying, moment)
            decided.closed_count += len(carried.closed)
            decided.postponed_count += 1 + len(carried.made.key_results)
        for item in self._going:
            if isinstance(item, KeyResult) and not item.measure.has_ended:
                carry_key_result(item, self._homes[item.measure_id], copying, moment)
                decided.postponed_count += 1
        return decided

    def _problem(self, one: Reviewed) -> str:
        """Why what was chosen for it can't be; empty where it can."""
        item, form = one.row.item, one.form
        if item in self._going:
            return self._problem_of_postponing(item, self._going[item])
        is_taken = isinstance(item, KeyResult) and item.objective in self._going
        is_left = form is not None and form.do.data == LEAVE and not form.closes
        return TAKEN_ALONG if is_taken and is_left else ""

    def _problem_of_postponing(self, item: Item, cycle: Cycle) -> str:
        if has_nothing_left(item.measure):
            return NOTHING_LEFT
        if isinstance(item, Objective):
            is_there = cycle.id in self._carried_into[item.measure_id]
            return f"It was postponed into {cycle.name} before." if is_there else ""
        with_objective = self._going.get(item.objective)
        if with_objective is not None:
            is_same = with_objective.id == cycle.id
            return "" if is_same else f"Its objective goes into {with_objective.name}."
        elsewhere = [one for one in self._open_objectives if one.cycle_id == cycle.id]
        home = home_of(elsewhere, item)
        if home is None:
            return (
                f"Its objective is not postponed into {cycle.name}: postpone that too, or postpone "
                "this alone on its own page."
            )
        self._homes[item.measure_id] = home
        return ""

    @cached_property
    def _open_objectives(self) -> list[Objective]:
        return open_objectives(self._person)


def _ending(one: Reviewed) -> Ending:
    if one.form is None:
        raise RuntimeError("only what has a form is decided on")
    return Ending(exact(one.form.value, one.proposal.value), one.form.score.figure)


def _parts(items: Mapping[Item, Cycle]) -> list[KeyResult]:
    """The key results of the objectives among them, but for those that are named themselves."""
    objectives = [one for one in items if isinstance(one, Objective)]
    return [part for one in objectives for part in one.key_results if part not in items]


def _parents_first(items: Mapping[Item, Cycle]) -> list[Objective]:
    """So that what is aligned under another one follows it."""
    objectives = {one.id: one for one in items if isinstance(one, Objective)}

    def depth(objective: Objective) -> int:
        parent = objective.parent_measure
        above = objective_of(parent.item).id if parent is not None else None
        return 1 + depth(objectives[above]) if above in objectives else 0

    return sorted(objectives.values(), key=depth)
