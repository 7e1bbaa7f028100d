"""The form in which someone says what the words of a file are here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from werkzeug.datastructures import MultiDict

from app.accounts.models import Person
from app.names import as_compared
from app.okrs.fields import LONGEST_NAME, YEARS
from app.okrs.models import COMPANY, Cycle
from app.okrs.moving.answers import (
    CHANGE,
    LEAVE,
    LEAVE_OUT,
    MAKE,
    Answers,
    CycleChoice,
    NewCycle,
    TeamChoice,
)
from app.okrs.moving.dates import DAY_FIRST, MONTH_FIRST, Doubt
from app.okrs.moving.neutral import KEY_RESULT, OBJECTIVE
from app.okrs.moving.questions import Asked, Questions
from app.teams.models import Team

Choice = tuple[str, str]
"""What the form sends, and what people read."""


@dataclass
class Line:
    """One word of the file with its field, as it is shown and as it was typed."""

    name: str
    word: str
    times: int
    value: str = ""
    first_day: str = ""
    last_day: str = ""
    error: str = ""


@dataclass
class AnswersForm:
    questions: Questions
    people: Sequence[Person]
    cycles: Sequence[Cycle]
    """All there are, also those that can't be chosen."""
    open_cycles: Sequence[Cycle]
    teams: Sequence[Team]
    answers: Answers
    """As stored, else as suggested; after `validate` as typed."""
    typed: Mapping[str, str] | None = None
    asks_of_known: bool = False
    """Whether something of the file may be here already."""

    known_line: Line = field(init=False)
    person_lines: list[Line] = field(init=False)
    kind_lines: list[Line] = field(init=False)
    period_lines: list[Line] = field(init=False)
    team_lines: list[Line] = field(init=False)
    order_lines: list[Line] = field(init=False)
    _new_days: dict[str, tuple[date, date]] = field(init=False, default_factory=dict)
    """Of cycles that are to be made, by their names as they are compared."""

    def __post_init__(self) -> None:
        questions, answers = self.questions, self.answers
        self.person_lines = self._lines("person", questions.people)
        self.kind_lines = self._lines("kind", questions.kinds)
        self.period_lines = self._lines("period", questions.periods)
        self.team_lines = self._lines("team", questions.teams)
        doubts = [Asked(one.mark, 0) for one in questions.doubts]
        self.order_lines = self._lines("order", doubts)
        typed = self.typed if self.asks_of_known else None
        self.known_line = Line("known", "", 0, (typed or {}).get("known", answers.known))
        if self.typed is not None:
            return
        for line in self.person_lines:
            line.value = str(answers.people.get(line.word) or "")
        for line in self.kind_lines:
            line.value = answers.kinds.get(line.word, "")
        for line in self.team_lines:
            line.value = str(answers.teams.get(line.word) or "")
        for line in self.order_lines:
            line.value = answers.orders.get(line.word, "")
        for line in self.period_lines:
            self._show_period(line)

    @property
    def doubts(self) -> Mapping[str, Doubt]:
        return {one.mark: one for one in self.questions.doubts}

    @property
    def person_choices(self) -> list[Choice]:
        named = [(str(one.id), _person_words(one)) for one in self.people]
        return [("", "Nobody: leave to me"), *named]

    @property
    def kind_choices(self) -> list[Choice]:
        choices = [(OBJECTIVE, "Objective"), (KEY_RESULT, "Key result"), (LEAVE_OUT, "Leave out")]
        return [("", "Choose one"), *choices]

    @property
    def period_choices(self) -> list[Choice]:
        known = [(str(one.id), one.name) for one in self.open_cycles]
        return [("", "Choose one"), *known, (MAKE, "A new cycle"), (LEAVE_OUT, "Leave out")]

    @property
    def team_choices(self) -> list[Choice]:
        known = [(str(one.id), one.name) for one in self.teams]
        return [("", "No team"), (COMPANY, "The whole company"), *known, (MAKE, "A new team")]

    @property
    def order_choices(self) -> list[Choice]:
        return [("", "Choose one"), (DAY_FIRST, "Day first"), (MONTH_FIRST, "Month first")]

    @property
    def known_choices(self) -> list[Choice]:
        added = "Leave it as it is, and add what is new (check-ins, comments, items)"
        return [(LEAVE, added), (CHANGE, "Change it to what the file says")]

    @property
    def has_errors(self) -> bool:
        lines = (self.person_lines, self.kind_lines, self.period_lines, self.team_lines)
        parts = (*lines, self.order_lines, [self.known_line])
        return any(line.error for part in parts for line in part)

    def validate(self) -> bool:
        """Read what was typed into `answers`; False leaves sentences at the lines."""
        people = {line.word: self._id(line, self.people) for line in self.person_lines}
        self.answers = Answers(
            people=people,
            kinds={line.word: self._one_of(line, self.kind_choices) for line in self.kind_lines},
            periods={line.word: self._period(line) for line in self.period_lines},
            teams={line.word: self._team(line) for line in self.team_lines},
            orders={line.word: self._one_of(line, self.order_choices) for line in self.order_lines},
            known=self._one_of(self.known_line, self.known_choices),
        )
        return not self.has_errors

    def _lines(self, part: str, asked: Sequence[Asked]) -> list[Line]:
        typed = self.typed if self.typed is not None else MultiDict()
        lines = []
        for number, one in enumerate(asked):
            name = f"{part}-{number}"
            days = typed.get(f"{name}-first", "").strip(), typed.get(f"{name}-last", "").strip()
            lines.append(Line(name, one.word, one.times, typed.get(name, ""), *days))
        return lines

    def _show_period(self, line: Line) -> None:
        choice = self.answers.periods.get(line.word)
        if isinstance(choice, NewCycle):
            line.value = MAKE
            line.first_day = choice.first_day.isoformat()
            line.last_day = choice.last_day.isoformat()
        elif isinstance(choice, int):
            line.value = str(choice)
        elif line.word in self.answers.periods:
            line.value = LEAVE_OUT

    def _id(self, line: Line, things: Sequence[Person | Cycle | Team]) -> int | None:
        """The chosen one's id; None where nothing was chosen."""
        if not line.value:
            return None
        found = next((one.id for one in things if str(one.id) == line.value), None)
        if found is None:
            line.error = "Choose one from the list."
        return found

    def _one_of(self, line: Line, choices: Sequence[Choice]) -> str:
        if not line.value or line.value not in [value for value, _ in choices]:
            line.error = "Choose one from the list."
        return line.value

    def _team(self, line: Line) -> TeamChoice:
        if line.value in (COMPANY, MAKE):
            return line.value
        return self._id(line, self.teams)

    def _period(self, line: Line) -> CycleChoice:
        if line.value == LEAVE_OUT:
            return None
        if line.value != MAKE:
            if not line.value:
                line.error = "Choose a cycle, make one, or leave these out."
            return self._id(line, self.open_cycles)
        return self._new_cycle(line)

    def _new_cycle(self, line: Line) -> NewCycle | None:
        first, last = _day(line.first_day), _day(line.last_day)
        name = line.word[:LONGEST_NAME]
        if not name:
            line.error = "What has no period can't give a new cycle its name. Choose one."
        elif first is None or last is None:
            line.error = "Give the first and the last day, as 2026-12-31."
        elif first > last:
            line.error = "The last day must not be before the first day."
        elif clash := self._clash(name, first, last):
            line.error = clash
        return NewCycle(name, first, last) if first and last and not line.error else None

    def _clash(self, name: str, first: date, last: date) -> str:
        for cycle in self.cycles:
            has_days = (cycle.starts_on, cycle.ends_on) == (first, last)
            has_name = cycle.key == as_compared(name)
            if (has_days or has_name) and cycle not in self.open_cycles:
                return f"{cycle.name} is closed: reopen it first, or leave these out."
            if has_days:
                return f"{cycle.name} has these days: choose it instead."
            if has_name:
                return f"There is a cycle {cycle.name} with other days: choose it, or leave out."
        days = self._new_days.setdefault(as_compared(name), (first, last))
        return "" if days == (first, last) else "Another of this name gets other days here."


def _day(text: str) -> date | None:
    try:
        read = date.fromisoformat(text)
    except ValueError:
        return None
    return read if read.year in YEARS else None


def _person_words(person: Person) -> str:
    if person.is_active:
        return f"{person.name} (observer)" if person.is_observer else person.name
    return f"{person.name} (deactivated)"
