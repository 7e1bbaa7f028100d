"""Finding objectives and key results by text, to align something under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, null, select, union_all

from app.accounts.models import Person
from app.db import db
from app.names import as_compared
from app.okrs.loading import is_visible
from app.okrs.models import Cycle, KeyResult, Objective

MOST = 20
"""How many are offered at once."""


@dataclass(frozen=True)
class Candidate:
    """Something that an objective may be aligned under, with what tells it from its namesakes."""

    measure_id: int
    title: str
    objective_title: str | None
    """Of a key result."""
    cycle_name: str
    owner_name: str
    is_private: bool

    @property
    def place(self) -> str:
        """ "Objective, Q4 2026, Ana Ames" """
        what = f"Key result of “{self.objective_title}”" if self.objective_title else "Objective"
        return f"{what}, {self.cycle_name}, {self.owner_name}"


@dataclass(frozen=True)
class Found:
    candidates: Sequence[Candidate]
    count: int
    """In all; only the first are among the candidates."""


def find_by_text(person: Person, text: str, leaving_out: int | None) -> Found:
    """What the person may see and whose title has all these words, whatever their case; the
    latest cycles first. An objective and its key results may be left out. One statement."""
    words = as_compared(text).split()
    rows = db.session.execute(union_all(_objectives(person), _key_results(person))).all()
    found = [
        row
        for row in rows
        if row.objective_id != leaving_out and all(one in as_compared(row.title) for one in words)
    ]
    found.sort(key=lambda row: (-row.ends_on.toordinal(), row.title.casefold(), row.measure_id))
    return Found([_candidate(row) for row in found[:MOST]], len(found))


def candidate_of(person: Person, measure_id: int) -> Candidate | None:
    """The one item with this measure; None where it is not there for this person."""
    query = union_all(
        _objectives(person).where(Objective.measure_id == measure_id),
        _key_results(person).where(KeyResult.measure_id == measure_id),
    )
    row = db.session.execute(query).first()
    return _candidate(row) if row else None


def _candidate(row: Any) -> Candidate:
    return Candidate(
        measure_id=row.measure_id,
        title=row.title,
        objective_title=row.objective_title,
        cycle_name=row.cycle_name,
        owner_name=row.owner_name,
        is_private=row.is_private,
    )


def _objectives(person: Person) -> Select[Any]:
    return (
        select(*_columns(Objective), null().label("objective_title"))
        .select_from(Objective)
        .join(Person, Person.id == Objective.owner_id)
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .where(is_visible(person))
    )


def _key_results(person: Person) -> Select[Any]:
    return (
        select(*_columns(KeyResult), Objective.title)
        .select_from(KeyResult)
        .join(Objective, Objective.id == KeyResult.objective_id)
        .join(Person, Person.id == KeyResult.owner_id)
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .where(KeyResult.deleted_at.is_(None), is_visible(person))
    )


def _columns(kind: type[Objective] | type[KeyResult]) -> list[Any]:
    return [
        kind.measure_id,
        kind.title,
        Objective.id.label("objective_id"),
        Objective.is_private,
        Cycle.name.label("cycle_name"),
        Cycle.ends_on,
        Person.name.label("owner_name"),
    ]
