"""What has to be asked about a file before it can be moved in, each with a suggestion."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.accounts.models import Person, workspace
from app.names import as_compared
from app.okrs.fields import LONGEST_NAME
from app.okrs.models import Cycle
from app.okrs.moving.answers import (
    LEAVE_OUT,
    MAKE,
    Answers,
    CycleChoice,
    NewCycle,
    TeamChoice,
)
from app.okrs.moving.dates import Calendar, Doubt, doubts
from app.okrs.moving.neutral import KEY_RESULT, OBJECTIVE, FileContent, FileItem
from app.okrs.moving.periods import Days, guessed_days, usual_days
from app.teams.models import Team

_EMAIL = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_OBJECTIVES = {"objective", "big rock", "goal", "outcome", "okr"}
_KEY_RESULTS = {"key result", "key_result", "kpi", "kr", "metric", "measure"}
_TASKS = {"initiative", "project", "deliverable", "action", "task"}


@dataclass(frozen=True)
class Asked:
    """A word of the file, and how many of its rows have it."""

    word: str
    times: int


@dataclass(frozen=True)
class Questions:
    people: Sequence[Asked]
    kinds: Sequence[Asked]
    periods: Sequence[Asked]
    teams: Sequence[Asked]
    doubts: Sequence[Doubt]


def questions_about(content: FileContent) -> Questions:
    items = content.items
    kinds = [] if content.is_ours else _asked(one.kind for one in items)
    return Questions(
        people=_asked(who for one in items for who in set(one.people()) if who),
        kinds=kinds,
        periods=_asked(one.period for one in items),
        teams=_asked(team for one in items for team in {*one.teams, *one.viewer_teams} if team),
        doubts=doubts(text for one in items for text in one.dates()),
    )


def _asked(words: Iterable[str]) -> list[Asked]:
    return [Asked(word, times) for word, times in Counter(words).most_common()]


def calendar_for(content: FileContent, answers: Answers) -> Calendar:
    """Reads the days of this file."""
    texts = (text for one in content.items for text in one.dates())
    return Calendar(texts, answers.orders, workspace().zone)


@dataclass(frozen=True)
class Suggester:
    """What is likely meant, among who and what there is here."""

    content: FileContent
    people: Sequence[Person]
    cycles: Sequence[Cycle]
    teams: Sequence[Team]

    def answers(self, questions: Questions) -> Answers:
        return Answers(
            people={one.word: self._person(one.word) for one in questions.people},
            kinds={one.word: kind for one in questions.kinds if (kind := _kind(one.word))},
            periods=self._periods(questions.periods),
            teams={one.word: self._team(one.word) for one in questions.teams},
        )

    def _person(self, word: str) -> int | None:
        """By the email, else by the name, where only one person has it."""
        email = _EMAIL.search(word)
        if email is not None:
            same = [one for one in self.people if one.email == email[0].lower()]
            if same:
                return same[0].id
        name = _plain(word.partition("<")[0])
        named = [one for one in self.people if _plain(one.name) == name]
        return named[0].id if len(named) == 1 else None

    def _periods(self, asked: Sequence[Asked]) -> dict[str, CycleChoice]:
        calendar = calendar_for(self.content, Answers())
        found: dict[str, CycleChoice] = {}
        for one in asked:
            choice = self._period(one.word, calendar)
            if choice is not None:
                found[one.word] = choice
        return found

    def _period(self, name: str, calendar: Calendar) -> CycleChoice:
        same = [one for one in self.cycles if name and _plain(one.name) == _plain(name)]
        if same:
            return same[0].id
        days = self._days(name, calendar)
        if days is None:
            return None
        alike = [one for one in self.cycles if (one.starts_on, one.ends_on) == days]
        if alike:
            return alike[0].id
        return NewCycle(name[:LONGEST_NAME], *days) if name else None

    def _days(self, name: str, calendar: Calendar) -> Days | None:
        """As the file tells, else as most of the period's items have it, else by its name."""
        told = [one for one in self.content.cycles if one.name == name]
        own = [(calendar.day(one.first_day), calendar.day(one.last_day)) for one in told]
        of_items = (
            (calendar.day(one.first_day), calendar.day(one.last_day))
            for one in self.content.items
            if one.period == name
        )
        by_name = guessed_days(name, workspace().first_month)
        return usual_days(own) or usual_days(of_items) or by_name

    def _team(self, name: str) -> TeamChoice:
        same = [one for one in self.teams if one.key == as_compared(name)]
        if same:
            return same[0].id
        return MAKE if self.content.is_ours else None


def _kind(word: str) -> str:
    """Empty where nothing is likely."""
    plain = _plain(word)
    if plain in _OBJECTIVES:
        return OBJECTIVE
    if plain in _KEY_RESULTS:
        return KEY_RESULT
    return LEAVE_OUT if plain in _TASKS else ""


def kind_of(item: FileItem, content: FileContent, answers: Answers) -> str:
    """What the item is to become, or LEAVE_OUT."""
    if content.is_ours:
        plain = _plain(item.kind).replace(" ", "_")
        return plain if plain in (OBJECTIVE, KEY_RESULT) else LEAVE_OUT
    return answers.kinds.get(item.kind, LEAVE_OUT)


def _plain(text: str) -> str:
    return as_compared(" ".join(text.split()))
