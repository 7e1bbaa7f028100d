"""What the page "Which cards" shows of a source, and how it says it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.loading import Item, may_edit
from app.okrs.models import PERCENT, SourceVersion
from app.okrs.thinned import thinned_words
from app.pages import number
from app.trello.card_records import CardRecord
from app.trello.counting import Criteria, percentage
from app.trello.evidence.lines import Listing, line_of
from app.trello.evidence.reading import Change
from app.trello.models import Board, TrelloSource
from app.trello.past.points import Step
from app.trello.words import criteria_in_words

FIRST_LINES = 200
"""How many cards of a list are shown until all are asked for."""
NAMES_SHOWN = 10
"""How many cards of a change are named."""


@dataclass(frozen=True)
class ChangeLine:
    """A change with the cards that made it, the first few of each kind."""

    moment: datetime
    figure: str
    what: str
    """What sets it apart from other changes, where something does."""
    entered: Listing
    left: Listing
    marked: Listing


@dataclass(frozen=True)
class Others:
    """The cards of the board that do not count; None as listing where they can't be told."""

    listing: Listing | None = None
    problem: str = ""
    archived_left_out: int = 0
    """How many of them are left out only because they are archived."""
    fetched_at: datetime | None = None


@dataclass
class EvidencePage:
    """All that the template needs. Without the right to see cards, only counts are filled in."""

    source: TrelloSource
    item: Item
    is_editable: bool
    sees_cards: bool
    shows_all: bool
    at: datetime | None
    words: str = ""
    figure: str | None = None
    """None where nothing had been counted."""
    is_rebuilt: bool = False
    """Whether it was counted from the board's activity, for a time before our first count."""
    counted: Listing = field(default_factory=lambda: Listing(0))
    others: Others | None = None
    changes: Sequence[ChangeLine] = ()
    older: int | None = None
    """The id of the change before which the earlier ones begin."""
    previous_at: datetime | None = None
    next_at: datetime | None = None
    is_next_first: bool = False
    """Whether the next change is the first count of our own."""
    rebuilt_count: int | None = None
    """How many changes are known from before the first count; None where no past is."""
    rebuilt_until: datetime | None = None
    """When the last of them was."""

    @property
    def thinned(self) -> str:
        """That not every change is kept of the time shown, in a sentence; empty where all are."""
        measure = self.source.measure
        before, moments = measure.thinned_before, [one.moment for one in self.changes]
        if before is None or self.is_rebuilt:
            return ""
        is_thinned = any(one < before for one in [*moments, *([self.at] if self.at else [])])
        return thinned_words(measure) if is_thinned else ""


def page_of(source: TrelloSource, person: Person, at: datetime | None, all_: bool) -> EvidencePage:
    """The page of a source whose item the person may see; asks nothing of the network."""
    item = source.measure.item
    is_editable = may_edit(person, item)
    sees_cards = source.shows_cards or is_editable
    return EvidencePage(source, item, is_editable, sees_cards, all_, at)


def words_of(source: TrelloSource, version: SourceVersion) -> str:
    """The criteria of a version by the names that its board's parts have now."""
    stored = version.definition
    board: Board | None = source.board
    if source.board.trello_id != stored["board_id"]:
        board = db.session.scalar(
            select(Board).where(
                Board.connection_id == stored["connection_id"],
                Board.trello_id == stored["board_id"],
            )
        )
    board = board or Board(name=stored["board_name"])
    return criteria_in_words(Criteria.from_definition(stored), board)


def figure_of(page: EvidencePage, matching: int, completed: int) -> str:
    """ "3 cards, 1 of them completed: 33.3 %" """
    said = f"{matching:,} {'card' if matching == 1 else 'cards'}"
    if matching > 1:
        said += f", {f'{completed:,}' if completed else 'none'} of them completed"
    elif completed:
        said += ", completed"
    if page.source.measure.kind == PERCENT:
        said += f": {number(percentage(matching, completed))} %"
    return said


def listing_of(page: EvidencePage, cards: Iterable[CardRecord]) -> Listing:
    listed = sorted(cards, key=lambda record: (record["list"], record["name"].casefold()))
    if not page.sees_cards:
        return Listing(len(listed))
    return Listing(
        len(listed), [line_of(one) for one in (listed if page.shows_all else listed[:FIRST_LINES])]
    )


def change_line(page: EvidencePage, change: Change) -> ChangeLine:
    what = "counted by new criteria" if change.is_recount else ""
    return ChangeLine(
        change.taken_at,
        figure_of(page, change.matching_count, change.completed_count),
        "the first count" if change.is_first else what,
        _named(page, () if change.is_first else change.entered),
        _named(page, change.left),
        _named(page, change.marked),
    )


def step_line(page: EvidencePage, step: Step) -> ChangeLine:
    return ChangeLine(
        step.moment,
        figure_of(page, len(step.cards), step.completed_count),
        "as far back as is known" if step.is_first else "",
        _named(page, step.entered),
        _named(page, step.left),
        _named(page, step.marked),
    )


def _named(page: EvidencePage, cards: Sequence[CardRecord]) -> Listing:
    shown = cards[:NAMES_SHOWN] if page.sees_cards else ()
    return Listing(len(cards), [line_of(one) for one in shown])
