"""What an item is, here or as a file wants it: comparable, so that nothing is changed twice."""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from fractions import Fraction

from app.names import as_compared
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
    VIEWERS,
)
from app.okrs.loading import Item
from app.okrs.models import KeyResult, Measure, Objective
from app.okrs.moving.answers import NewCycle

Key = int | str
"""Of what is here the id of its measure, of what is only in the file its reference."""


@dataclass(frozen=True)
class MeasureState:
    kind: str
    start: Fraction
    target: Fraction
    unit: str
    guard: str | None
    warning: Fraction | None


@dataclass(frozen=True)
class Ending:
    ended_as: str
    final_value: Fraction | None
    score: Fraction | None
    note: str


@dataclass(frozen=True)
class Sight:
    is_private: bool
    viewers: frozenset[int] = frozenset()
    teams: frozenset[int | str] = frozenset()
    """Ids of teams, or the names of teams to be made."""


@dataclass(frozen=True)
class State:
    """None, empty text and empty sets are what a file did not say."""

    title: str
    measure: MeasureState
    description: str = ""
    owner: int | None = None
    further_owners: frozenset[int] = frozenset()
    cycle: int | NewCycle | None = None
    """None for key results, which are in that of their objective."""
    first_day: date | None = None
    last_day: date | None = None
    level: str = ""
    team: int | str | None = None
    parent: Key | None = None
    share: Fraction | None = None
    tags: frozenset[str] = frozenset()
    """As they are compared."""
    sight: Sight | None = None
    ending: Ending | None = None

    def over(self, here: "State") -> "State":
        """This, with what is here where this says nothing. Who sees it stays as it is here, what
        ended stays as it ended, and what moves leaves its share behind."""
        kept = {
            one.name: getattr(here, one.name)
            for one in fields(self)
            if getattr(self, one.name) in (None, "", frozenset())
        }
        kept["sight"] = here.sight
        if not self.level:
            kept["team"] = here.team
        has_other_kind = self.measure.kind != here.measure.kind
        if has_other_kind or here.ending is not None:
            kept["measure"] = here.measure
        if here.ending is not None:
            kept["ending"] = here.ending
        if self.parent not in (None, here.parent):
            kept.pop("share", None)  # it was of the old one
        return replace(self, **kept)

    def differences(self, here: "State") -> list[str]:
        """In words, what of that would change."""
        named = [(_WORDS[one.name], one.name) for one in fields(self)]
        changed = [words for words, name in named if getattr(self, name) != getattr(here, name)]
        return list(dict.fromkeys(changed))


SHARE, ENDING = "share", "ending"
_WORDS = {
    "title": TITLE,
    "measure": TARGET,
    "description": DESCRIPTION,
    "owner": OWNER,
    "further_owners": FURTHER_OWNERS,
    "cycle": CYCLE,
    "first_day": DAYS,
    "last_day": DAYS,
    "level": BELONGS_TO,
    "team": BELONGS_TO,
    "parent": ALIGNMENT,
    "share": SHARE,
    "tags": TAGS,
    "sight": VIEWERS,
    "ending": ENDING,
}


def state_of(item: Item) -> State:
    """As it is stored, with all that hangs on it loaded."""
    measure = item.measure
    state = State(
        title=item.title,
        measure=_measure_state(measure),
        description=item.description,
        owner=item.owner_id,
        further_owners=frozenset(one.id for one in measure.further_owners),
        first_day=item.starts_on,
        last_day=item.ends_on,
        share=item.share,
        tags=frozenset(as_compared(tag.name) for tag in measure.tags),
        ending=_ending(measure),
    )
    if isinstance(item, KeyResult):
        return replace(state, parent=item.objective.measure_id)
    return replace(
        state,
        cycle=item.cycle_id,
        level=item.level,
        team=item.team_id,
        parent=item.parent_measure_id,
        sight=_sight(item),
    )


def _measure_state(measure: Measure) -> MeasureState:
    return MeasureState(
        measure.kind,
        measure.start_value,
        measure.target_value,
        measure.unit,
        measure.guard,
        measure.warning_value,
    )


def _ending(measure: Measure) -> Ending | None:
    if measure.ended_as is None:
        return None
    return Ending(measure.ended_as, measure.final_value, measure.score, measure.closing_note)


def _sight(objective: Objective) -> Sight:
    if not objective.is_private:
        return Sight(False)
    return Sight(
        True,
        frozenset(one.id for one in objective.viewers),
        frozenset(one.id for one in objective.viewer_teams),
    )


@dataclass(frozen=True)
class WantedCheckIn:
    key: str
    """By which it is known when it comes again."""
    person_id: int
    made_at: datetime
    note: str
    value: Fraction | None
    confidence: int | None


@dataclass(frozen=True)
class WantedReading:
    taken_at: datetime
    value: Fraction
    series: int = 1
    matching: int | None = None
    completed: int | None = None
    check_in_key: str = ""
    is_beside: bool = False


@dataclass(frozen=True)
class WantedComment:
    person_id: int
    made_at: datetime
    edited_at: datetime | None
    text: str
