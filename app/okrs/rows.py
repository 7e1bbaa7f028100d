"""Items as lists and pages show them: standing, source and rights, worked out once a request."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.accounts.models import workspace
from app.okrs.besides import besides_of
from app.okrs.figures import goal_words, is_word, short_words, value_words
from app.okrs.integrations import Integration, SourceState, integration_of, states_of
from app.okrs.levels import level_words
from app.okrs.lines import Line, LineOwner, LineSource
from app.okrs.live import live_marks
from app.okrs.loading import Item, objective_of
from app.okrs.models import (
    CLOSED,
    PERSONAL,
    POSTPONED,
    ROLL_UP,
    STAY_ABOVE,
    KeyResult,
    Measure,
    Objective,
    Source,
)
from app.okrs.rollup.contributions import mean
from app.okrs.standing import (
    BEHIND,
    NOT_STARTED,
    Days,
    Standing,
    Thresholds,
    days_of,
    standing_of,
)
from app.pages import address_of, ago, day, number
from app.teams.models import Team

APART, AT_HOME = "apart", "home"
"""Where an item stands apart from its objective; at home from the others of its cycle too."""


@dataclass(frozen=True)
class Row:
    """One item with everything that its line in a list shows."""

    item: Item
    standing: Standing
    state: SourceState | None
    further_owners: Sequence[str] = ()
    """Names, in order."""
    tags: Sequence[str] = ()
    place: str = ""
    """Where it stands apart: at home, or in any list; empty beneath its objective."""

    @property
    def source(self) -> Source | None:
        return self.item.measure.source

    @property
    def integration(self) -> Integration | None:
        return integration_of(self.source) if self.source else None

    @property
    def is_objective(self) -> bool:
        return isinstance(self.item, Objective)

    @property
    def is_rolled_up(self) -> bool:
        """Whether what lies under it makes its figure."""
        return self.item.measure.kind == ROLL_UP

    @property
    def is_private(self) -> bool:
        """Whether only some see it; a key result's objective says so for both."""
        return objective_of(self.item).is_private

    @property
    def belongs_to(self) -> str:
        """The team or the company; empty for what is its owner's. A key result's objective says."""
        objective = objective_of(self.item)
        return "" if objective.level == PERSONAL else level_words(objective)

    @property
    def under(self) -> str:
        """The objective of a key result that stands apart from it."""
        return objective_of(self.item).title if self.place and not self.is_objective else ""

    @property
    def cycle_ahead(self) -> str:
        """The cycle of what stands at home and has not begun."""
        cycle = self.item.cycle
        is_ahead = self.place == AT_HOME and cycle.starts_on > workspace().today()
        return cycle.name if is_ahead else ""

    @property
    def team(self) -> Team | None:
        return objective_of(self.item).team

    @property
    def is_busy(self) -> bool:
        return self.state is not None and self.state.is_busy

    @property
    def key(self) -> str:
        """Its name for machines: "key-result-7"."""
        return f"{'objective' if self.is_objective else 'key-result'}-{self.item.id}"

    @property
    def element_id(self) -> str:
        kind, _, number_ = self.key.rpartition("-")
        return f"{kind}-row-{number_}"

    def url(self, action: str) -> str:
        """The address of one of the item's views: show, edit, delete, check_in …"""
        return item_url(self.item, action)

    @property
    def standing_url(self) -> str:
        if isinstance(self.item, Objective):
            return address_of("okrs.objective_standing", objective_id=self.item.id)
        return address_of("okrs.key_result_standing", key_result_id=self.item.id)

    @property
    def follows(self) -> str | None:
        """The event by which a key result's new figure reaches the roll-up above it."""
        return counted_event(self.item.id) if self.is_rolled_up else None

    @property
    def tells(self) -> str | None:
        """The event by which a key result's row, once it has come, calls on the roll-up's."""
        return counted_event(self.item.objective_id) if isinstance(self.item, KeyResult) else None

    def live(self, whole: bool = False) -> str:
        """By which an open page sees that its figures changed; see `live_marks`."""
        return live_marks(self.item, whole)

    @property
    def days(self) -> Days:
        return days_of(self.item)

    @property
    def goal(self) -> str:
        return goal_words(self.item.measure, self.standing.value)

    @property
    def warning(self) -> str:
        """The warning threshold of a guard; empty without one."""
        warning = self.item.measure.warning_value
        return "" if warning is None else value_words(self.item.measure, warning)

    @property
    def short_value(self) -> str:
        """The value as a list shows it, with the source's remark on it."""
        said = [short_words(self.item.measure, self.standing.value)]
        if self.state and self.state.note:
            said.append(self.state.note)
        return ", ".join(words for words in said if words)

    def line(self, may_act: bool) -> Line:
        """As a list shows it to someone who may, or may not, have sources counted again."""
        return Line(
            is_objective=self.is_objective,
            item_id=self.item.id,
            element_id=self.element_id,
            measure_id=self.item.measure_id,
            title=self.item.title,
            standing=self.standing,
            value=self.short_value,
            owner=LineOwner(self.item.owner.name, self.item.owner.initials),
            further_owners=tuple(self.further_owners),
            tags=tuple(self.tags),
            place=self.place,
            is_private=self.is_private,
            is_rolled_up=self.is_rolled_up,
            belongs_to=self.belongs_to if self.is_objective else "",
            cycle_ahead=self.cycle_ahead,
            under=self.under,
            live="" if self.is_busy else self.live(),
            follows=self.follows,
            tells=self.tells,
            source=self._line_source(may_act),
        )

    def _line_source(self, may_act: bool) -> LineSource | None:
        source, state = self.source, self.state
        if source is None:
            return None
        integration = integration_of(source)
        counted_at = state.counted_at if state else None
        return LineSource(
            id=source.id,
            title=integration.title,
            mark_template=integration.mark_template,
            row_template=integration.row_template,
            sentence=state.sentence if state else "",
            counted_at=counted_at,
            age=ago(counted_at) if counted_at else "",
            is_busy=self.is_busy,
            is_troubled=bool(state and state.is_troubled),
            is_overridden=self.item.measure.override is not None,
            may_refresh=may_act and not self.item.measure.has_ended,
        )

    @property
    def remark(self) -> str:
        """What follows the status word in the sentence on the item's page."""
        return _remark(self.item, self.standing)


def counted_event(objective_id: int) -> str:
    return f"objective-{objective_id}-counted"


def item_url(item: Item, action: str) -> str:
    kind = "objective" if isinstance(item, Objective) else "key_result"
    return address_of(f"okrs.{action}_{kind}", **{f"{kind}_id": item.id})


def rows_for(items: Iterable[Item], place: str = "") -> list[Row]:
    """A row for each item, in their order, with one question for the states of all sources and
    one for what stands besides their figures."""
    listed = list(items)
    sources = [item.measure.source for item in listed]
    states = states_of([source for source in sources if source is not None])
    besides = besides_of([item.measure_id for item in listed])
    space = workspace()
    today, thresholds = space.today(), Thresholds.of(space)
    return [
        Row(
            item=item,
            standing=standing_of(item, today, thresholds),
            state=states.get(source.id) if source else None,
            further_owners=besides[item.measure_id].further_owners,
            tags=besides[item.measure_id].tags,
            place=place,
        )
        for item, source in zip(listed, sources, strict=True)
    ]


def row_for(item: Item, place: str = "") -> Row:
    return rows_for([item], place)[0]


def with_key_results(objectives: Sequence[Objective]) -> list[Item]:
    """Each objective followed by its key results."""
    items: list[Item] = []
    for objective in objectives:
        items += [objective, *objective.key_results]
    return items


def mean_progress(rows: Iterable[Row]) -> Fraction | None:
    """How far they are on average; None where there are none."""
    return mean([row.standing.progress for row in rows])


def _remark(item: Item, standing: Standing) -> str:
    if standing.status == NOT_STARTED:
        is_empty = item.measure.kind == ROLL_UP and not item.measure.part_count
        first = day(days_of(item)[0])
        return ": nothing counts towards it yet." if is_empty else f": the first day is {first}."
    if item.measure.has_ended:
        return "."
    if standing.status in (CLOSED, POSTPONED):
        return ", like all that counts for it."
    if item.measure.guard:
        return _guard_remark(item.measure, standing)
    gap = standing.gap
    if gap == 0:
        return ", exactly as expected."
    size = abs(gap)
    shown = number(size)
    points = (
        "less than 0.1 points"
        if shown == "0"
        else f"{shown} {'point' if shown == '1' else 'points'}"
    )
    if gap < 0:
        return f", {points} ahead."
    if standing.status == "on_track":
        return f", {points} below what is expected."
    return f" by {points}."


def _guard_remark(measure: Measure, standing: Standing) -> str:
    """ ": at 93 %, not above 95 %." """
    way = "above" if measure.guard == STAY_ABOVE else "below"
    said = f": at {value_words(measure, standing.value)}, "
    if not standing.progress:
        return f"{said}not {way} {_bare(measure, measure.target_value)}."
    said += f"{way} {_bare(measure, measure.target_value)}"
    if standing.status == BEHIND and measure.warning_value is not None:
        said += f", but not {way} the warning threshold of {_bare(measure, measure.warning_value)}"
    return f"{said}."


def _bare(measure: Measure, value: Fraction) -> str:
    """A second value in a sentence: its unit is repeated only where it is a sign."""
    return number(value, 6) if is_word(measure.unit) else value_words(measure, value)
