"""What an import changes of an item that is here, in the words of an edit."""

from collections.abc import Mapping
from dataclasses import dataclass
from os.path import commonprefix

from app.accounts.models import Person
from app.okrs.alignment.placing import NOTHING, public_words
from app.okrs.changes import (
    ALIGNMENT,
    BELONGS_TO,
    CYCLE,
    DAYS,
    DESCRIPTION,
    FURTHER_OWNERS,
    OWNER,
    TAGS,
    TARGET,
    TITLE,
    Edits,
    names_words,
)
from app.okrs.figures import figure_text, measure_words, value_words
from app.okrs.levels import COMPANY_WORD, PERSONAL_WORD
from app.okrs.loading import Item, objective_of
from app.okrs.models import COMPANY, Cycle, Measure, Objective
from app.okrs.moving.answers import NewCycle, days_in
from app.okrs.moving.states import ENDING, SHARE, Key, MeasureState, State
from app.okrs.moving.structure import Here, Node
from app.pages import day
from app.teams.models import Team

_LONGEST, _BEFORE = 80, 20
"""Characters that are shown of a description, and how many of them before what differs."""


@dataclass(frozen=True)
class Wording:
    """Who and what is here, and what is only in the file."""

    people: Mapping[int, Person]
    teams: Mapping[int, Team]
    items: Mapping[int, Item]
    """By the ids of their measures."""
    nodes: Mapping[Key, Node]

    def edits(
        self,
        here: tuple[State, Cycle],
        now: tuple[State, Cycle | NewCycle],
        tags: Mapping[str, str],
    ) -> Edits:
        """From what is here to what it becomes, each with the cycle that it is in; `tags` are
        their names, by how they are compared."""
        before, after = self._described(*here, tags), self._described(*now, tags)
        edits = {what: (before[what], after[what]) for what in now[0].differences(here[0])}
        if DESCRIPTION in edits:
            edits[DESCRIPTION] = _where_they_part(*edits[DESCRIPTION])
        return edits

    def _described(
        self, state: State, cycle: Cycle | NewCycle, tags: Mapping[str, str]
    ) -> dict[str, str]:
        begins, ends = days_in(cycle)
        further = [self.people[one] for one in state.further_owners]
        return {
            TITLE: state.title,
            TARGET: measure_words(_measure(state.measure)),
            DESCRIPTION: state.description,
            OWNER: self.people[state.owner].name if state.owner is not None else "nobody",
            FURTHER_OWNERS: names_words(sorted(further, key=lambda one: (one.name, one.id))),
            CYCLE: cycle.name,
            DAYS: f"{day(state.first_day or begins)} to {day(state.last_day or ends)}",
            BELONGS_TO: self._whose(state),
            ALIGNMENT: self._place(state.parent),
            SHARE: "equal part" if state.share is None else f"{figure_text(state.share)} %",
            TAGS: ", ".join(sorted(tags[one] for one in state.tags)) or "none",
            ENDING: _ending_words(state),
        }

    def _whose(self, state: State) -> str:
        if isinstance(state.team, str):
            return state.team
        if state.team is not None:
            return self.teams[state.team].name
        return COMPANY_WORD if state.level == COMPANY else PERSONAL_WORD

    def _place(self, key: Key | None) -> str:
        """For the timeline, too, and so without the titles of what is private."""
        if key is None:
            return NOTHING
        if isinstance(key, int):
            item = self.items.get(key)
            if item is None:
                return "what was deleted"
            is_private = objective_of(item).is_private
            return public_words(item.title, is_private, isinstance(item, Objective))
        node = self.nodes[key]
        return public_words(node.item.title, self._is_private(node), not node.is_key_result)

    def _is_private(self, node: Node | Here | None) -> bool:
        """Of what is only in the file, or of a key result there its objective."""
        if isinstance(node, Node):
            is_here = node.here is not None
            place = node.here if is_here else node.parent if node.is_key_result else None
            return self._is_private(place) if place is not None else bool(node.item.is_private)
        return node is not None and objective_of(self.items[node.measure_id]).is_private


def ending_figures(state: State) -> str:
    """ "at 60 %, score 0.7"; empty where it has not ended, or nothing is told."""
    ending = state.ending
    if ending is None:
        return ""
    told = []
    if ending.final_value is not None:
        told.append(f"at {value_words(_measure(state.measure), ending.final_value)}")
    if ending.score is not None:
        told.append(f"score {figure_text(ending.score)}")
    return ", ".join(told)


def _ending_words(state: State) -> str:
    if state.ending is None:
        return "not ended"
    return f"{state.ending.ended_as} {ending_figures(state)}".rstrip()


def _measure(state: MeasureState) -> Measure:
    """Only to be described."""
    return Measure(
        kind=state.kind,
        start_value=state.start,
        target_value=state.target,
        unit=state.unit,
        guard=state.guard,
        warning_value=state.warning,
    )


def _where_they_part(before: str, after: str) -> tuple[str, str]:
    """As much of two long texts as tells them apart."""
    start = max(0, len(commonprefix([before, after])) - _BEFORE)

    def part(text: str) -> str:
        shown = " ".join(text[start : start + _LONGEST].split())
        is_cut = len(text) > start + _LONGEST
        return f"{'…' if start else ''}{shown}{'…' if is_cut else ''}" if text else "none"

    return part(before), part(after)
