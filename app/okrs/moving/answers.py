"""What the people, types, periods and teams of a file are here, as someone answered it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.names import cut
from app.okrs.models import Cycle
from app.teams.forms import LONGEST_KEY, LONGEST_NAME

LEAVE_OUT, MAKE = "leave-out", "make"
LEAVE, CHANGE = "leave", "change"
"""What is done with what is here already: only what is new is added to it, or it is changed to what
the file says."""


@dataclass(frozen=True)
class NewCycle:
    """A cycle that the import is to make."""

    name: str
    first_day: date
    last_day: date


CycleChoice = int | NewCycle | None
"""The id of a cycle here, one to be made, or None: what is in it is left out."""
TeamChoice = int | str | None
"""The id of a team here, MAKE, COMPANY, or None for no team."""


def days_in(cycle: Cycle | NewCycle) -> tuple[date, date]:
    """The first and the last."""
    if isinstance(cycle, NewCycle):
        return cycle.first_day, cycle.last_day
    return cycle.starts_on, cycle.ends_on


def new_team_name(word: str) -> str:
    """How the team is called that is made of this word of the file."""
    return cut(word, LONGEST_NAME, LONGEST_KEY)


@dataclass
class Answers:
    """By the words of the file; what is missing has yet to be asked."""

    people: dict[str, int | None] = field(default_factory=dict)
    """None: nobody here, and so whoever imports."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Objective, key result, or LEAVE_OUT."""
    periods: dict[str, CycleChoice] = field(default_factory=dict)
    teams: dict[str, TeamChoice] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    """Day first or month first, by the mark between the numbers."""
    known: str = LEAVE
    """LEAVE or CHANGE."""

    @property
    def change_known(self) -> bool:
        return self.known == CHANGE

    def stored(self) -> dict[str, Any]:
        return {
            "people": self.people,
            "kinds": self.kinds,
            "periods": {name: _stored(one) for name, one in self.periods.items()},
            "teams": self.teams,
            "orders": self.orders,
            "known": self.known,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Answers":
        """Empty as long as nothing was answered."""
        if not stored:
            return cls()
        periods = {name: _choice(one) for name, one in stored["periods"].items()}
        return cls(
            people=stored["people"],
            kinds=stored["kinds"],
            periods=periods,
            teams=stored["teams"],
            orders=stored["orders"],
            known=stored.get("known", LEAVE),  # what was answered before this was asked lacks it
        )


def _stored(choice: CycleChoice) -> int | list[str] | None:
    if isinstance(choice, NewCycle):
        return [choice.name, choice.first_day.isoformat(), choice.last_day.isoformat()]
    return choice


def _choice(stored: Any) -> CycleChoice:
    if isinstance(stored, list):
        return NewCycle(stored[0], date.fromisoformat(stored[1]), date.fromisoformat(stored[2]))
    return stored if isinstance(stored, int) else None
