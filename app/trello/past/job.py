"""Rebuilding the past of sources: claimed by one worker, for all sources on a board at once."""

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from datetime import time as time_of_day
from functools import cache, partial
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.accounts.models import workspace
from app.db import Moment, db, utcnow
from app.okrs.integrations import is_enabled
from app.okrs.loading import live_measures
from app.okrs.models import Measure, Source, SourceVersion
from app.queues import HOURLY, enqueue
from app.timing import scaled
from app.trello.boards import trello_for
from app.trello.counting import Criteria
from app.trello.failures import BoardLost, OddAnswer, TrelloError
from app.trello.models import Board, Connection, Past, TrelloSource
from app.trello.past import claims
from app.trello.past.claims import Hold
from app.trello.past.judging import count_past
from app.trello.past.points import Names, pack
from app.trello.past.reading import read_with_record
from app.trello.past.replay import BoardPast, rebuild
from app.trello.past.stored import DONE, add_past, too_short
from app.trello.past.words import gap_sentences
from app.trello.runs import ClaimLost
from app.trello.shape import Shape, shape_of
from app.trello.so_far import tell_actions, tell_cards, tell_counted
from app.trello.sources import countable_by

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=30)
"""How soon an item that is moved to an earlier first day is noticed."""

_LOST = "The connection may no longer show this board, so its past could not be read."
_OURS = "Something went wrong on our side while the past was rebuilt; the log says what."


class PastClock:
    """What the worker's clock does for pasts. Late, twice, or by two workers at once is harmless.

    Remembers when it last looked through all sources, which takes as long as all else in a turn.
    """

    def __init__(self) -> None:
        self._next_look = 0.0

    def tick(self) -> None:
        if not is_enabled("trello"):
            return
        if db.session.scalar(_have_changed(), {"now": utcnow()}):
            with db.writing() as session:
                claims.give_up_silent(session)
                claims.take_up_found(session)
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + scaled(LOOK_EVERY).total_seconds()
            _look_through()
        _give_notice()


def _look_through() -> None:
    """Ask for the pasts that nobody asked for, and more of those that do not reach far enough."""
    unasked = db.session.scalars(_without_past()).all()
    moved = too_short()
    if unasked or moved:
        with db.writing() as session:
            for source in unasked:
                add_past(source, source.versions[0], source.measure.series)
            for version_id, first in moved:
                claims.reach_back(session, version_id, first)


def _give_notice() -> None:
    """Of the pasts whose time has come, one for each board."""
    due = db.session.execute(_due(), {"now": utcnow()}).all()
    db.end_reading()
    for version_id in {board_id: version_id for version_id, board_id in due}.values():
        if not enqueue(rebuild_past, version_id, lane=HOURLY):
            break


@cache
def _have_changed() -> Select[bool]:
    """Whether a worker fell silent, or a board can be read again."""
    is_silent = claims.is_silent(bindparam("now", type_=Moment))
    return select(exists().where(is_silent | claims.is_found_again()))


@cache
def _due() -> Select[int, int]:
    return (
        select(Past.source_version_id, TrelloSource.board_id)
        .join(Past.source_version)
        .join(TrelloSource, TrelloSource.id == SourceVersion.source_id)
        .join(TrelloSource.board)
        .join(Board.connection)
        .where(
            *claims.is_wanted(),
            Past.next_try_at <= bindparam("now"),
            Connection.reconnect_reason.is_(None),
        )
        .order_by(Past.next_try_at)
        .limit(claims.MOST_AT_ONCE)
    )


def rebuild_past(source_version_id: int) -> None:
    """Rebuild the past of this version, and of all others that wait for the same board.

    Delivering it twice is harmless: only one delivery claims them.
    """
    hold = claims.claim(source_version_id) if is_enabled("trello") else None
    if hold is None:
        return
    try:
        _rebuild(hold)
    except ClaimLost:
        log.warning("A past lost its claim and was not written", extra={"board": hold.board_id})


def _rebuild(hold: Hold) -> None:
    connection = db.session.get(Connection, hold.connection_id)
    token = connection.token_encrypted if connection else ""
    try:
        if connection is None or not connection.shows(hold.board_id):
            raise BoardLost(_LOST)
        trello = trello_for(
            connection,
            before_request=hold.before_request,
            while_waiting=hold.keep_alive,
            after_page=partial(tell_cards, hold.mark),
        )
        db.end_reading()
        snapshot, record = read_with_record(trello, hold.board_id, partial(tell_actions, hold.mark))
        board = rebuild(snapshot, record)
        _write(hold, board, Shape(shape_of(snapshot.frame)))
    except TrelloError as error:
        if isinstance(error, OddAnswer):
            log.warning("Odd answer from Trello", extra={"detail": error.detail})
        claims.fail(hold, token, error)
    except ClaimLost:
        raise
    except Exception:
        # Our own mistake: it must not look alive until the lease ends, and RQ logs the rest.
        claims.fail(hold, token, TrelloError(_OURS))
        raise


def _write(hold: Hold, board: BoardPast, names: Shape) -> None:
    """Count what is known for each source, and write it while the claim still holds.

    Each is a transaction of its own: where time runs out, what is done need not be done again.
    """
    zone, todays_names = workspace().zone, _names(board, names)
    pasts = db.session.scalars(
        select(Past)
        .where(hold.is_ours())
        .options(
            joinedload(Past.source_version)
            .joinedload(SourceVersion.source)
            .joinedload(Source.measure)
        )
        .order_by(Past.source_version_id)
    ).all()
    for count, past in enumerate(pasts):
        hold.keep_alive()
        tell_counted(hold.mark, count, len(pasts))
        _finish(hold, past.source_version_id, _told(board, past, todays_names, zone))


def _told(board: BoardPast, past: Past, names: Names, zone: tzinfo) -> dict[str, Any]:
    """What the row says of a past, as far as it is known."""
    version = past.source_version
    criteria = Criteria.from_definition(version.definition)
    criteria = countable_by(version.source.measure.kind, criteria)
    since = datetime.combine(past.wanted_from, time_of_day(), zone)
    counted = count_past(board, criteria, since, version.made_at)
    return {
        "reaches_to": counted.reaches_to,
        "gaps": gap_sentences(board, counted, since, zone),
        "payload": pack(counted.points, names),
    }


def _finish(hold: Hold, version_id: int, told: Mapping[str, Any]) -> None:
    """Raises ClaimLost."""
    with db.writing() as session:
        is_this = hold.is_ours() & (Past.source_version_id == version_id)
        if not claims.change(
            session,
            is_this,
            **told,
            status=DONE,
            done_at=utcnow(),
            claim=None,
            failure=None,
            failure_kind=None,
            request_count=hold.request_count,
        ):
            raise ClaimLost


def _names(board: BoardPast, names: Shape) -> Names:
    labels = {label_id for card in board.cards for label_id in card.labels}
    lists = {str(one) for card in board.cards for one in card.list_id.values if one}
    return Names(
        lists={one: names.list_name(one) for one in lists},
        labels={one: names.label_name(one) for one in labels},
        members={
            one: board.member_names.get(one) or names.member_name(one)
            for card in board.cards
            for one in card.members
        },
        cards={card.id: (card.name, card.url) for card in board.cards},
    )


@cache
def _without_past() -> Select[TrelloSource]:
    """Live sources from before there were pasts, that still count as they did from the first.

    Of others, and where the kind of measure was ever another, it is not known which version
    their first readings of today's series are of: none is better than one that means something
    else.
    """
    own = select(SourceVersion.id).where(SourceVersion.source_id == TrelloSource.id)
    count = own.with_only_columns(func.count()).correlate(TrelloSource).scalar_subquery()
    return (
        select(TrelloSource)
        .join(TrelloSource.measure)
        .where(
            ~exists(own.join(Past, Past.source_version_id == SourceVersion.id)),
            count == 1,
            Measure.series == 1,
            TrelloSource.ended_at.is_(None),
            TrelloSource.measure_id.in_(live_measures()),
        )
        .options(selectinload(TrelloSource.versions), contains_eager(TrelloSource.measure))
        .order_by(TrelloSource.id)
        .limit(claims.MOST_AT_ONCE)
    )
