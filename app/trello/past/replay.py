"""A board's past, worked out backwards from today's copy by undoing what happened to it.

Knows no database and no network. What the record can't tell is None here, never a guess.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.trello.answers import Snapshot
from app.trello.past import actions as happened
from app.trello.past.actions import Action, plain
from app.trello.past.cards import CardPast, made_at
from app.trello.past.life import Life, Surroundings
from app.trello.past.tracks import Track, TrackStep, track

LABELS_SINCE = datetime(2024, 2, 1, tzinfo=UTC)
"""Before, Trello kept no changes of labels, or not all: the first ones are of December 2023."""


@dataclass(frozen=True)
class Record:
    """A board's actions as read."""

    actions: tuple[Action, ...]
    """Newest first."""
    is_whole: bool = True
    """False when there were more than we read."""


@dataclass(frozen=True)
class BoardPast:
    """A board's whole past, as far as Trello's record tells it."""

    begins_at: datetime | None
    """The first moment of the record; None where there is none."""
    is_whole: bool
    is_made_then: bool
    """True when the record begins with the making of the board."""
    cards: tuple[CardPast, ...]
    lists_archived: Mapping[str, Track]
    lists_moved_away: tuple[tuple[datetime, str], ...]
    """When lists left with cards that are not named, and what they were called."""
    member_names: Mapping[str, str]


def rebuild(snapshot: Snapshot, record: Record) -> BoardPast:
    """The past of a board. The copy must be of the moment after the newest action."""
    # Of one moment, Trello's own order holds.
    in_order = list(reversed(record.actions))
    in_order.sort(key=lambda action: action.at)
    made = next((one.at for one in in_order if one.type in happened.BOARD_MADE), None)
    begins_at = made or (in_order[0].at if in_order else None)
    names = {one.member_id: one.member_name for one in in_order if one.member_name}
    names |= {member.id: member.full_name for member in snapshot.frame.members}
    return BoardPast(
        begins_at=begins_at,
        is_whole=record.is_whole,
        is_made_then=made is not None,
        cards=tuple(_card_pasts(snapshot, in_order, None if made else begins_at)),
        lists_archived=_list_tracks(snapshot, in_order),
        lists_moved_away=tuple(
            (one.at, one.list_name) for one in in_order if one.type == happened.MOVE_LIST_AWAY
        ),
        member_names=names,
    )


def _card_pasts(
    snapshot: Snapshot, in_order: Sequence[Action], record_from: datetime | None
) -> Iterator[CardPast]:
    surroundings = Surroundings(
        made_at=made_at(snapshot.frame.id),
        record_from=record_from,
        list_moves=tuple(
            one
            for one in in_order
            if one.type in (happened.MOVE_LIST_HERE, happened.MOVE_LIST_AWAY)
        ),
        removals=tuple(
            one for one in in_order if one.type == happened.REMOVE_FROM_BOARD and one.member_id
        ),
    )
    of_card: dict[str, list[Action]] = {}
    for action in in_order:
        if action.card_id:
            of_card.setdefault(action.card_id, []).append(action)
    for card in snapshot.cards:
        yield Life(card.id, card, of_card.pop(card.id, []), surroundings).past()
    for card_id, own in of_card.items():
        yield Life(card_id, None, own, surroundings).past()


def _list_tracks(snapshot: Snapshot, in_order: Iterable[Action]) -> dict[str, Track]:
    steps: dict[str, list[TrackStep]] = {one.id: [] for one in snapshot.frame.lists}
    for action in in_order:
        for change in action.changes:
            if action.type == happened.UPDATE_LIST and change.field == happened.ARCHIVED:
                before, after = plain(change.before), plain(change.after)
                steps.setdefault(action.list_id, []).append(TrackStep(action.at, before, after))
    today = {one.id: one.is_archived for one in snapshot.frame.lists}
    return {list_id: track(own, today.get(list_id)) for list_id, own in steps.items()}
