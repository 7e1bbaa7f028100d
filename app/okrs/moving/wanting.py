"""From an item of the file to what it is to be here, by the answers that someone gave."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from app.accounts.forms import one_line
from app.accounts.models import Person
from app.names import as_compared
from app.okrs.fields import LONGEST_TEXT, LONGEST_TITLE, several_lines
from app.okrs.integrations import integration_named
from app.okrs.models import CLOSED, COMPANY, PERSONAL, POSTPONED, ROLL_UP, TEAM, Cycle
from app.okrs.moving.answers import MAKE, Answers, NewCycle, days_in, new_team_name
from app.okrs.moving.dates import Calendar
from app.okrs.moving.measures import WantedMeasure, measure_for, present_value
from app.okrs.moving.neutral import FileCheckIn, FileContent, FileItem
from app.okrs.moving.numbers import read_figure, read_long_figure
from app.okrs.moving.states import (
    Ending,
    MeasureState,
    Sight,
    State,
    WantedCheckIn,
    WantedComment,
    WantedReading,
)
from app.okrs.moving.structure import Node, key_of
from app.okrs.tags import shortened

CLOSE = Fraction(1, 1_000_000)
"""What a table rounds off."""

Link = tuple[str, dict[str, Any]]
"""The integration and the criteria."""


@dataclass
class Wanted:
    """An item as it is to be, with what is to be put down about it."""

    state: State
    tags: Mapping[str, str]
    """The names, by how they are compared."""
    created_at: datetime
    value: Fraction | None
    valued_at: datetime | None
    series: int
    matching: int | None
    completed: int | None
    ended_at: datetime | None
    ended_by_id: int | None
    check_ins: list[WantedCheckIn]
    readings: list[WantedReading]
    has_all_readings: bool
    """Whether the file told of every reading, and not only of check-ins and the present value."""
    comments: list[WantedComment]
    link: Link | None
    """How it was linked elsewhere; None also where that can't be read."""
    notes: list[str] = field(default_factory=list)


@dataclass
class Translator:
    """What the words of a file are here."""

    content: FileContent
    answers: Answers
    calendar: Calendar
    people: Mapping[int, Person]
    cycles: Mapping[int, Cycle]
    importer: Person
    now: datetime

    def wanted(self, node: Node, cycle: "Cycle | NewCycle", has_parts: bool) -> Wanted:
        """`cycle` is the item's own, or that of its objective."""
        item, notes = node.item, list(node.notes)
        is_objective = not node.is_key_result
        measure = measure_for(item, is_objective, has_parts, self.content.is_ours)
        notes += measure.notes
        title = one_line(item.title)
        if len(title) > LONGEST_TITLE:
            notes.append(f"Its title is cut to {LONGEST_TITLE} characters.")
        first_day, last_day = self._own_days(item, cycle, notes)
        owner, further = self._owners(item, notes)
        level, team = self._whose(item, notes) if is_objective else ("", None)
        tags = {as_compared(name): name for name in map(shortened, item.tags) if name}
        check_ins = self._check_ins(node, measure, notes)
        begun_at = self._past(item.created_at) or self._begin_of(first_day, cycle)
        value, readings = self._figures(item, measure, check_ins, begun_at)
        state = State(
            title=title[:LONGEST_TITLE],
            measure=MeasureState(
                measure.kind,
                measure.start,
                measure.target,
                measure.unit,
                measure.guard,
                measure.warning,
            ),
            description=several_lines(item.description)[:LONGEST_TEXT],
            owner=owner,
            further_owners=frozenset(further),
            cycle=(cycle if isinstance(cycle, NewCycle) else cycle.id) if is_objective else None,
            first_day=first_day,
            last_day=last_day,
            level=level,
            team=team,
            parent=key_of(node.parent) if node.parent is not None else None,
            share=node.share,
            tags=frozenset(tags),
            sight=self._sight(item) if is_objective else None,
            ending=self._ending(item, measure, value, notes),
        )
        newest = max(readings, key=lambda one: one.taken_at, default=None)
        return Wanted(
            state=state,
            tags=tags,
            created_at=self._past(item.created_at) or self.now,
            value=value,
            valued_at=self._past(item.valued_at)
            if item.readings is not None
            else newest.taken_at
            if newest and value is not None
            else None,
            series=item.series,
            matching=item.matching,
            completed=item.completed,
            ended_at=self._ended_at(item),
            ended_by_id=self._person(item.ended_by),
            check_ins=check_ins,
            readings=readings,
            has_all_readings=item.readings is not None,
            comments=self._comments(item),
            link=_link(item),
            notes=notes,
        )

    def _person(self, word: str) -> int | None:
        found = self.answers.people.get(word)
        return found if found in self.people else None

    def _owners(self, item: FileItem, notes: list[str]) -> tuple[int, list[int]]:
        """The owner and the further ones; whoever nobody here is gives way to who imports."""
        found: list[int] = []
        for word in item.owners:
            person_id = self._person(word)
            if person_id is None:
                continue
            if not self.people[person_id].may_own:
                notes.append(f"{self.people[person_id].name} may own nothing here.")
            elif person_id not in found:
                found.append(person_id)
        first = self._person(item.owners[0]) if item.owners else None
        owner = first if first in found and first is not None else None
        if owner is None:
            owner = found[0] if found else self.importer.id
        return owner, [one for one in found if one != owner]

    def _own_days(
        self, item: FileItem, cycle: Cycle | NewCycle, notes: list[str]
    ) -> tuple[date | None, date | None]:
        """Where they differ from those of its cycle."""
        days = []
        for name, text in (("First day", item.first_day), ("Last day", item.last_day)):
            day = self.calendar.day(text)
            if text and day is None:
                notes.append(f"{name} “{text[:40]}” is no day, so that of its cycle holds.")
            days.append(day)
        first, last = days
        begins, ends = days_in(cycle)
        if first and last and first > last:
            notes.append("Its last day is before its first, so those of its cycle hold.")
            return None, None
        return (first if first != begins else None), (last if last != ends else None)

    def _whose(self, item: FileItem, notes: list[str]) -> tuple[str, int | str | None]:
        """The level, and the team of a team's objective: its id, or the name of a new one."""
        choices = [(name, self.answers.teams.get(name)) for name in item.teams]
        known = [(name, choice) for name, choice in choices if choice is not None]
        if len(known) > 1:
            notes.append(f"It is of {len(known)} teams, and only the first is kept.")
        if item.level in (COMPANY, PERSONAL):
            return item.level, None
        if not known:
            is_of_company = item.level.lower().startswith(("organi", "company"))
            return (COMPANY, None) if is_of_company else (PERSONAL, None)
        name, choice = known[0]
        if choice == COMPANY:
            return COMPANY, None
        return TEAM, new_team_name(name) if choice == MAKE else choice

    def _sight(self, item: FileItem) -> Sight | None:
        if item.is_private is None:
            return None
        if not item.is_private:
            return Sight(False)
        viewers = {one for word in item.viewers if (one := self._person(word)) is not None}
        teams: set[int | str] = set()
        for name in item.viewer_teams:
            choice = self.answers.teams.get(name)
            if choice is not None and choice != COMPANY:
                teams.add(new_team_name(name) if choice == MAKE else choice)
        return Sight(True, frozenset(viewers), frozenset(teams))

    def _past(self, text: str) -> datetime | None:
        """A moment that is not to come; what a file has beyond now is of now."""
        moment = self.calendar.moment(text)
        return min(moment, self.now) if moment is not None else None

    def _ended_at(self, item: FileItem) -> datetime:
        return self._past(item.ended_at) or self._past(item.valued_at) or self.now

    def _ending(
        self, item: FileItem, measure: WantedMeasure, value: Fraction | None, notes: list[str]
    ) -> Ending | None:
        status = item.status.casefold()
        if status not in (CLOSED, POSTPONED):
            return None
        score = read_figure(item.score)
        if item.score and (score is None or not 0 <= score.value <= 1):
            notes.append(f"Its score “{item.score[:40]}” is not between 0 and 1, and is left out.")
            score = None
        progress = read_figure(item.progress)
        final = read_long_figure(item.final_value)
        if final is not None:
            final_value = final
        elif measure.kind == ROLL_UP:
            final_value = progress.value if progress else Fraction(0)
        else:
            final_value = value if value is not None else measure.start
        note = several_lines(item.closing_note)[:LONGEST_TEXT]
        is_exact = item.readings is not None
        return Ending(
            status,
            None if is_exact and final is None else final_value,
            score.value if score and status == CLOSED else None,
            note,
        )

    def _check_ins(
        self, node: Node, measure: WantedMeasure, notes: list[str]
    ) -> list[WantedCheckIn]:
        found, seen = [], Counter[str]()
        undated = 0
        for said in node.item.check_ins:
            told_at = self._made_at(said)
            value = measure.value_from(said.value)
            note = several_lines(said.note)
            if told_at is None or (value is None and not note):
                undated += told_at is None
                continue
            digest = _digest(node.reference, told_at, note, value)
            seen[digest] += 1
            person_id = self._person(said.person)
            if person_id is None and said.person and note:
                note = f"{said.person.partition('<')[0].strip()}: {note}".rstrip()
            confidence = read_figure(said.confidence)
            is_known = confidence is not None and confidence.value in range(1, 11)
            found.append(
                WantedCheckIn(
                    key=f"{self.content.origin}:{digest}-{seen[digest]}",
                    person_id=person_id or self.importer.id,
                    made_at=min(told_at, self.now),
                    note=note[:LONGEST_TEXT],
                    value=value,
                    confidence=int(confidence.value) if confidence and is_known else None,
                )
            )
        if undated:
            notes.append(f"{undated} of its check-ins have no day, and are left out.")
        return found

    def _made_at(self, said: FileCheckIn) -> datetime | None:
        """When it was put down, unless it is of another day: then that day."""
        moment, day = self.calendar.moment(said.moment), self.calendar.day(said.day)
        if moment is not None and (day is None or self.calendar.day_of(moment) == day):
            return moment
        return self.calendar.moment(said.day)

    def _begin_of(self, first_day: date | None, cycle: Cycle | NewCycle) -> datetime:
        return self._past((first_day or days_in(cycle)[0]).isoformat()) or self.now

    def _figures(
        self,
        item: FileItem,
        measure: WantedMeasure,
        check_ins: list[WantedCheckIn],
        begun_at: datetime,
    ) -> tuple[Fraction | None, list[WantedReading]]:
        """The present value and the readings that led to it."""
        if item.readings is not None:
            return read_long_figure(item.value), self._told_readings(item, check_ins)
        readings = [
            WantedReading(one.made_at, one.value, check_in_key=one.key)
            for one in check_ins
            if one.value is not None
        ]
        present = present_value(item, measure)
        newest = max(readings, key=lambda one: one.taken_at, default=None)
        if measure.kind == ROLL_UP:
            return None, readings
        if present is None or (newest and abs(newest.value - present) <= CLOSE):
            return (newest.value if newest else None), readings
        moment = self._past(item.valued_at) or begun_at
        if newest is not None and moment < newest.taken_at:
            moment = newest.taken_at
        return present, [*readings, WantedReading(moment, present)]

    def _told_readings(self, item: FileItem, check_ins: list[WantedCheckIn]) -> list[WantedReading]:
        moments = {one.made_at: one for one in check_ins}
        by_reference = {
            said.reference: moments[made_at].key
            for said in item.check_ins
            if (made_at := self._made_at(said)) in moments and made_at is not None
        }
        found = []
        for one in item.readings or ():
            taken_at, value = self._past(one.moment), read_long_figure(one.value)
            if taken_at is not None and value is not None:
                key = by_reference.pop(one.check_in, "")
                found.append(
                    WantedReading(
                        taken_at,
                        value,
                        one.series,
                        one.matching,
                        one.completed,
                        key,
                        one.is_beside,
                    )
                )
        return found

    def _comments(self, item: FileItem) -> list[WantedComment]:
        found = []
        for one in item.comments:
            made_at, text = self._past(one.made_at), several_lines(one.text)
            person_id = self._person(one.person)
            if person_id is None and one.person and text:
                text = f"{one.person.partition('<')[0].strip()}: {text}"
            if made_at is not None and text:
                edited_at = self._past(one.edited_at)
                said = text[:LONGEST_TEXT]
                found.append(WantedComment(person_id or self.importer.id, made_at, edited_at, said))
        return found


def _link(item: FileItem) -> Link | None:
    integration = integration_named(item.integration) if item.definition else None
    definition = integration.received(item.definition) if integration else None
    return (item.integration, definition) if definition is not None else None


def _digest(reference: str, made_at: datetime, note: str, value: Fraction | None) -> str:
    told = "\x1f".join([reference, made_at.isoformat(), note, str(value)])
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:40]
