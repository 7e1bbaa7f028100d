"""What the choices in the form would give: how many cards, which, and the progress."""

from dataclasses import dataclass, replace
from fractions import Fraction

from app.accounts.models import workspace
from app.okrs.integrations import MeasureWish
from app.okrs.models import PERCENT
from app.okrs.standing import Goal, Standing, Thresholds, standing_at
from app.trello.answers import Card, Snapshot
from app.trello.counting import Count, Criteria, count
from app.trello.shape import Shape, shape_of
from app.trello.sources import value_for
from app.trello.words import criteria_told

FIRST_CARDS = 5


@dataclass(frozen=True)
class Preview:
    """What the present choices give, on a copy of the board at most a minute old."""

    words: str
    """The choices in a sentence: of those in long lists only a few are in sight."""
    count: Count
    value: Fraction
    standing: Standing | None
    """None while start, target or days are not usable yet."""
    is_percent: bool
    chooses_nothing: bool
    """Whether nothing narrows the cards down; archived ones are a choice apart."""
    unit: str
    target: Fraction | None

    @property
    def first_cards(self) -> tuple[Card, ...]:
        return self.count.matching[:FIRST_CARDS]

    @property
    def more_cards(self) -> int:
        return max(0, self.count.matching_count - FIRST_CARDS)


def preview_of(criteria: Criteria, snapshot: Snapshot, wish: MeasureWish) -> Preview:
    result = count(criteria, snapshot)
    value = value_for(wish.kind, result.matching_count, result.completed_count)
    frame = snapshot.frame
    return Preview(
        words=criteria_told(criteria, frame.name, Shape(shape_of(frame))),
        count=result,
        value=value,
        standing=_standing(value, wish),
        is_percent=wish.kind == PERCENT,
        chooses_nothing=replace(criteria, with_archived=False) == Criteria(),
        unit=wish.unit,
        target=wish.target_value,
    )


def _standing(value: Fraction, wish: MeasureWish) -> Standing | None:
    goal = Goal(Fraction(0), Fraction(100)) if wish.kind == PERCENT else wish.goal
    if goal is None:
        return None
    if wish.first_day is None or wish.last_day is None or wish.first_day > wish.last_day:
        return None
    here = workspace()
    days = (wish.first_day, wish.last_day)
    return standing_at(value, goal, days, here.today(), Thresholds.of(here))
