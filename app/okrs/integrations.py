"""The data sources there are: each package that brings one adds itself to this list."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Protocol

from sqlalchemy import Select, select
from werkzeug.datastructures import MultiDict

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import IntegrationState, Measure, Source
from app.okrs.standing import Goal


@dataclass(frozen=True)
class MeasureWish:
    """The measure as typed so far in a form; None where the text is missing or no number yet."""

    kind: str
    start_value: Fraction | None
    target_value: Fraction | None
    unit: str
    first_day: date | None
    last_day: date | None
    guard: str | None = None
    warning_value: Fraction | None = None

    @property
    def goal(self) -> Goal | None:
        """What values are judged by; None as long as too little was typed."""
        if self.target_value is None:
            return None
        if self.guard is not None:
            start = self.start_value or Fraction(0)
            return Goal(start, self.target_value, self.guard, self.warning_value)
        if self.start_value is None or self.start_value == self.target_value:
            return None
        return Goal(self.start_value, self.target_value)


@dataclass(frozen=True)
class SourceState:
    """How a source is doing, in a sentence for people."""

    sentence: str
    counted_at: datetime | None
    is_busy: bool = False
    """True while an update is queued or running: pages then ask again until it is done."""
    is_troubled: bool = False
    """True when the value stands still and someone has to do something."""
    needs_choice: bool = False
    """True when that is for whoever may edit the item: what it counts by has to be chosen again."""
    note: str | None = None
    """A remark on the figure itself, such as "no cards match"."""


@dataclass(frozen=True)
class PastPoint:
    """What would have been counted from a moment on, before the link was made."""

    moment: datetime
    value: Fraction


@dataclass(frozen=True)
class PastPart:
    """The rebuilt part of a chart, drawn apart from readings."""

    points: Sequence[PastPoint]
    """Oldest first; the first stands where the record begins to be certain."""
    gaps: Sequence[str]
    """Why it does not reach further, or what it cannot know, as sentences for people."""
    is_waiting: bool = False
    """True while it is still being rebuilt."""
    so_far: str = ""
    """How far that has come, as a sentence."""


@dataclass(frozen=True)
class Need:
    """One thing that a person has to see to, for the list on their home page."""

    title: str
    sentence: str
    url: str
    """Where it is seen to."""
    action: str
    """What is done there: the words of the link."""
    is_popup: bool = False
    """True where it is done in a window of its own, and the page goes on afterwards."""
    seen_url: str = ""
    """Where it is put away without going there; empty where it can't be."""


class SourceRefused(Exception):
    """What was chosen may not be linked any more; the form holds a message that says why."""


class SourceForm(Protocol):
    """The part of an item's form in which a source of one integration is chosen."""

    template: str
    """Rendered inside the item's form with `source_form` set to this object."""

    @property
    def choice(self) -> str:
        """Tells what is chosen from anything else that may be chosen; as `choice_of` where it is
        what is stored."""
        ...

    def validate(self, wish: MeasureWish) -> bool:
        """Check what was chosen; False leaves its messages on this object for the template."""
        ...

    def hold(self) -> None:
        """Let nobody take away what was chosen until the commit.

        Called once people are held and before measures are. Raises SourceRefused where it was
        taken away since it was read: the form may have waited for the network.
        """
        ...

    def apply(self, measure: Measure, by: Person) -> None:
        """Link the measure as chosen, or change its link. Commits nothing.

        The item's form records that a source was connected or removed; that its criteria changed
        is for the integration to record, with `note_change`.
        """
        ...


class Integration(Protocol):
    """What an integration offers to the rest of the app."""

    name: str
    """Its key in the database and in addresses."""
    title: str
    """Its name for people."""
    summary: str
    """One sentence: what it counts."""
    mark_template: str
    """Its mark, a small SVG that stands beside a progress bar."""
    panel_template: str
    """Shown on the page of a linked item with `source`, `state` and `panel`."""
    row_template: str
    """Shown in a list's row of a linked item with its `line` and the `source` of that: its refresh.
    Its HTML is kept with the line's, so nothing else may show."""
    manage_endpoint: str
    counted_noun: str
    """What one of the counted things is called, in the singular: "card"."""

    def rehearse(self) -> None:
        """Make ready what its jobs have in common, in the process that they are forked from.
        Changes nothing."""
        ...

    def glance(self) -> None:
        """Do what cannot wait for the next tick. Every worker calls it twice a second, so it has
        to cost next to nothing where there is nothing. Commits by itself."""
        ...

    def tick(self) -> None:
        """Do what is due. Every worker calls it every few seconds while the workspace is set up;
        late, twice or by two at once must be harmless. Commits by itself."""
        ...

    def source_form(
        self,
        person: Person,
        typed: MultiDict[str, str] | None,
        source: Source | None,
        wish: MeasureWish,
        waiting: Mapping[str, Any] | None = None,
    ) -> SourceForm:
        """The form as typed so far; as stored when nothing was typed; else preselected.

        `waiting` is how an item was linked where it comes from, as `received` gave it.
        """
        ...

    def choice_of(self, source: Source) -> str:
        """Tells how the source counts from any other way."""
        ...

    def words_of(self, source: Source) -> str:
        """What it counts, for those who may edit its item."""
        ...

    def portable(self, sources: Sequence[Source]) -> Mapping[int, dict[str, Any]]:
        """How each source counts, by its id, for taking it elsewhere: with names beside the ids,
        and nothing that is secret. In a number of queries that does not grow."""
        ...

    def received(self, definition: Mapping[str, Any]) -> dict[str, Any] | None:
        """What came of that in a file, checked; None where it can't be what `portable` gave."""
        ...

    def place_words(self, definition: Mapping[str, Any]) -> str:
        """Where it counted, for people: "the board “Launch”"."""
        ...

    def states(self, sources: Sequence[Source]) -> Mapping[int, SourceState]:
        """The state of each source by its id, with a number of queries that does not grow."""
        ...

    def being_counted(self) -> Select[int]:
        """A query for the ids of the measures whose update is queued or running. Open pages ask
        it up to twenty times a second while they show a source as busy."""
        ...

    def needs(self, person: Person) -> Sequence[Need]:
        """What of this integration needs the person, each trouble once."""
        ...

    def thin(self, source_id: int, before: datetime, most_steps: int) -> int:
        """Let go of what was counted on days before that, but for what held at the end of each day
        or at a reading that is there. At most so many transactions, whose number is returned: if
        it is less, nothing is left to do. Late, twice or by two at once must be harmless."""
        ...

    def past(self, measure: Measure) -> PastPart | None:
        """The rebuilt part of the measure's present series; None where there is none."""
        ...

    def evidence_url(self, source_id: int, moment: datetime | None = None) -> str:
        """The page with the things that were counted, now or at a moment, and why."""
        ...

    def count_soon(self, source: Source) -> None:
        """Count again what was left alone while its item had ended or lay in the bin. Commits
        nothing."""
        ...

    def hold_to_link_like(self, person: Person, sources: Sequence[Source]) -> Collection[int]:
        """Of which of these the person may link another measure to the same: the ids of their
        newest versions. Nobody takes it away until the commit.

        Called once people are held and before measures are.
        """
        ...

    def link_like(self, source: Source, measure: Measure, by: Person) -> None:
        """Link a measure as this source is linked, to be counted soon. Commits nothing."""
        ...

    def panel(self, source: Source, person: Person) -> object:
        """What the panel template needs besides the source and its state."""
        ...


_integrations: dict[str, Integration] = {}


def add_integration(integration: Integration) -> None:
    """Put an integration on the list; adding it again under its name changes nothing."""
    _integrations.setdefault(integration.name, integration)


def all_integrations() -> list[Integration]:
    return sorted(_integrations.values(), key=lambda integration: integration.title)


def integration_named(name: str) -> Integration | None:
    return _integrations.get(name)


def integration_of(source: Source) -> Integration:
    return _integrations[source.integration]


def enabled_integrations() -> list[Integration]:
    return [one for one in all_integrations() if is_enabled(one.name)]


def enabled(name: str) -> Select[bool]:
    """A query for whether an integration is enabled; no row where no admin ever decided."""
    return select(IntegrationState.is_enabled).where(IntegrationState.name == name)


def is_enabled(name: str) -> bool:
    state = db.session.get(IntegrationState, name)
    return state is not None and state.is_enabled


def members_may_connect(name: str) -> bool:
    """Whether members, or admins alone, connect accounts of their own."""
    state = db.session.get(IntegrationState, name)
    return state is None or state.members_may_connect


def switch(name: str, on: bool, by: Person) -> None:
    """Enable or disable an integration. Disabling pauses its syncs and keeps every value."""
    _changed_by(name, by).is_enabled = on


def let_members_connect(name: str, may: bool, by: Person) -> None:
    """Let members connect accounts of their own, or admins alone. What is connected stays."""
    _changed_by(name, by).members_may_connect = may


def _changed_by(name: str, by: Person) -> IntegrationState:
    state = db.session.get(IntegrationState, name)
    if state is None:
        state = IntegrationState(name=name)
        db.session.add(state)
    state.changed_at, state.changed_by_id = utcnow(), by.id
    return state


def wake(measures: Iterable[Measure]) -> None:
    """Let what these measures count by count again soon. Commits nothing."""
    for measure in measures:
        if measure.source is not None:
            integration_of(measure.source).count_soon(measure.source)


def hold_to_link_like(person: Person, sources: Sequence[Source]) -> set[int]:
    """As of an integration, for sources of any; of none that is disabled."""
    found: set[int] = set()
    for name in sorted({source.integration for source in sources}):
        if is_enabled(name):
            own = [source for source in sources if source.integration == name]
            found.update(_integrations[name].hold_to_link_like(person, own))
    return found


def link_like(source: Source, measure: Measure, by: Person) -> None:
    integration_of(source).link_like(source, measure, by)


def states_of(sources: Sequence[Source]) -> dict[int, SourceState]:
    """The state of each source by its id, whatever integrations they belong to."""
    found: dict[int, SourceState] = {}
    for name in {source.integration for source in sources}:
        own = [source for source in sources if source.integration == name]
        found.update(_integrations[name].states(own))
    return found
