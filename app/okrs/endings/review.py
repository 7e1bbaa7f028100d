"""A whole cycle at its end: how it went, and what becomes of each item."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy.orm import joinedload, selectinload
from werkzeug.datastructures import MultiDict

from app.accounts.models import Person, workspace
from app.db import db
from app.okrs.endings.forms import ALONG, CLOSE, LEAVE, ReviewForm
from app.okrs.endings.places import following
from app.okrs.endings.proposals import Proposal, proposals_for
from app.okrs.figures import value_words
from app.okrs.loading import may_edit, visible_objectives, with_standing
from app.okrs.models import CLOSED, Cycle, KeyResult, Measure, Objective
from app.okrs.rows import Row, rows_for, with_key_results
from app.okrs.standing import STATUS_WORDS

_BINS = (
    ("0.7 to 1", Fraction(7, 10)),
    ("0.4 to 0.69", Fraction(4, 10)),
    ("0 to 0.39", Fraction(0)),
)
NO_SCORE = "without a score"


@dataclass(frozen=True)
class Line:
    """One bar of a distribution."""

    words: str
    status: str
    objective_count: int
    key_result_count: int
    share: Fraction
    """Of all items, in percent."""


@dataclass(frozen=True)
class Reviewed:
    """An item with what it ended with or is proposed to, and the form where one may decide."""

    row: Row
    proposal: Proposal
    form: ReviewForm | None

    @property
    def measure(self) -> Measure:
        return self.row.item.measure

    @property
    def value(self) -> str:
        return value_words(self.measure, self.proposal.value)


@dataclass(frozen=True)
class Review:
    """What the page shows."""

    cycle: Cycle
    items: list[Reviewed]
    """Each objective followed by its key results."""
    targets: Sequence[Cycle]
    """Into which one may postpone."""

    @property
    def open_ones(self) -> list[Reviewed]:
        """Those that the person may decide on."""
        return [one for one in self.items if one.form is not None]

    @property
    def has_source(self) -> bool:
        """Whether anything that one may decide on counts by itself."""
        return any(one.row.source is not None for one in self.open_ones)

    @property
    def statuses(self) -> list[Line]:
        return _lines(
            [(one.row, one.row.standing.status) for one in self.items],
            {status: (words, status) for status, words in STATUS_WORDS.items()},
        )

    @property
    def scores(self) -> list[Line]:
        """Of what was closed."""
        closed = [one for one in self.items if one.measure.ended_as == CLOSED]
        words = [*(words for words, _ in _BINS), NO_SCORE]
        return _lines(
            [(one.row, _bin(one.measure.score)) for one in closed],
            {one: (one, CLOSED) for one in words},
        )

    @property
    def mean_score(self) -> Fraction | None:
        """Of the objectives that have one."""
        given = (one.measure.score for one in self.items if one.row.is_objective)
        known = [one for one in given if one is not None]
        return sum(known, Fraction(0)) / len(known) if known else None


def review_of(
    cycle: Cycle, person: Person, targets: Sequence[Cycle], typed: MultiDict[str, str] | None
) -> Review:
    """The cycle as far as the person sees it, in a number of statements that does not grow."""
    objectives = _objectives(cycle, person)
    rows = rows_for(with_key_results(objectives))
    proposals = proposals_for(objectives)
    defaults = _defaults(rows, cycle, proposals, targets)
    items, forms = [], dict[int, ReviewForm]()
    for row in rows:
        item, proposal = row.item, proposals[row.item.measure_id]
        form = None
        if not item.measure.has_ended and may_edit(person, item):
            above = forms.get(item.objective_id) if isinstance(item, KeyResult) else None
            default = defaults[item.measure_id] if above is None else ALONG
            form = ReviewForm.of(item.measure, proposal, targets, default, typed, above)
            if isinstance(item, Objective):
                forms[item.id] = form
        items.append(Reviewed(row, proposal, form))
    return Review(cycle, items, targets)


def _objectives(cycle: Cycle, person: Person) -> Sequence[Objective]:
    return db.session.scalars(
        visible_objectives(person)
        .where(Objective.cycle_id == cycle.id)
        .join(Objective.owner)
        .options(
            *with_standing(),
            joinedload(Objective.measure).selectinload(Measure.further_owners),
            selectinload(Objective.key_results)
            .joinedload(KeyResult.measure)
            .selectinload(Measure.further_owners),
        )
        .order_by(Person.name, Person.id, Objective.title, Objective.id)
    ).all()


def _defaults(
    rows: Sequence[Row],
    cycle: Cycle,
    proposals: Mapping[int, Proposal],
    targets: Sequence[Cycle],
) -> dict[int, str]:
    """Once the cycle is over: what did not move is carried over, all else is closed. So are key
    results of objectives on which others decide, unless these may be carried over."""
    next_one = following(targets, cycle)
    is_over = workspace().today() > cycle.ends_on
    found: dict[int, str] = {}
    for row in rows:
        item = row.item
        if not is_over:
            found[item.measure_id] = LEAVE
        elif isinstance(item, KeyResult):
            above = item.objective.measure
            goes_along = not above.has_ended and found[above.id] != CLOSE
            found[item.measure_id] = LEAVE if goes_along else CLOSE
        else:
            has_moved = proposals[item.measure_id].progress > 0
            found[item.measure_id] = CLOSE if has_moved or not next_one else str(next_one.id)
    return found


def _lines(rows: Sequence[tuple[Row, str]], words: Mapping[str, tuple[str, str]]) -> list[Line]:
    counts = Counter((key, row.is_objective) for row, key in rows)
    lines = []
    for key, (said, status) in words.items():
        own = counts[key, True], counts[key, False]
        share = Fraction(sum(own) * 100, len(rows)) if rows else Fraction(0)
        if any(own):
            lines.append(Line(said, status, *own, share))
    return lines


def _bin(score: Fraction | None) -> str:
    if score is None:
        return NO_SCORE
    return next(words for words, least in _BINS if score >= least)
