"""What an import would do: the fate of each row. Reads, and changes nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from app.accounts.models import Person
from app.db import utcnow
from app.names import as_compared
from app.okrs.models import Cycle
from app.okrs.moving.answers import MAKE, Answers, CycleChoice, NewCycle, new_team_name
from app.okrs.moving.known import KnownItems, closed_words, is_closed, link_words
from app.okrs.moving.neutral import FileContent
from app.okrs.moving.planned import LEFT_OUT, NEW, Plan, PlannedRow
from app.okrs.moving.present import Present, present_for
from app.okrs.moving.questions import calendar_for, kind_of
from app.okrs.moving.structure import Here, Node, arrange, key_of
from app.okrs.moving.wanting import Translator
from app.okrs.moving.wording import Wording


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
    if isinstance(choice, int) and node.here is None and is_closed(cycles[choice]):
        return closed_words(cycles[choice])
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
        wording = Wording(
            people=present.gathered.people,
            teams={one.id: one for one in present.gathered.teams},
            items=self._items,
            nodes={key_of(one): one for one in nodes},
        )
        self._known = KnownItems(present, wording, answers.change_known)
        self._with_parts = {id(node.parent) for node in nodes if node.is_under_objective}

    def row(self, node: Node) -> PlannedRow:
        if node.left_out:
            return PlannedRow(node, LEFT_OUT, node.left_out)
        cycle = self._cycle(node)
        if cycle is None:
            return PlannedRow(node, LEFT_OUT, "It has no period that is taken in.")
        if node.here is None and is_closed(cycle):
            return PlannedRow(node, LEFT_OUT, closed_words(cycle))
        has_parts = id(node) in self._with_parts
        wanted = self._translator.wanted(node, cycle, has_parts)
        if node.here is not None:
            return self._known.row(node, wanted, self._items[node.here.measure_id], cycle)
        if wanted.state.ending is None:
            wanted.notes += link_words(node, wanted)
        state = wanted.state
        is_under_known = isinstance(state.parent, int)
        if is_under_known and state.share is not None and not self._answers.change_known:
            state = replace(state, share=None)
            wanted.notes.append("Its share is left free, since those that are here stay.")
        return PlannedRow(
            node,
            NEW,
            wanted=wanted,
            state=state,
            check_ins=[
                one for one in wanted.check_ins if one.key not in self._present.imported_keys
            ],
            readings=wanted.readings,
            comments=wanted.comments,
            waits_anew=wanted.link is not None,
        )

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
        if not self._answers.change_known:
            return present
        return present if is_closed(present) or is_closed(wanted) else wanted
