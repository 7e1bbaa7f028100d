"""The life of one card on a board, from its own actions and from what it is today.

What the record can't tell is None here, never a guess.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.trello.answers import Card
from app.trello.past import actions as happened
from app.trello.past.actions import Action, plain
from app.trello.past.cards import DELETED, MOVED_AWAY, VANISHED, CardPast, made_at
from app.trello.past.tracks import BEGINNING, Told, Track, TrackStep, track

COPYING_TAKES = timedelta(minutes=10)
"""A board made from another one gets its cards within this time, with no action of their own."""


@dataclass(frozen=True)
class Surroundings:
    """What happened to the board that touches cards without naming them."""

    made_at: datetime
    record_from: datetime | None
    """When the record begins, where that is later than the board; then some cards were there."""
    list_moves: tuple[Action, ...]
    removals: tuple[Action, ...]


class Life:
    """The tracks of one card, from its own actions and today's card; None when it left."""

    def __init__(
        self, card_id: str, today: Card | None, own: Sequence[Action], board: Surroundings
    ) -> None:
        self._id = card_id
        self._today = today
        self._own = own
        self._board = board
        self._creation = next((one for one in own if one.type in happened.CREATIONS), None)
        self._is_plain = any(one.type == happened.CREATE_CARD for one in own)
        self._is_told_whole = self._is_plain and today is None

    def past(self) -> CardPast:
        today = self._today
        list_id = self._list()
        return CardPast(
            id=self._id,
            name=today.name if today else "",
            url=today.url if today else "",
            departure=None if today else self._departure(),
            is_countable=today.is_countable if today else True,
            exists=self._existence(list_id),
            list_id=list_id,
            is_archived=self._flag(happened.ARCHIVED, today.is_archived if today else None),
            has_due_date=self._flag(happened.DUE, today.has_due_date if today else None),
            is_completed=self._flag(happened.COMPLETED, today.is_completed if today else None),
            members=self._members(),
            labels=self._labels(),
            names_all=today is not None or self._is_plain,
        )

    def _departure(self) -> str:
        types = {one.type for one in self._own}
        if happened.DELETE_CARD in types:
            return DELETED
        return MOVED_AWAY if happened.MOVE_CARD_AWAY in types else VANISHED

    def _list(self) -> Track:
        """Trello forgets all other actions of a deleted card, so without its creation among them
        where it has been is not known."""
        if self._today is None and self._creation is None:
            return track([], None)
        steps = []
        for action in self._own:
            if action.type in happened.CREATIONS:
                steps.append(TrackStep(action.at, None, action.list_id or None))
            elif action.type in happened.DEPARTURES:
                steps.append(TrackStep(action.at, action.list_id or None, None))
            else:
                steps += self._steps(action, happened.LIST)
        return track(steps, self._today.list_id if self._today else None)

    def _flag(self, field: str, last: bool | None) -> Track:
        steps = []
        for action in self._own:
            if action is self._creation and self._is_off_at_first(field):
                steps.append(TrackStep(action.at, None, False))
            steps += self._steps(action, field)
        return track(steps, last)

    def _is_off_at_first(self, field: str) -> bool:
        """What a creation says of the flags. Of a card that is still there, today says more."""
        if field == happened.ARCHIVED:
            return self._creation is not None and self._creation.type != happened.MOVE_CARD_HERE
        return self._is_told_whole

    @staticmethod
    def _steps(action: Action, field: str) -> list[TrackStep]:
        return [
            TrackStep(action.at, plain(one.before), plain(one.after))
            for one in action.changes
            if one.field == field
        ]

    def _members(self) -> dict[str, Track]:
        """An addition may carry a moment before the creation, so all of them are taken.

        Whoever is taken off the board vanishes from its cards without an action.
        """
        on_it = frozenset(self._today.member_ids if self._today else ())
        steps = self._set_steps(happened.MEMBERS, on_it)
        for action in (*self._own, *self._board.removals):
            if action.type == happened.ADD_MEMBER:
                steps.setdefault(action.member_id, []).append(TrackStep(action.at, False, True))
            elif action.type == happened.REMOVE_MEMBER:
                steps.setdefault(action.member_id, []).append(TrackStep(action.at, True, False))
            elif action.type == happened.REMOVE_FROM_BOARD:
                steps.setdefault(action.member_id, []).append(TrackStep(action.at, None, False))
        return {
            one: track(
                sorted(own, key=lambda step: step.at),
                one in on_it,
                first=False if self._is_plain else None,
            )
            for one, own in steps.items()
        }

    def _labels(self) -> dict[str, Track]:
        """A label that is deleted vanishes from its cards without an action; nobody knows whether
        it still was on a card that left. Members likewise."""
        on_it = frozenset(self._today.label_ids if self._today else ())
        steps = self._set_steps(happened.LABELS, on_it)
        return {
            one: track(own, one in on_it, first=False if self._is_told_whole else None)
            for one, own in steps.items()
        }

    def _set_steps(self, field: str, today: Iterable[str]) -> dict[str, list[TrackStep]]:
        """The changes of a set of ids, told apart for each id that was ever in it."""
        changes = [
            (action.at, _ids(change.before), _ids(change.after))
            for action in self._own
            for change in action.changes
            if change.field == field
        ]
        every = set(today).union(*(before for _, before, _ in changes if before))
        every = every.union(*(after for _, _, after in changes if after))
        return {
            one: [
                TrackStep(
                    at,
                    None if before is None else one in before,
                    None if after is None else one in after,
                )
                for at, before, after in changes
            ]
            for one in every
        }

    def _existence(self, list_id: Track) -> Track:
        """When it was on the board. Cards come and go with their list without an action."""
        steps = []
        for action in self._own:
            if action.type in happened.CREATIONS:
                steps.append(TrackStep(action.at, False, True))
            elif action.type in happened.DEPARTURES:
                steps.append(TrackStep(action.at, True, False))
        steps += self._moves_with_list(list_id, steps)
        steps.sort(key=lambda step: step.at)
        if not steps or steps[0].before:
            return self._arrived_untold(steps)
        return track(steps, self._today is not None)

    def _moves_with_list(self, list_id: Track, own: Sequence[TrackStep]) -> Iterator[TrackStep]:
        """A list that comes brings only cards that were not there; one that goes takes all."""
        for move in self._board.list_moves:
            was_in = list_id.at(move.at)
            if move.at < made_at(self._id) or was_in not in (None, move.list_id):
                continue
            is_here = any(step.at <= move.at and step.after for step in own)
            if move.type == happened.MOVE_LIST_HERE and self._today is not None and not is_here:
                yield TrackStep(move.at, False if was_in else None, True)
            if move.type == happened.MOVE_LIST_AWAY and self._left_with_list(move, list_id, own):
                yield TrackStep(move.at, True, False)

    def _left_with_list(self, move: Action, list_id: Track, own: Sequence[TrackStep]) -> bool:
        is_last = not any(one.at > move.at for one in self._own)
        is_here = any(step.after for step in own)
        return self._today is None and is_here and is_last and list_id.at(move.at) is not None

    def _arrived_untold(self, steps: Sequence[TrackStep]) -> Track:
        """Of a card whose arrival is in no action: not before it was made; surely since then if
        it was made with the board or before the record begins, which would tell of a later
        arrival; else since something happened to it here."""
        made = made_at(self._id)
        board = self._board
        came_with_board = board.made_at <= made <= board.made_at + COPYING_TAKES
        if came_with_board or (board.record_from is not None and made <= board.record_from):
            seen: datetime | None = made
        else:
            seen = min((one.at for one in self._own if one.at > made), default=None)
        spans: list[tuple[datetime, Told | None]] = [(BEGINNING, False), (made, None)]
        if seen is not None and (self._today or (steps and seen < steps[0].at)):
            spans.append((seen, True))
        if steps:
            later = track(steps, self._today is not None)
            spans += zip(later.moments[1:], later.values[1:], strict=True)
        elif self._today is None and (gone_by := self._gone_by()):
            spans.append((gone_by, False))
        return Track(tuple(at for at, _ in spans), tuple(value for _, value in spans))

    def _gone_by(self) -> datetime | None:
        """Of a card that left without an action: it can only have gone with a list."""
        last = max((one.at for one in self._own), default=BEGINNING)
        moves = (
            one.at
            for one in self._board.list_moves
            if one.type == happened.MOVE_LIST_AWAY and one.at >= last
        )
        return max(moves, default=None)


def _ids(value: happened.Value | None) -> frozenset[str] | None:
    if value is not None and not isinstance(value, frozenset):
        raise TypeError("a set of ids was expected")
    return value
