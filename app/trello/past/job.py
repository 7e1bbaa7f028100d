"""Rebuilding the past of sources: claimed by one worker, for all sources on a board at once."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, exists, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from app.accounts.models import workspace
from app.db import db, utcnow
from app.okrs.integrations import is_enabled
from app.okrs.loading import live_measures
from app.okrs.models import Source, SourceVersion
from app.queues import HOURLY, enqueue
from app.timing import scaled
from app.trello import outcomes
from app.trello.boards import trello_for
from app.trello.counting import Criteria
from app.trello.failures import BoardLost, Held, OddAnswer, TrelloError
from app.trello.models import Board, Connection, Past, TrelloSource
from app.trello.past.counting import count_past
from app.trello.past.pasts import DONE, FAILED, RUNNING, WAITING, add_past
from app.trello.past.points import Names, pack
from app.trello.past.reading import read_with_record
from app.trello.past.replay import BoardPast, rebuild
from app.trello.past.words import gap_sentences
from app.trello.shape import Shape, shape_of
from app.trello.sources import countable_by

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""How long a worker may be silent before its pasts are given to another; a request takes 53 s."""
FIRST_PAUSE = timedelta(minutes=1)
"""Before trying again; doubled at each failure, up to an hour."""
MOST_TRIES = 8
MOST_AT_ONCE = 50
"""Sources that one job or one turn of the clock takes on; the others follow."""

_LOST = "The connection may no longer show this board, so its past could not be read."
_OURS = "Something went wrong on our side while the past was rebuilt; the log says what."
_SILENT = "The worker that rebuilt the past stopped in the middle of it, again and again."


class ClaimLost(Exception):
    """The pasts were given to someone else meanwhile, so nothing of ours may be written."""


@dataclass
class _Hold:
    """Our claim on the waiting pasts of one board."""

    mark: str
    connection_id: int
    board_id: str
    request_count: int = 0

    def before_request(self) -> None:
        self.request_count += 1
        self.keep_alive()

    def keep_alive(self) -> None:
        """Raises ClaimLost when they are not ours any more."""
        with db.writing() as session:
            if not _update(session, self.is_ours(), lease_until=utcnow() + scaled(LEASE)):
                raise ClaimLost

    def is_ours(self) -> ColumnElement[bool]:
        return (Past.claim == self.mark) & (Past.status == RUNNING)


def tick() -> None:
    """Give notice of the pasts whose time has come, one for each board."""
    if not is_enabled("trello"):
        return
    silent = db.session.scalar(select(exists().where(*_is_silent())))
    unasked = _without_past()
    if silent or unasked:
        with db.writing() as session:
            _give_up_silent(session)
            for source in unasked:
                add_past(source, source.versions[0], source.measure.series)
    due = db.session.execute(
        select(Past.source_version_id, TrelloSource.board_id)
        .join(Past.source_version)
        .join(TrelloSource, TrelloSource.id == SourceVersion.source_id)
        .join(TrelloSource.board)
        .join(Board.connection)
        .where(
            Past.status == WAITING,
            Past.next_try_at <= utcnow(),
            TrelloSource.ended_at.is_(None),
            TrelloSource.measure_id.in_(live_measures()),
            Connection.reconnect_reason.is_(None),
        )
        .order_by(Past.next_try_at)
        .limit(MOST_AT_ONCE)
    ).all()
    db.end_reading()
    for version_id in {board_id: version_id for version_id, board_id in due}.values():
        if not enqueue(rebuild_past, version_id, lane=HOURLY):
            break


def rebuild_past(source_version_id: int) -> None:
    """Rebuild the past of this version, and of all others that wait for the same board.

    Delivering it twice is harmless: only one delivery claims them.
    """
    hold = _claim(source_version_id) if is_enabled("trello") else None
    if hold is None:
        return
    try:
        _rebuild(hold)
    except ClaimLost:
        log.warning("A past lost its claim and was not written", extra={"board": hold.board_id})


def _rebuild(hold: _Hold) -> None:
    connection = db.session.get(Connection, hold.connection_id)
    token = connection.token_encrypted if connection else ""
    try:
        if connection is None or not connection.shows(hold.board_id):
            raise BoardLost(_LOST)
        trello = trello_for(
            connection, before_request=hold.before_request, while_waiting=hold.keep_alive
        )
        db.end_reading()
        snapshot, record = read_with_record(trello, hold.board_id)
        board = rebuild(snapshot, record)
        _write(hold, board, Shape(shape_of(snapshot.frame)))
    except TrelloError as error:
        if isinstance(error, OddAnswer):
            log.warning("Odd answer from Trello", extra={"detail": error.detail})
        _fail(hold, token, error)
    except ClaimLost:
        raise
    except Exception:
        # Our own mistake: it must not look alive until the lease ends, and RQ logs the rest.
        _fail(hold, token, TrelloError(_OURS))
        raise


def _claim(source_version_id: int) -> _Hold | None:
    mark, now = secrets.token_hex(16), utcnow()
    with db.writing() as session:
        waiting = session.execute(
            select(SourceVersion.id, SourceVersion.definition)
            .join(Past, Past.source_version_id == SourceVersion.id)
            .where(Past.status == WAITING, Past.next_try_at <= now)
        ).all()
        boards = {version_id: _board_of(definition) for version_id, definition in waiting}
        wanted = boards.get(source_version_id)
        if wanted is None:
            return None
        others = [one for one, board in boards.items() if board == wanted]
        taken_on = {source_version_id, *others[:MOST_AT_ONCE]}
        condition = Past.source_version_id.in_(taken_on) & (Past.status == WAITING)
        lease = now + scaled(LEASE)
        taken = _update(session, condition, status=RUNNING, claim=mark, lease_until=lease)
    return _Hold(mark, *wanted) if taken else None


def _board_of(definition: Mapping[str, Any]) -> tuple[int, str]:
    """The connection and the board that a version counts on, which its source may have left."""
    return definition["connection_id"], definition["board_id"]


def _write(hold: _Hold, board: BoardPast, names: Shape) -> None:
    """Count what is known for each source, then write all of it while the claim still holds."""
    zone = workspace().zone
    pasts = db.session.scalars(
        select(Past)
        .where(hold.is_ours())
        .options(
            joinedload(Past.source_version)
            .joinedload(SourceVersion.source)
            .joinedload(Source.measure)
        )
    ).all()
    todays_names, done = _names(board, names), {}
    for past in pasts:
        hold.keep_alive()
        version = past.source_version
        criteria = Criteria.from_definition(version.definition)
        criteria = countable_by(version.source.measure.kind, criteria)
        since = datetime.combine(past.wanted_from, time(), zone)
        counted = count_past(board, criteria, since, version.made_at)
        done[past.source_version_id] = {
            "reaches_to": counted.reaches_to,
            "gaps": gap_sentences(board, counted, since, zone),
            "payload": pack(counted.points, todays_names),
        }
    with db.writing() as session:
        for version_id, values in done.items():
            is_this = hold.is_ours() & (Past.source_version_id == version_id)
            written = _update(
                session,
                is_this,
                **values,
                status=DONE,
                done_at=utcnow(),
                claim=None,
                failure=None,
                request_count=hold.request_count,
            )
            if not written:
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


def _fail(hold: _Hold, token: str, error: TrelloError) -> None:
    """Let them wait for another try, longer each time; after many tries the past stays unknown."""
    with db.writing() as session:
        pasts = session.scalars(
            select(Past).where(hold.is_ours()).execution_options(populate_existing=True)
        ).all()
        if not pasts:
            raise ClaimLost
        counts = not isinstance(error, Held)
        for past in pasts:
            _try_again(past, error.sentence, error.retry_after, counts)
            past.request_count = hold.request_count
        connection = session.get(Connection, hold.connection_id, populate_existing=True)
        if connection is not None:
            outcomes.tell_connection(session, connection, token, error)


def _try_again(
    past: Past, sentence: str, told: timedelta | None = None, counts: bool = True
) -> None:
    past.claim = past.lease_until = None
    past.try_count += counts
    if past.try_count >= MOST_TRIES:
        past.status, past.failure = FAILED, sentence
        return
    grown = FIRST_PAUSE * (1 << min(max(past.try_count - 1, 0), 6))
    pause = scaled(min(grown, timedelta(hours=1)))
    past.status, past.next_try_at = WAITING, utcnow() + max(pause, told or timedelta())


def _is_silent() -> tuple[ColumnElement[bool], ...]:
    return Past.status == RUNNING, Past.lease_until < utcnow()


def _give_up_silent(session: Session) -> None:
    """Let the pasts of dead workers wait again; their claim is over with that."""
    silent = session.scalars(
        select(Past)
        .where(*_is_silent())
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    for past in silent:
        _try_again(past, _SILENT)


def _without_past() -> Sequence[TrelloSource]:
    """Live sources nobody asked a past for, such as those linked before there were any."""
    own = exists(
        select(Past.source_version_id)
        .join(Past.source_version)
        .where(SourceVersion.source_id == TrelloSource.id)
    )
    return db.session.scalars(
        select(TrelloSource)
        .where(~own, TrelloSource.ended_at.is_(None), TrelloSource.measure_id.in_(live_measures()))
        .options(selectinload(TrelloSource.versions), joinedload(TrelloSource.measure))
        .order_by(TrelloSource.id)
        .limit(MOST_AT_ONCE)
    ).all()


def _update(session: Session, condition: ColumnElement[bool], **values: object) -> int:
    result = session.execute(
        update(Past).where(condition).values(**values).execution_options(synchronize_session=False)
    )
    if not isinstance(result, CursorResult):
        raise TypeError("an update was expected")
    return result.rowcount
