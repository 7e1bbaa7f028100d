"""What a file adds to, or changes of, an item that is here already."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.okrs.integrations import integration_named
from app.okrs.loading import Item, objective_of
from app.okrs.models import ROLL_UP, Cycle, KeyResult
from app.okrs.moving.answers import NewCycle
from app.okrs.moving.planned import CHANGED, LEFT_OUT, UNCHANGED, PlannedRow
from app.okrs.moving.present import Present
from app.okrs.moving.states import State, WantedCheckIn, WantedComment, WantedReading, state_of
from app.okrs.moving.structure import Node
from app.okrs.moving.wanting import CLOSE, Wanted
from app.okrs.moving.wording import Wording
from app.okrs.standing import value_of


@dataclass(frozen=True)
class KnownItems:
    present: Present
    wording: Wording
    are_changed: bool
    """Whether they become what the file says, or stay, and only what is new is added."""

    def row(self, node: Node, wanted: Wanted, item: Item, cycle: Cycle | NewCycle) -> PlannedRow:
        here = state_of(item)
        check_ins = self._new_check_ins(wanted, item)
        row = PlannedRow(
            node,
            UNCHANGED,
            wanted=wanted,
            item=item,
            state=here,
            check_ins=check_ins,
            readings=self._new_readings(wanted, item, check_ins),
            comments=self._new_comments(wanted, item),
        )
        self._settle_edits(row, here, item, cycle)
        if here.ending is None and self._waits(item):
            wanted.notes += link_words(node, wanted)
        row.additions = _counted(row)
        if row.changes:
            row.fate = CHANGED
            cycles = (item.cycle, cycle if row.edits else None)
            closed = next((one for one in cycles if is_closed(one)), None)
            if closed is not None:
                return PlannedRow(node, LEFT_OUT, closed_words(closed))
        return row

    def _settle_edits(
        self, row: PlannedRow, here: State, item: Item, cycle: Cycle | NewCycle
    ) -> None:
        """What the file says otherwise: it becomes so, or it is said that it does not."""
        if row.wanted is None:
            raise RuntimeError("this row is left out")
        told = row.wanted.state.over(here)
        differing = told.differences(here)
        notes = _sight_words(row.wanted.state, here)
        if not self.are_changed:
            if differing:
                where = ", ".join(differing)
                notes.insert(0, f"Is here already; differs in {where}; stays as it is.")
        else:
            row.state = _kept_private(told, here, item)
            row.edits = self.wording.edits((here, item.cycle), (row.state, cycle), row.tag_names)
            kept = [one for one in differing if one not in row.edits]
            if kept:
                notes.append(f"It is private here, and keeps its {', '.join(kept)}.")
        row.wanted.notes[:0] = notes

    def _waits(self, item: Item) -> bool:
        """For a connection, and is not linked meanwhile, nor to be kept by hand."""
        return item.measure.source is None and item.measure_id in self.present.gathered.links

    def _new_check_ins(self, wanted: Wanted, item: Item) -> list[WantedCheckIn]:
        said = self.present.check_ins_of(item.measure_id)
        return [
            one
            for one in wanted.check_ins
            if one.key not in self.present.imported_keys and (one.made_at, one.note) not in said
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
        known = self.present.readings.get(item.measure_id, frozenset())
        if wanted.has_all_readings:
            return (reading.series, reading.taken_at, reading.value) in known
        is_present = abs(reading.value - value_of(item.measure)) <= CLOSE
        return is_present or (item.measure.series, reading.taken_at, reading.value) in known

    def _new_comments(self, wanted: Wanted, item: Item) -> list[WantedComment]:
        known = self.present.comments.get(item.measure_id, frozenset())
        return [one for one in wanted.comments if (one.person_id, one.made_at) not in known]


def _kept_private(told: State, here: State, item: Item) -> State:
    """What is private here gets no owners by a file, who would see it, and goes nowhere else."""
    if not objective_of(item).is_private:
        return told
    kept = replace(told, owner=here.owner, further_owners=here.further_owners)
    if isinstance(item, KeyResult):
        kept = replace(kept, parent=here.parent, share=here.share)
    return kept


def _sight_words(told: State, here: State) -> list[str]:
    """That nobody sees it who does not see it now, where the file has that otherwise."""
    if told.sight == here.sight or told.sight is None or here.sight is None:
        return []
    if here.sight.is_private and not told.sight.is_private:
        return ["It stays private here."]
    return ["Who sees it stays as it is here."]


def _counted(row: PlannedRow) -> list[str]:
    """ "2 check-ins", "1 comment", "value": what would come besides."""
    found = []
    for things, noun in ((row.check_ins, "check-in"), (row.comments, "comment")):
        if things:
            found.append(f"{len(things)} {noun}{'' if len(things) == 1 else 's'}")
    if any(not one.check_in_key for one in row.readings):
        found.append("value")
    return found


def link_words(node: Node, wanted: Wanted) -> list[str]:
    """That it waits for a connection, or can't."""
    if not node.item.integration or not node.item.definition:
        return []
    if wanted.link is None:
        return ["How it was linked can't be read, so its value stays as it is."]
    name, definition = wanted.link
    integration = integration_named(name)
    place = integration.place_words(definition) if integration else name
    return [f"It was linked to {place}: a connection is needed."]


def is_closed(cycle: Cycle | NewCycle | None) -> bool:
    return isinstance(cycle, Cycle) and cycle.closed_at is not None


def closed_words(cycle: Cycle | NewCycle) -> str:
    return f"The cycle “{cycle.name}” is closed."
