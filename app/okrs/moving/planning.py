"""What an import would do: the fate of each row. Reads, and changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.accounts.models import Person
from app.db import utcnow
from app.names import as_compared
from app.okrs.integrations import integration_named
from app.okrs.loading import Item
from app.okrs.models import ROLL_UP, Cycle
from app.okrs.moving.answers import MAKE, Answers, CycleChoice, NewCycle, new_team_name
from app.okrs.moving.neutral import FileContent
from app.okrs.moving.present import Present, present_for
from app.okrs.moving.questions import calendar_for, kind_of
from app.okrs.moving.states import (
    State,
    WantedCheckIn,
    WantedComment,
    WantedReading,
    state_of,
)
from app.okrs.moving.structure import Here, Node, arrange
from app.okrs.moving.wanting import CLOSE, Translator, Wanted
from app.okrs.standing import value_of

NEW, CHANGED, UNCHANGED, LEFT_OUT = "new", "changed", "unchanged", "left out"
FATES = (NEW, CHANGED, UNCHANGED, LEFT_OUT)


@dataclass
class PlannedRow:
    """A row of the file, what becomes of it, and why."""

    node: Node
    fate: str
    why: str = ""
    wanted: Wanted | None = None
    """None where it is left out."""
    item: Item | None = None
    """What is here of it."""
    state: State | None = None
    """What it is to be, all told."""
    check_ins: Sequence[WantedCheckIn] = ()
    readings: Sequence[WantedReading] = ()
    comments: Sequence[WantedComment] = ()
    waits_anew: bool = False
    """Whether how it was linked is to be kept for being linked anew."""
    changes: Sequence[str] = ()

    @property
    def number(self) -> int:
        return self.node.item.row

    @property
    def title(self) -> str:
        return self.node.item.title

    @property
    def kind(self) -> str:
        return "Key result" if self.node.is_key_result else "Objective"

    @property
    def notes(self) -> list[str]:
        return self.wanted.notes if self.wanted is not None else []


@dataclass(frozen=True)
class Plan:
    rows: Sequence[PlannedRow]
    answers: Answers

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have which fate, and how many check-ins come with them."""
        found = Counter(row.fate for row in self.rows)
        check_ins = sum(len(row.check_ins) for row in self.rows)
        return {fate: found[fate] for fate in FATES} | {"check-ins": check_ins}


def plan_import(
    content: FileContent,
    answers: Answers,
    importer: Person,
    looking: Callable[[Sequence[Node]], Iterable[Node]] = iter,
) -> Plan:
    """`looking` hands out the rows one by one, and may tell how far that has come."""
    present = present_for(content.origin, importer)
    answers = _resolved(answers, present)
    cycles = {one.id: one for one in present.gathered.cycles}
    nodes = arrange(
        content,
        lambda item: kind_of(item, content, answers),
        lambda node: _why_not(node, answers, cycles),
        present.known,
        present.above,
    )
    translator = Translator(
        content=content,
        answers=answers,
        calendar=calendar_for(content, answers),
        people=present.gathered.people,
        cycles=cycles,
        importer=importer,
        now=utcnow(),
    )
    planner = _Planner(present, answers, cycles, translator, nodes)
    return Plan([planner.row(node) for node in looking(nodes)], answers)


def _resolved(answers: Answers, present: Present) -> Answers:
    """With what has come to be here since it was answered that it should be made."""
    cycles = {(one.starts_on, one.ends_on): one.id for one in present.gathered.cycles}
    teams = {one.key: one.id for one in present.gathered.teams}

    def cycle(choice: CycleChoice) -> CycleChoice:
        if not isinstance(choice, NewCycle):
            return choice
        return cycles.get((choice.first_day, choice.last_day), choice)

    return replace(
        answers,
        periods={name: cycle(one) for name, one in answers.periods.items()},
        teams={
            name: teams.get(as_compared(new_team_name(name)), one) if one == MAKE else one
            for name, one in answers.teams.items()
        },
    )


def _why_not(node: Node, answers: Answers, cycles: Mapping[int, Cycle]) -> str:
    if node.is_key_result:
        return ""  # it is in the cycle of its objective
    name = node.item.period
    choice = answers.periods.get(name)
    if choice is None or (isinstance(choice, int) and choice not in cycles):
        return f"The period “{name}” is left out." if name else "It has no period."
    if isinstance(choice, int) and node.here is None and _is_closed(cycles[choice]):
        return _closed_words(cycles[choice])
    return ""


class _Planner:
    """Compares what is wanted with what is here."""

    def __init__(
        self,
        present: Present,
        answers: Answers,
        cycles: Mapping[int, Cycle],
        translator: Translator,
        nodes: Sequence[Node],
    ) -> None:
        self._present, self._answers, self._cycles = present, answers, cycles
        self._translator = translator
        self._items = present.gathered.by_measure
        self._with_parts = {id(node.parent) for node in nodes if node.is_under_objective}

    def row(self, node: Node) -> PlannedRow:
        if node.left_out:
            return PlannedRow(node, LEFT_OUT, node.left_out)
        cycle = self._cycle(node)
        if cycle is None:
            return PlannedRow(node, LEFT_OUT, "It has no period that is taken in.")
        if node.here is None and _is_closed(cycle):
            return PlannedRow(node, LEFT_OUT, _closed_words(cycle))
        has_parts = id(node) in self._with_parts
        wanted = self._translator.wanted(node, cycle, has_parts)
        if node.here is not None:
            return self._known_row(node, wanted, self._items[node.here.measure_id], cycle)
        if wanted.state.ending is None:
            wanted.notes += _link_words(node, wanted)
        return PlannedRow(
            node,
            NEW,
            wanted=wanted,
            state=wanted.state,
            check_ins=[
                one for one in wanted.check_ins if one.key not in self._present.imported_keys
            ],
            readings=wanted.readings,
            comments=wanted.comments,
            waits_anew=wanted.link is not None,
        )

    def _known_row(
        self, node: Node, wanted: Wanted, item: Item, cycle: Cycle | NewCycle
    ) -> PlannedRow:
        here = state_of(item)
        state = wanted.state.over(here)
        check_ins = self._new_check_ins(wanted, item)
        row = PlannedRow(
            node,
            UNCHANGED,
            wanted=wanted,
            item=item,
            state=state,
            check_ins=check_ins,
            readings=self._new_readings(wanted, item, check_ins),
            comments=self._new_comments(wanted, item),
        )
        if state.ending is None and self._waits(item):
            wanted.notes += _link_words(node, wanted)
        row.changes = [*state.differences(here), *_counted(row)]
        if row.changes:
            row.fate = CHANGED
            closed = next((one for one in (item.cycle, cycle) if _is_closed(one)), None)
            if closed is not None:
                return PlannedRow(node, LEFT_OUT, _closed_words(closed))
        return row

    def _waits(self, item: Item) -> bool:
        """For a connection, and is not linked meanwhile, nor to be kept by hand."""
        return item.measure.source is None and item.measure_id in self._present.gathered.links

    def _cycle(self, node: Node) -> Cycle | NewCycle | None:
        """Its own, or of a key result that of its objective."""
        if node.is_key_result:
            if node.here is not None and node.parent is None:
                return self._items[node.here.measure_id].cycle
            place = node.parent
            if isinstance(place, Here):
                return self._items[place.measure_id].cycle
            return self._cycle_of_parts(place) if place is not None else None
        choice = self._answers.periods.get(node.item.period)
        return self._cycles.get(choice) if isinstance(choice, int) else choice

    def _cycle_of_parts(self, node: Node) -> Cycle | NewCycle | None:
        """Of an objective's key results: where it stays, if it can't be moved."""
        wanted = self._cycle(node)
        if node.here is None:
            return wanted
        present = self._items[node.here.measure_id].cycle
        return present if _is_closed(present) or _is_closed(wanted) else wanted

    def _new_check_ins(self, wanted: Wanted, item: Item) -> list[WantedCheckIn]:
        said = self._present.check_ins_of(item.measure_id)
        return [
            one
            for one in wanted.check_ins
            if one.key not in self._present.imported_keys and (one.made_at, one.note) not in said
        ]

    def _new_readings(
        self, wanted: Wanted, item: Item, check_ins: Sequence[WantedCheckIn]
    ) -> list[WantedReading]:
        """Those of new check-ins, and others that are not here, where no source brings values."""
        keys = {one.key for one in check_ins}
        measure = item.measure
        is_by_hand = measure.source is None and measure.kind != ROLL_UP and not measure.has_ended
        found = []
        for one in wanted.readings:
            is_new = is_by_hand and not one.check_in_key and not self._is_known(one, wanted, item)
            if is_new or one.check_in_key in keys:
                series = one.series if wanted.has_all_readings else measure.series
                found.append(replace(one, series=series))
        return found

    def _is_known(self, reading: WantedReading, wanted: Wanted, item: Item) -> bool:
        """Whether it is here, or, of a file that tells only the present value, is just that."""
        known = self._present.readings.get(item.measure_id, frozenset())
        if wanted.has_all_readings:
            return (reading.series, reading.taken_at, reading.value) in known
        is_present = abs(reading.value - value_of(item.measure)) <= CLOSE
        return is_present or (item.measure.series, reading.taken_at, reading.value) in known

    def _new_comments(self, wanted: Wanted, item: Item) -> list[WantedComment]:
        known = self._present.comments.get(item.measure_id, frozenset())
        return [one for one in wanted.comments if (one.person_id, one.made_at) not in known]


def _is_closed(cycle: Cycle | NewCycle | None) -> bool:
    return isinstance(cycle, Cycle) and cycle.closed_at is not None


def _closed_words(cycle: Cycle | NewCycle) -> str:
    return f"The cycle “{cycle.name}” is closed."


def _link_words(node: Node, wanted: Wanted) -> list[str]:
    """That it waits for a connection, or can't."""
    if not node.item.integration or not node.item.definition:
        return []
    if wanted.link is None:
        return ["How it was linked can't be read, so its value stays as it is."]
    name, definition = wanted.link
    integration = integration_named(name)
    place = integration.place_words(definition) if integration else name
    return [f"It was linked to {place}: a connection is needed."]


def _counted(row: PlannedRow) -> list[str]:
    """ "2 check-ins", "1 comment", "value": what would come besides."""
    found = []
    for things, noun in ((row.check_ins, "check-in"), (row.comments, "comment")):
        if things:
            found.append(f"{len(things)} {noun}{'' if len(things) == 1 else 's'}")
    if any(not one.check_in_key for one in row.readings):
        found.append("value")
    return found
