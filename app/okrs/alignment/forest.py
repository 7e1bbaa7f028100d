"""All that a person sees as a forest of branches: what is under what, by ids alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, case, select

from app.accounts.models import Person
from app.db import db
from app.okrs.loading import is_visible
from app.okrs.models import COMPANY, TEAM, Cycle, KeyResult, Objective


@dataclass(eq=False, slots=True)
class Branch:
    """An objective or a key result with what is directly under it, in its order."""

    measure_id: int
    objective_id: int
    """Its own, or that of the objective which the key result belongs to."""
    key_result_id: int | None
    cycle_id: int
    parent_measure_id: int | None
    """Of what it is under, seen or not."""
    below: list["Branch"] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Line:
    """A branch where it stands when all are written one beneath the other."""

    branch: Branch
    depth: int
    above: "Line | None"
    beneath: int = 0
    """How many lines lie beneath it, in all depths."""


def branches_for(person: Person) -> dict[int, Branch]:
    """Everything that the person sees, by its measure. One statement at any size."""
    rows = db.session.execute(
        select(
            Objective.id,
            Objective.measure_id,
            Objective.cycle_id,
            Objective.parent_measure_id,
            KeyResult.id,
            KeyResult.measure_id,
        )
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .outerjoin(
            KeyResult, and_(KeyResult.objective_id == Objective.id, KeyResult.deleted_at.is_(None))
        )
        .where(is_visible(person))
        .order_by(
            case((Objective.level == COMPANY, 0), (Objective.level == TEAM, 1), else_=2),
            Cycle.starts_on,
            Objective.id,
            KeyResult.position,
            KeyResult.id,
        )
    )
    found: dict[int, Branch] = {}
    objectives: list[Branch] = []
    for objective_id, measure_id, cycle_id, parent_id, key_result_id, part_measure_id in rows:
        objective = found.get(measure_id)
        if objective is None:
            objective = Branch(measure_id, objective_id, None, cycle_id, parent_id)
            found[measure_id] = objective
            objectives.append(objective)
        if key_result_id is not None:
            part = Branch(part_measure_id, objective_id, key_result_id, cycle_id, measure_id)
            found[part_measure_id] = part
            objective.below.append(part)
    for objective in objectives:
        parent = found.get(objective.parent_measure_id or 0)
        if parent is not None:
            parent.below.append(objective)
    return found


def tops_of(branches: dict[int, Branch]) -> list[Branch]:
    """Those that stand at the top: nothing that the person sees is above them."""
    return [one for one in branches.values() if one.parent_measure_id not in branches]


def branches_above(branches: Mapping[int, Branch], measure_id: int | None) -> list[Branch]:
    """What the person sees above this one, from the top down."""
    found: list[Branch] = []
    step = branches.get(measure_id or 0)
    while step is not None:
        step = branches.get(step.parent_measure_id or 0)
        found += [step] if step else []
    return found[::-1]


def lines_of(tops: Sequence[Branch]) -> list[Line]:
    """All branches from these downwards, each before what is under it."""
    lines: list[Line] = []
    waiting = [Line(one, 0, None) for one in reversed(tops)]
    while waiting:
        line = waiting.pop()
        lines.append(line)
        waiting += [Line(one, line.depth + 1, line) for one in reversed(line.branch.below)]
    return lines


def lines_around(lines: Iterable[Line], cycle_id: int) -> list[Line]:
    """The lines that a cycle has to do with: its objectives, what they are under and what is
    under them, with all their key results."""
    listed = list(lines)
    kept: set[int] = set()
    hanging: set[int] = set()
    for line in listed:
        branch, above = line.branch, line.above
        is_below = above is not None and above.branch.measure_id in hanging
        if branch.cycle_id != cycle_id and not is_below:
            continue
        hanging.add(branch.measure_id)
        step: Line | None = line
        while step is not None and step.branch.measure_id not in kept:
            kept.add(step.branch.measure_id)
            step = step.above
    return [
        line
        for line in listed
        if line.branch.measure_id in kept
        or (line.branch.key_result_id is not None and line.branch.parent_measure_id in kept)
    ]


def count_beneath(lines: Sequence[Line]) -> None:
    """Say of each line how many of these lie beneath it."""
    for line in reversed(lines):
        if line.above is not None:
            line.above.beneath += 1 + line.beneath
