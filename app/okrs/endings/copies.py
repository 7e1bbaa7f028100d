"""Items made anew from others: in another cycle, or beside the one they are a copy of.

What a copy takes along is what the item is: words, people, tags, alignment, measure, source. What
happened to it, its readings, check-ins and comments, stays where it is. Nothing here commits.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Select, func, select

from app.accounts.models import Person
from app.audit.log import record
from app.db import db
from app.okrs.alignment.chains import hold_alignments
from app.okrs.changes import CARRIED, COPIED, SOURCE, note_change, record_of
from app.okrs.endings.parents import is_there, parent_in
from app.okrs.fields import LONGEST_TITLE
from app.okrs.integrations import hold_to_link_like, integration_of, link_like
from app.okrs.levels import may_give
from app.okrs.loading import AnyItem, Item
from app.okrs.models import KPI, PERSONAL, Change, Cycle, KeyResult, Measure, Objective
from app.okrs.rollup.settling import note_change_of_figure
from app.okrs.rollup.shares import make_room
from app.okrs.sight import sees
from app.okrs.standing import value_of
from app.teams.models import Team

_CLONE = " (clone)"


@dataclass
class Copying:
    """One step in which items are made anew by a person. Holds what they are made of, on making."""

    by: Person
    originals: Iterable[Item]
    carries_on: bool
    """Whether the new ones carry on what is postponed, or are clones."""
    unlinked: list[str] = field(default_factory=list)
    """Titles of those that count by nothing, since the person may not use the connection."""

    def __post_init__(self) -> None:
        # People before connections, and these before measures, as everywhere.
        owners = {one.owner_id for one in self.originals}
        held = select(Person).where(Person.id.in_(owners)).order_by(Person.id)
        db.session.scalars(
            held.with_for_update(read=True).execution_options(populate_existing=True)
        ).all()
        sources = [one.measure.source for one in self.originals if one.measure.source]
        self._linkable = hold_to_link_like(self.by, sources)
        if any(isinstance(one, Objective) and one.parent_measure_id for one in self.originals):
            hold_alignments(db.session())

    def objective(self, original: Objective, cycle: Cycle) -> Objective:
        """The objective in that cycle, without key results."""
        level, team = self._whose(original)
        parent = parent_in(original, cycle)
        if parent is not None and parent.objective is not None:
            make_room(parent.objective)
        made = Objective(
            title=self._title(original, is_beside=original.cycle_id == cycle.id),
            description=original.description,
            owner=self._owner(original),
            cycle=cycle,
            level=level,
            team=team,
            is_private=original.is_private,
            viewers=list(original.viewers),
            viewer_teams=list(original.viewer_teams),
            parent_measure_id=parent.id if parent is not None else None,
            measure=self._measure(original.measure),
        )
        return self._made(made, original)

    def key_result(
        self, original: KeyResult, into: Objective, *, comes_along: bool = False
    ) -> KeyResult:
        """The key result as the last one of that objective; with its share where it comes along
        with its own, else as a newcomer."""
        if not comes_along:
            make_room(into)
        owner = self._owner(original)
        positions = (one.position for one in into.key_results if one.deleted_at is None)
        made = KeyResult(
            title=self._title(original, is_beside=original.objective_id == into.id),
            description=original.description,
            owner=owner if sees(owner, into) else into.owner,
            objective=into,
            position=max(positions, default=-1) + 1,
            share=original.share if comes_along else None,
            measure=self._measure(original.measure),
        )
        return self._made(made, original)

    def _title(self, original: Item, *, is_beside: bool) -> str:
        if not is_beside:
            return original.title
        return original.title[: LONGEST_TITLE - len(_CLONE)] + _CLONE

    def _whose(self, original: Objective) -> tuple[str, Team | None]:
        """The level and the team; a clone is of its owner where the person may not give it more."""
        level, team = original.level, original.team
        if self.carries_on:
            return level, team
        is_given = level == PERSONAL or self.by.is_admin
        if team is not None:
            is_given = may_give(self.by, team)
        return (level, team) if is_given else (PERSONAL, None)

    def _owner(self, original: Item) -> Person:
        return original.owner if original.owner.may_own else self.by

    def _measure(self, original: Measure) -> Measure:
        """From nothing; a KPI that is carried on starts from where it stands."""
        stands = self.carries_on and original.kind == KPI
        return Measure(
            kind=original.kind,
            start_value=value_of(original) if stands else original.start_value,
            target_value=original.target_value,
            unit=original.unit,
            series=1,
            guard=original.guard,
            warning_value=original.warning_value,
            further_owners=[one for one in original.further_owners if one.may_own],
            tags=list(original.tags),
            continues_id=original.id if self.carries_on else None,
        )

    def _made(self, made: AnyItem, original: Item) -> AnyItem:
        db.session.add(made)
        db.session.flush()  # the log tells the item by its id, and sources hang on its measure
        if self.carries_on:
            note_change(made.measure, self.by, CARRIED, after=f"from {original.cycle.name}")
        else:
            note_change(made.measure, self.by, COPIED, _which(original), _cloned_from(original))
        came_from = f"{original.title}, {original.cycle.name}"
        kind, number, title = record_of(made)
        how = "postponed_from" if self.carries_on else "cloned_from"
        record(f"{kind}.created", kind, number, title, by=self.by, **{how: came_from})
        note_change_of_figure(db.session(), [made.measure_id])
        self._link(made, original)
        return made

    def _link(self, made: Item, original: Item) -> None:
        source = original.measure.source
        if source is None:
            return
        if source.versions[-1].id not in self._linkable:
            self.unlinked.append(made.title)
            return
        title = integration_of(source).title
        note_change(made.measure, self.by, SOURCE, after=title)
        link_like(source, made.measure, self.by)
        record("source.linked", *record_of(made), by=self.by, source=title)


def last_clone(original: Item, by: Person) -> int:
    """The number of the last clone that the person made of it; 0 where there is none."""
    found = _clones(original, by).with_only_columns(func.max(Change.id))
    return db.session.scalar(found) or 0


def cloned_since(original: Item, by: Person, seen: int | None) -> Item | None:
    """The clone that the person made of it since that number was the last; None where none was."""
    newer = _clones(original, by).where(Change.id > seen) if seen is not None else None
    change = db.session.scalar(newer.order_by(Change.id.desc())) if newer is not None else None
    return change.measure.item if change is not None and is_there(change.measure.item) else None


def _clones(original: Item, by: Person) -> Select[Change]:
    return select(Change).where(
        Change.what == COPIED, Change.person_id == by.id, Change.before == _which(original)
    )


def _which(original: Item) -> str:
    """Tells it from its namesakes; not shown."""
    return f"measure {original.measure_id}"


def _cloned_from(original: Item) -> str:
    return f"from “{original.title}”"
