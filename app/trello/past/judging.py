"""Counting over time: criteria over a board's past, as far back as it is certain.

Every card is judged in three ways at each moment: it counts, it does not, or nobody knows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.trello.counting import ANY, COMPLETED, HAS_DUE, Criteria
from app.trello.past.cards import CardPast
from app.trello.past.points import CountedCard, CountPoint
from app.trello.past.replay import LABELS_SINCE, BoardPast
from app.trello.past.tracks import Track

FOR_EVER = datetime.max.replace(tzinfo=UTC)

LABELS, MEMBER, ARRIVAL, DEPARTURE, RECORD = "labels", "member", "arrival", "departure", "record"
LIST_LEFT, ROLES = "list left", "roles"


@dataclass(frozen=True)
class Doubt:
    """Why nobody knows whether a card counted."""

    kind: str
    detail: str = ""
    """Of a member the id, of a departure how it left, of a list its name."""


@dataclass(frozen=True)
class Gap:
    """What the record can't tell in the time that was asked for."""

    doubt: Doubt
    until: datetime
    card_count: int


@dataclass(frozen=True)
class CountedPast:
    """What criteria would have counted, from the moment on at which that is certain."""

    reaches_to: datetime | None
    """None where nothing is certain before the end."""
    points: tuple[CountPoint, ...]
    """The first stands at `reaches_to`."""
    gaps: tuple[Gap, ...]
    """The one that ends latest first; without any, it reaches as far as was asked."""


def count_past(
    board: BoardPast, criteria: Criteria, since: datetime, until: datetime
) -> CountedPast:
    """Count every card from `since` to before `until`."""
    begin = max(since, board.begins_at or until)
    lives: list[tuple[CardPast, list[_Span]]] = []
    ends: dict[Doubt, datetime] = {}
    cards: defaultdict[Doubt, set[str]] = defaultdict(set)
    judge = _Judge(criteria, board.lists_archived)
    for card in board.cards:
        spans = list(_spans(card, judge, begin, until))
        lives.append((card, spans))
        for span in spans:
            for doubt in span.verdict.doubts:
                ends[doubt] = max(ends.get(doubt, span.until), span.until)
                cards[doubt].add(card.id)
        if not card.is_countable and judge.would_count(card, begin, until):
            cards[Doubt(ROLES)].add(card.id)
    for at, name in board.lists_moved_away:
        if at > begin:
            ends[Doubt(LIST_LEFT, name)] = at
    certain = max(ends.values(), default=begin)
    gaps = [Gap(doubt, end, len(cards[doubt])) for doubt, end in ends.items()]
    gaps.sort(key=lambda gap: (gap.until, gap.card_count), reverse=True)
    if cards[Doubt(ROLES)]:
        gaps.append(Gap(Doubt(ROLES), begin, len(cards[Doubt(ROLES)])))
    if certain >= until:
        return CountedPast(None, (), tuple(gaps))
    return CountedPast(certain, tuple(_points(lives, certain)), tuple(gaps))


@dataclass(frozen=True)
class _Verdict:
    """Whether a card counts. Doubts are given only where it may."""

    counts: bool
    is_completed: bool = False
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class _Span:
    since: datetime
    until: datetime
    verdict: _Verdict
    card: CountedCard | None


_NO = _Verdict(False)


def _spans(card: CardPast, judge: "_Judge", begin: datetime, until: datetime) -> Iterator[_Span]:
    """The stretches in which nothing about the card changed. The last may have no end:
    what is in doubt today was in doubt at the link."""
    moments = [begin, *(one for one in judge.moments(card) if begin < one < until)]
    for since, end in zip(moments, [*moments[1:], FOR_EVER], strict=True):
        verdict = judge.verdict(card, since)
        counted = _counted(card, since, verdict) if verdict.counts else None
        yield _Span(since, end, verdict, counted)


def _counted(card: CardPast, at: datetime, verdict: _Verdict) -> CountedCard:
    return CountedCard(
        id=card.id,
        list_id=str(card.list_id.at(at) or ""),
        label_ids=_borne(card.labels, at) if at >= LABELS_SINCE else (),
        member_ids=_borne(card.members, at),
        is_completed=verdict.is_completed,
    )


def _borne(tracks: Mapping[str, Track], at: datetime) -> tuple[str, ...]:
    return tuple(sorted(one for one, own in tracks.items() if own.at(at)))


def _points(
    lives: Iterable[tuple[CardPast, list[_Span]]], certain: datetime
) -> Iterator[CountPoint]:
    changes: defaultdict[datetime, list[tuple[str, CountedCard | None]]] = defaultdict(list)
    changes[certain] = []
    for card, spans in lives:
        before: CountedCard | None = None
        for span in spans:
            if span.until > certain and span.card != before:
                changes[max(span.since, certain)].append((card.id, span.card))
                before = span.card
    completed: dict[str, bool] = {}
    for moment in sorted(changes):
        came = tuple(card for _, card in changes[moment] if card is not None)
        gone = tuple(card_id for card_id, card in changes[moment] if card is None)
        for card_id in gone:
            del completed[card_id]
        completed.update((card.id, card.is_completed) for card in came)
        yield CountPoint(moment, len(completed), sum(completed.values()), came, gone)


class _Judge:
    """Judges cards at moments by criteria that were made into sets once."""

    def __init__(self, criteria: Criteria, lists_archived: Mapping[str, Track]) -> None:
        self._criteria = criteria
        self._lists_archived = lists_archived
        self._lists = frozenset(criteria.list_ids)
        self._members = frozenset(criteria.member_ids)
        self._labels = frozenset(criteria.label_ids)
        self._excluded = frozenset(criteria.excluded_label_ids)

    def moments(self, card: CardPast) -> list[datetime]:
        """When the verdict on a card, or what is kept of it, may change."""
        found = set(card.moments)
        found.add(LABELS_SINCE)
        for list_id in set(card.list_id.values):
            if own := self._lists_archived.get(str(list_id)):
                found.update(own.moments)
        return sorted(found)

    def would_count(self, card: CardPast, begin: datetime, until: datetime) -> bool:
        """Whether a card that is no real card today might have counted if it had been one."""
        real = replace(card, is_countable=True)
        spans = _spans(real, self, begin, until)
        return any(span.verdict.counts or span.verdict.doubts for span in spans)

    def verdict(self, card: CardPast, at: datetime) -> _Verdict:
        doubts: list[Doubt] = []
        for holds, doubt in self._questions(card, at):
            if holds is False:
                return _NO
            if holds is None:
                doubts += doubt
        is_completed = card.is_completed.at(at)
        if card.departure is not None:
            doubts = [Doubt(DEPARTURE, card.departure)]
        elif is_completed is None and not doubts:
            doubts = [Doubt(RECORD)]
        if doubts:
            return _Verdict(False, doubts=tuple(dict.fromkeys(doubts)))
        return _Verdict(True, is_completed is True)

    def _questions(self, card: CardPast, at: datetime) -> Iterator[tuple[bool | None, list[Doubt]]]:
        """Every criterion, whether it holds, and why that is in doubt if it is."""
        criteria, record = self._criteria, [Doubt(RECORD)]
        yield card.is_countable, []
        yield _flag(card.exists, at), [Doubt(ARRIVAL)]
        list_id = card.list_id.at(at)
        if self._lists:
            yield (None if list_id is None else list_id in self._lists), record
        if not criteria.with_archived:
            yield _opposite(_flag(card.is_archived, at)), record
            archived = self._lists_archived.get(str(list_id))
            yield _opposite(_flag(archived, at) if archived else None), record
        if criteria.completion != ANY:
            yield _is(_flag(card.is_completed, at), criteria.completion == COMPLETED), record
        if criteria.due != ANY:
            yield _is(_flag(card.has_due_date, at), criteria.due == HAS_DUE), record
        yield _one_of(card, card.members, at, self._members, criteria.or_nobody, MEMBER)
        if at < LABELS_SINCE:
            speaks_of_labels = self._labels or criteria.or_no_label or self._excluded
            yield (None if speaks_of_labels else True), [Doubt(LABELS)]
            return
        yield _one_of(card, card.labels, at, self._labels, criteria.or_no_label, LABELS)
        bears_excluded, doubts = _one_of(card, card.labels, at, self._excluded, False, LABELS)
        yield not self._excluded or _opposite(bears_excluded), doubts


def _one_of(
    card: CardPast,
    borne: Mapping[str, Track],
    at: datetime,
    wanted: frozenset[str],
    or_none: bool,
    kind: str,
) -> tuple[bool | None, list[Doubt]]:
    """Whether the card bears one of those wanted, or none at all where that will do."""
    if not wanted and not or_none:
        return True, []
    state = {one: own.at(at) for one, own in borne.items()}
    if any(state.get(one) for one in wanted):
        return True, []
    if not card.names_all:
        return None, []
    unsure = [one for one, value in state.items() if value is None]
    if or_none and not any(state.values()):
        # Nobody is on it for certain: true if nobody may be.
        doubts = [Doubt(kind, one) for one in unsure]
        return (None if unsure else True), doubts
    doubts = [Doubt(kind, one) for one in unsure if one in wanted]
    return (None if doubts else False), doubts


def _flag(own: Track, at: datetime) -> bool | None:
    value = own.at(at)
    return value if value is None else bool(value)


def _is(value: bool | None, wanted: bool) -> bool | None:
    return None if value is None else value is wanted


def _opposite(value: bool | None) -> bool | None:
    return None if value is None else not value
