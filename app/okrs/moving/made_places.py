"""Cycles, teams and tags that an import speaks of: those here, and those it makes."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from app.accounts.models import Person
from app.db import db, in_batches, insert_into
from app.names import as_compared
from app.okrs.cycle_changes import record_created
from app.okrs.cycles import add_cycle, with_days
from app.okrs.models import Tag
from app.okrs.moving.answers import NewCycle
from app.okrs.moving.planned import PlannedRow
from app.okrs.moving.states import State
from app.teams.changing import make_team
from app.teams.models import Team


class TakenMeanwhile(Exception):
    """The name of a cycle that was to be made."""


class Places:
    """Makes what is not here yet on construction."""

    def __init__(self, rows: Sequence[PlannedRow], by: Person) -> None:
        states = [row.state for row in rows if row.state is not None]
        self._by = by
        wanted = dict.fromkeys(one.cycle for one in states if isinstance(one.cycle, NewCycle))
        self.new_cycles = {one: self._make_cycle(one) for one in wanted}
        self._teams = {one.key: one.id for one in db.session.scalars(select(Team))}
        for name in dict.fromkeys(name for one in states for name in _new_teams(one)):
            if as_compared(name) not in self._teams:
                self._teams[as_compared(name)] = make_team(name, None, None, by).id
        names = {key: name for row in rows for key, name in row.tag_names.items()}
        self.tags = _tags(names)

    def _make_cycle(self, wanted: NewCycle) -> int:
        """Its id; that of the same days where it was made meanwhile, or under another name.

        Raises TakenMeanwhile where there is one of its name with other days by now.
        """
        made = add_cycle(wanted.name, wanted.first_day, wanted.last_day)
        if made is None:
            same = with_days(wanted.first_day, wanted.last_day)
            if same is None:
                raise TakenMeanwhile
            return same.id
        record_created(made, self._by)
        return made.id

    def cycle(self, state: State) -> int | None:
        choice = state.cycle
        return self.new_cycles[choice] if isinstance(choice, NewCycle) else choice

    def team(self, choice: int | str | None) -> int | None:
        return self._teams[as_compared(choice)] if isinstance(choice, str) else choice


def _new_teams(state: State) -> Iterable[str]:
    choices = [state.team, *(state.sight.teams if state.sight is not None else ())]
    return (one for one in choices if isinstance(one, str))


def _tags(names: Mapping[str, str]) -> dict[str, int]:
    """Their ids by how they are compared; two may make the same one at once."""
    for batch in in_batches(names.items()):
        values = [{"key": key, "name": name} for key, name in batch]
        db.session.execute(insert_into(db.session(), Tag).values(values).on_conflict_do_nothing())
    found: dict[str, int] = {}
    for keys in in_batches(names):
        rows = db.session.execute(select(Tag.key, Tag.id).where(Tag.key.in_(keys)))
        found |= dict(rows.all())
    return found
