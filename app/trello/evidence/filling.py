"""Filling the page "Which cards": with what counts now, or with what counted at a moment."""

from collections.abc import Sequence
from datetime import datetime

from app.okrs.integrations import is_enabled
from app.okrs.models import SourceVersion
from app.trello.answers import Card, Snapshot
from app.trello.asking import why_not_now
from app.trello.board_copies import board_copy, kept_copy
from app.trello.card_records import CardRecord, record_of
from app.trello.connections import StateTeller
from app.trello.counting import ARCHIVED_CARD, ARCHIVED_LIST, Matcher
from app.trello.evidence.lines import Listing, line_of
from app.trello.evidence.page import (
    FIRST_LINES,
    EvidencePage,
    Others,
    change_line,
    figure_of,
    listing_of,
    step_line,
    words_of,
)
from app.trello.evidence.reading import Change, evidence_at, history, next_change
from app.trello.evidence.why import in_words
from app.trello.failures import TrelloError
from app.trello.models import TrelloSource
from app.trello.past.stored import first_past, steps_of
from app.trello.shape import Shape, shape_of
from app.trello.sources import countable_by, criteria_of

CHANGES_SHOWN = 30


def fill_now(page: EvidencePage, before: int | None) -> None:
    """What counts now, what does not, and the last changes, or those before one of them.

    May wait for Trello: commits what was read until then.
    """
    source = page.source
    snapshot, problem = _copy(source) if page.sees_cards else (None, "")
    cards, changes = history(source.id, CHANGES_SHOWN + 1)
    _show(page, _as_called_now(cards, snapshot), changes, source.versions[-1])
    if page.sees_cards:
        counted = {record["id"] for record in cards}
        page.others = _others(page, snapshot, counted) if snapshot else Others(problem=problem)
    if before is not None:
        _, changes = history(source.id, CHANGES_SHOWN + 1, until_id=before - 1)
    page.changes = [change_line(page, change) for change in changes[:CHANGES_SHOWN]]
    if len(changes) > CHANGES_SHOWN:
        page.older = changes[CHANGES_SHOWN - 1].evidence_id
    _tell_of_past(page)


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
    page.changes = [change_line(page, changes[0])]
    if len(changes) > 1:
        page.previous_at = changes[1].taken_at
    elif steps := steps_of(first_past(source.id), changes[0].taken_at):
        page.previous_at = steps.last


def _as_called_now(
    counted: Sequence[CardRecord], snapshot: Snapshot | None
) -> Sequence[CardRecord]:
    """What counts now by the names, lists, labels and owners in the copy; cards that it lacks as
    they were counted. Completed stays as counted, for the figure says how many are."""
    if snapshot is None:
        return counted
    names = Shape(shape_of(snapshot.frame))
    cards = {card.id: card for card in snapshot.cards}
    return [
        {**record_of(cards[then["id"]], names), "completed": then["completed"]}
        if then["id"] in cards
        else then
        for then in counted
    ]


def _show(
    page: EvidencePage,
    cards: Sequence[CardRecord],
    changes: Sequence[Change],
    present: SourceVersion,
) -> None:
    by_id = {version.id: version for version in page.source.versions}
    version = by_id[changes[0].version_id] if changes else present
    page.words = words_of(page.source, version)
    if changes:
        page.figure = figure_of(page, len(cards), changes[0].completed_count)
        page.counted = listing_of(page, cards)


def _fill_from_past(page: EvidencePage, at: datetime) -> None:
    source, first_count = page.source, page.next_at
    past = first_past(source.id)
    by_id = {version.id: version for version in source.versions}
    version = by_id[past.source_version_id] if past else source.versions[0]
    page.words = words_of(source, version)
    steps = steps_of(past, first_count)
    next_step = steps.after(at) if steps else None
    page.next_at = next_step or first_count
    page.is_next_first = next_step is None
    step = steps.at(at) if steps else None
    if steps and step:
        page.is_rebuilt = True
        page.figure = figure_of(page, len(step.cards), step.completed_count)
        page.counted = listing_of(page, step.cards)
        page.changes = [step_line(page, step)]
        page.previous_at = steps.before(at)


def _tell_of_past(page: EvidencePage) -> None:
    """How many changes are known from before the first count, and when the last one was."""
    steps = steps_of(first_past(page.source.id), next_change(page.source.id, None))
    if steps and steps.moments:
        page.rebuilt_count, page.rebuilt_until = len(steps.moments) - 1, steps.last


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
        line_of(record_of(card, names), in_words(reasons, card, criteria, names))
        for card, reasons in shown
    ]
    return Others(
        listing=Listing(len(found), lines),
        archived_left_out=sum(bool(why) and archived.issuperset(why) for _, why in found),
        fetched_at=snapshot.fetched_at,
    )
