"""As many items as a grown workspace has, written in a few statements."""

from fractions import Fraction

from sqlalchemy import func, insert, select

from app.accounts.models import Person
from app.db import db
from app.okrs.models import PERCENT, ROLL_UP, Cycle, KeyResult, Measure, Objective

PARTS = 2


def make_many(owner: Person, cycle: Cycle, objective_count: int) -> None:
    """So many objectives with two key results each, settled."""
    first_measure, first = _next_id(Measure), _next_id(Objective)
    part_count = PARTS * objective_count
    values = [Fraction(number * 37 % 101) for number in range(part_count)]
    means = [(values[one] + values[one + 1]) / 2 for one in range(0, part_count, PARTS)]
    measures = [{"kind": ROLL_UP, "value": mean, "part_count": PARTS} for mean in means]
    measures += [{"kind": PERCENT, "value": value, "part_count": 0} for value in values]
    db.session.execute(
        insert(Measure), [{"id": first_measure + n, **one} for n, one in enumerate(measures)]
    )
    usual = {"description": "", "owner_id": owner.id}
    objectives = [
        {"id": first + n, "title": f"Objective {n}", "measure_id": first_measure + n}
        for n in range(objective_count)
    ]
    db.session.execute(
        insert(Objective), [{**usual, "cycle_id": cycle.id, **one} for one in objectives]
    )
    key_results = [
        {
            "title": f"Key result {n}",
            "objective_id": first + n // PARTS,
            "measure_id": first_measure + objective_count + n,
            "position": n % PARTS,
        }
        for n in range(part_count)
    ]
    db.session.execute(insert(KeyResult), [{**usual, **one} for one in key_results])
    db.session.commit()


def _next_id(model: type[Measure] | type[Objective]) -> int:
    return (db.session.scalar(select(func.max(model.id))) or 0) + 1
