"""What the page "Which cards" shows of a source: its figure, now or at a moment, card by card."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from app.accounts.models import Person
from app.db import db
from app.okrs.integrations import is_enabled
from app.okrs.loading import Item, may_edit
from app.okrs.models import PERCENT, SourceVersion
from app.pages import number
from app.trello.answers import Card, Snapshot
from app.trello.asking import why_not_now
from app.trello.boards import board_copy, kept_copy
from app.trello.connections import StateTeller
from app.trello.counting import ARCHIVED_CARD, ARCHIVED_LIST, Criteria, Matcher, percentage
from app.trello.evidence.lines import Listing, line_of, line_of_card
from app.trello.evidence.reading import Change, Record, evidence_at, history, next_change
from app.trello.evidence.why import in_words
from app.trello.failures import TrelloError
from app.trello.models import Board, Past, TrelloSource
from app.trello.past import pasts
from app.trello.shape import Shape, shape_of
from app.trello.sources import countable_by, criteria_of
from app.trello.words import criteria_in_words

FIRST_LINES = 200
"""How many cards of a list are shown until all are asked for."""
CHANGES_SHOWN = 30
NAMES_SHOWN = 10
"""How many cards of a change are named."""


@dataclass(frozen=True)
class ChangeLine:
    """A change with the cards that made it, the first few of each kind."""

    change: Change
    figure: str
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
    counted: Listing = field(default_factory=lambda: Listing(0))
    others: Others | None = None
    changes: Sequence[ChangeLine] = ()
    older: int | None = None
    """The id of the change before which the earlier ones begin."""
    previous_at: datetime | None = None
    next_at: datetime | None = None


def page_of(source: TrelloSource, person: Person, at: datetime | None, all_: bool) -> EvidencePage:
    """The page of a source whose item the person may see; asks nothing of the network."""
    item = source.measure.item
    is_editable = may_edit(person, item)
    sees_cards = source.shows_cards or is_editable
    return EvidencePage(source, item, is_editable, sees_cards, all_, at)


def fill_now(page: EvidencePage, before: int | None) -> None:
    """What counts now, what does not, and the last changes, or those before one of them.

    May wait for Trello: commits what was read until then.
    """
    source = page.source
    snapshot, problem = _copy(source) if page.sees_cards else (None, "")
    cards, changes = history(source.id, CHANGES_SHOWN + 1)
    _show(page, cards, changes, source.versions[-1])
    if page.sees_cards:
        counted = {record["id"] for record in cards}
        page.others = _others(page, snapshot, counted) if snapshot else Others(problem=problem)
    if before is not None:
        _, changes = history(source.id, CHANGES_SHOWN + 1, until_id=before - 1)
    page.changes = _change_lines(page, changes[:CHANGES_SHOWN])
    if len(changes) > CHANGES_SHOWN:
        page.older = changes[CHANGES_SHOWN - 1].evidence_id


def fill_then(page: EvidencePage, at: datetime) -> None:
    """What counted at a moment, and the change that began it; rebuilt where it was before ours."""
    source = page.source
    evidence_id = evidence_at(source.id, at)
    page.next_at = next_change(source.id, evidence_id)
    if evidence_id is None:
        _fill_from_past(page, at)
        return
    cards, changes = history(source.id, 2, until_id=evidence_id)
    _show(page, cards, changes, source.versions[-1])
    page.changes = _change_lines(page, changes[:1])
    page.previous_at = changes[1].taken_at if len(changes) > 1 else None


def _show(
    page: EvidencePage, cards: list[Record], changes: Sequence[Change], present: SourceVersion
) -> None:
    by_id = {version.id: version for version in page.source.versions}
    version = by_id[changes[0].version_id] if changes else present
    page.words = _words(page.source, version)
    if changes:
        page.figure = _figure(page, len(cards), changes[0].completed_count)
        page.counted = _listing(page, cards)


def _fill_from_past(page: EvidencePage, at: datetime) -> None:
    own = select(SourceVersion.id).where(SourceVersion.source_id == page.source.id)
    version_id = db.session.scalar(
        select(Past.source_version_id)
        .where(Past.source_version_id.in_(own))
        .order_by(Past.source_version_id)
        .limit(1)
    )
    version = next(
        (one for one in page.source.versions if one.id == version_id), page.source.versions[0]
    )
    page.words = _words(page.source, version)
    cards = pasts.cards_at(version_id, at) if version_id is not None else None
    if cards is not None:
        page.is_rebuilt = True
        completed = sum(record["completed"] for record in cards)
        page.figure = _figure(page, len(cards), completed)
        page.counted = _listing(page, cards)


def _words(source: TrelloSource, version: SourceVersion) -> str:
    """The criteria of a version by the names that its board's parts have now."""
    stored = version.definition
    board: Board | None = source.board
    if (source.board.connection_id, source.board.trello_id) != (
        stored["connection_id"],
        stored["board_id"],
    ):
        board = db.session.scalar(
            select(Board).where(
                Board.connection_id == stored["connection_id"],
                Board.trello_id == stored["board_id"],
            )
        )
    board = board or Board(name=stored["board_name"])
    return criteria_in_words(Criteria.from_definition(stored), board)


def _figure(page: EvidencePage, matching: int, completed: int) -> str:
    """ "3 cards, 1 of them completed: 33.3 %" """
    said = f"{matching:,} {'card' if matching == 1 else 'cards'}"
    if matching > 1:
        said += f", {f'{completed:,}' if completed else 'none'} of them completed"
    elif completed:
        said += ", completed"
    if page.source.measure.kind == PERCENT:
        said += f": {number(percentage(matching, completed))} %"
    return said


def _copy(source: TrelloSource) -> tuple[Snapshot | None, str]:
    """The board as last seen; else as it is now, or why that can't be told."""
    if source.ended_at is not None:
        return None, "This source no longer counts."
    board = source.board
    snapshot = kept_copy(board.connection, board.trello_id)
    if snapshot is not None:
        return snapshot, ""
    if not is_enabled("trello"):
        return None, "Trello is disabled by an admin."
    reason = why_not_now(board, StateTeller())
    if reason:
        return None, reason
    try:
        return board_copy(board.connection, board.trello_id), ""
    except TrelloError as error:
        return None, error.sentence


def _others(page: EvidencePage, snapshot: Snapshot, counted: set[str]) -> Others:
    criteria = countable_by(page.source.measure.kind, criteria_of(page.source))
    matcher, names = Matcher(criteria, snapshot.frame), Shape(shape_of(snapshot.frame))
    archived = {ARCHIVED_CARD, ARCHIVED_LIST}
    found: list[tuple[Card, list[str]]] = [
        (card, list(matcher.why_not(card))) for card in snapshot.cards if card.id not in counted
    ]
    found.sort(key=lambda one: (names.list_name(one[0].list_id), one[0].name.casefold()))
    shown = found if page.shows_all else found[:FIRST_LINES]
    lines = [
        line_of_card(card, names, in_words(reasons, card, criteria, names))
        for card, reasons in shown
    ]
    return Others(
        listing=Listing(len(found), lines),
        archived_left_out=sum(bool(why) and archived.issuperset(why) for _, why in found),
        fetched_at=snapshot.fetched_at,
    )


def _listing(page: EvidencePage, cards: Iterable[Record]) -> Listing:
    listed = sorted(cards, key=lambda record: (record["list"], record["name"].casefold()))
    if not page.sees_cards:
        return Listing(len(listed))
    return Listing(
        len(listed), [line_of(one) for one in (listed if page.shows_all else listed[:FIRST_LINES])]
    )


def _change_lines(page: EvidencePage, changes: Sequence[Change]) -> list[ChangeLine]:
    return [
        ChangeLine(
            change,
            _figure(page, change.matching_count, change.completed_count),
            _named(page, () if change.is_first else change.entered),
            _named(page, change.left),
            _named(page, change.marked),
        )
        for change in changes
    ]


def _named(page: EvidencePage, cards: Sequence[Record]) -> Listing:
    shown = cards[:NAMES_SHOWN] if page.sees_cards else ()
    return Listing(len(cards), [line_of(one) for one in shown])
