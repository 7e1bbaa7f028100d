"""What belongs to a person and is still in use: told, and handed over to someone else in one step.

The packages above `accounts` know what can belong to someone. Each adds a keeper.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Flask, current_app

from app.accounts.models import Person


@dataclass(frozen=True)
class Belonging:
    """Things of one kind that belong to someone."""

    noun: str
    """For one of them, such as "key result"."""
    names: Sequence[str]
    note: str = ""
    """What taking them over means, in a sentence, where that isn't plain."""
    trait: str = ""
    """What tells them from others of this noun, such as "with several owners"."""

    @property
    def words(self) -> str:
        """ "2 key results" """
        count = len(self.names)
        return f"{count} {self.noun}{'' if count == 1 else 's'} {self.trait}".rstrip()


@dataclass(frozen=True)
class Keeper:
    """How one package tells and hands over what it keeps for people. Commits nothing."""

    what: Callable[[Person], Sequence[Belonging]]
    """What is in use of this person's, kind by kind; kinds of which there is nothing may be in."""
    hand_over: Callable[[Person, Person, Person], None]
    """Give what the first owns to the second, as the third wants it. Keeps a record."""
    show_own: Callable[[Person, Person], None] = lambda _person, _by: None
    """Let the first see what is theirs, as the second wants it, where owners would not."""
    hold: Callable[[Person], None] = lambda _person: None
    """Let nobody else write, until the commit, what handing over writes of this person's."""


KEEPERS = "tally_keepers"


def add_keeper(app: Flask, name: str, keeper: Keeper) -> None:
    """Ask this one from now on."""
    app.extensions.setdefault(KEEPERS, {})[name] = keeper


def belongings_of(person: Person) -> list[Belonging]:
    """What someone else has to take over before this person can leave; empty for nothing."""
    told = [one for keeper in _keepers().values() for one in keeper.what(person)]
    return [one for one in told if one.names]


def hand_over(giver: Person, heir: Person, by: Person) -> None:
    """Give all that is in use of the giver's to the heir."""
    # The last added first: connections are held before the items that count by them, in the order
    # of a sync. On PostgreSQL the two would otherwise wait for each other for ever. What one keeper
    # gives away may change what another keeps, so that is held before any of them begins.
    for keeper in reversed(_keepers().values()):
        keeper.hold(giver)
    for keeper in reversed(_keepers().values()):
        keeper.hand_over(giver, heir, by)


def show_own(person: Person, by: Person) -> None:
    """Let the person see all that is theirs, in their new role or again in their account."""
    for keeper in reversed(_keepers().values()):
        keeper.show_own(person, by)


def _keepers() -> dict[str, Keeper]:
    keepers: dict[str, Keeper] = current_app.extensions.get(KEEPERS, {})
    return keepers
