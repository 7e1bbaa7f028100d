"""What each part gives to an objective: shares and the figure that they lead to. Exact, and pure.

The rules are those of contributions in Viva Goals, made whole: shares sum to 100 percent, a share
that someone edited stays fixed, and the others have equal parts of the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from app.okrs.models import CLOSED, POSTPONED
from app.okrs.standing import clamp

NONE, ALL = Fraction(0), Fraction(100)


class Part(NamedTuple):
    """A key result of an objective, or an objective aligned directly under it."""

    measure_id: int
    progress: Fraction
    """In percent, unclamped; of a closed one its final."""
    fixed_share: Fraction | None = None
    """In percent, where someone edited it."""
    ended_as: str | None = None
    """Closed or postponed; for a roll-up that follows its own parts too."""


@dataclass(frozen=True)
class Contribution:
    """A part with its share in the whole."""

    part: Part
    share: Fraction
    """In percent; with those of the others it sums to 100, or all are 0."""

    @property
    def gives(self) -> Fraction:
        """What it adds to the progress of the whole, in percentage points."""
        return clamp(self.part.progress) * self.share / 100


@dataclass(frozen=True)
class RolledUp:
    """What an objective is by its parts."""

    progress: Fraction
    part_count: int
    """How many have a share above 0."""
    ended_as: str | None
    """What its status follows, where all parts are closed or postponed."""


def contributions(parts: Sequence[Part]) -> list[Contribution]:
    """The parts with their shares. Postponed ones are left out, and the others have their share."""
    counted = [part for part in parts if part.ended_as != POSTPONED]
    given = shares([part.fixed_share for part in counted])
    return [Contribution(part, share) for part, share in zip(counted, given, strict=True)]


def shares(fixed: Sequence[Fraction | None]) -> list[Fraction]:
    """The shares in percent, in order: fixed ones stay, the free ones have the rest in equal parts.

    With no free one, or more than 100 fixed (a part came back), the fixed are scaled to 100.
    All at 0 stay so: it is as if nothing were there.
    """
    kept = [one for one in fixed if one is not None]
    total, free_count = sum(kept, NONE), len(fixed) - len(kept)
    if free_count and total <= ALL:
        free = (ALL - total) / free_count
        return [free if one is None else one for one in fixed]
    scale = ALL / total if total else NONE
    return [NONE if one is None else one * scale for one in fixed]


def as_fixed(given: Sequence[Fraction]) -> list[Fraction]:
    """Shares as people could have typed them, with six decimals, which still sum to 100."""
    rounded = [round(share, 6) for share in given]
    if any(given):
        last = max(place for place, share in enumerate(given) if share)
        rounded[last] += ALL - sum(rounded, NONE)
    return rounded


def roll_up(parts: Sequence[Part]) -> RolledUp:
    """The weighted mean of the parts, each entering as 0 to 100; of nothing, 0."""
    endings = {part.ended_as for part in parts}
    ended_as = None
    if parts and None not in endings:
        ended_as = POSTPONED if endings == {POSTPONED} else CLOSED
    if all(part.fixed_share is None for part in parts):
        # The same figure without shares, as most roll-ups have none: for every sync, all of them.
        equal = [part.progress for part in parts if part.ended_as != POSTPONED]
        return RolledUp(mean(equal) or NONE, len(equal), ended_as)
    counted = contributions(parts)
    return RolledUp(
        progress=sum((one.gives for one in counted), NONE),
        part_count=sum(one.share > 0 for one in counted),
        ended_as=ended_as,
    )


def mean(progresses: Sequence[Fraction]) -> Fraction | None:
    """The plain mean, each entering as 0 to 100; None of nothing."""
    return sum((clamp(one) for one in progresses), NONE) / len(progresses) if progresses else None
