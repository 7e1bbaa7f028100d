"""Roll-ups worked out slowly and obviously, from the top down, over everything there is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Thing:
    """An objective or a key result, by the id of its measure."""

    id: int
    parent: int | None
    is_objective: bool
    is_rolled_up: bool
    progress: Fraction
    """Of what is rolled up: what is stored, which matters only once it has ended."""
    share: Fraction | None = None
    ended_as: str | None = None
    is_deleted: bool = False
    seen_by: frozenset[int] | None = None
    """None for everyone."""

    @property
    def is_running_roll_up(self) -> bool:
        return self.is_rolled_up and self.ended_as is None


class World:
    def __init__(self, things: Collection[Thing]) -> None:
        self.things: Mapping[int, Thing] = {one.id: one for one in things}

    def roll_ups(self) -> list[Thing]:
        """Those that are worked out: what has ended stays what it was."""
        return [one for one in self.things.values() if one.is_running_roll_up]

    def progress(self, thing: Thing) -> Fraction:
        if not thing.is_running_roll_up:
            return thing.progress
        above, below = Fraction(0), Fraction(0)
        for part, weight in self.weighted(thing):
            above += weight * min(max(self.progress(part), Fraction(0)), Fraction(100))
            below += weight
        return above / below if below else Fraction(0)

    def part_count(self, thing: Thing) -> int:
        return len([part for part, weight in self.weighted(thing) if weight])

    def ending(self, thing: Thing) -> str | None:
        """As people ended it, or as all that is under it has ended."""
        if thing.ended_as or not thing.is_rolled_up:
            return thing.ended_as
        return self.parts_ending(thing)

    def parts_ending(self, thing: Thing) -> str | None:
        endings = [self.ending(part) for part in self.parts(thing)]
        if not endings or None in endings:
            return None
        return "postponed" if all(one == "postponed" for one in endings) else "closed"

    def parts(self, thing: Thing) -> list[Thing]:
        under = [one for one in self.things.values() if one.parent == thing.id]
        return [one for one in under if not one.is_deleted and _counts(one, thing)]

    def weighted(self, thing: Thing) -> list[tuple[Thing, Fraction]]:
        parts = [one for one in self.parts(thing) if self.ending(one) != "postponed"]
        fixed = sum([one.share for one in parts if one.share is not None], Fraction(0))
        free = [one for one in parts if one.share is None]
        each = max(Fraction(100) - fixed, Fraction(0)) / len(free) if free else Fraction(0)
        return [(one, each if one.share is None else one.share) for one in parts]

    def chain(self, ids: Collection[int]) -> set[int]:
        """What a change of these may touch: roll-ups among them, and those above them."""
        running = {one.id for one in self.roll_ups()}
        touched = {one for one in ids if one in running}
        for one in ids:
            above = self.things[one].parent
            while above in running:
                touched.add(above)
                above = self.things[above].parent
        return touched


def _counts(part: Thing, parent: Thing) -> bool:
    """Whether everyone who sees the parent sees the part."""
    if not part.is_objective or part.seen_by is None:
        return True
    return parent.seen_by is not None and parent.seen_by <= part.seen_by
