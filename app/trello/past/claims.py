"""Who works on waiting pasts: claimed for a board at once, given back, given up, taken up again."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, literal, or_, select, update
from sqlalchemy.orm import Session

from app.db import Moment, changed_rows, db, utcnow
from app.okrs.loading import live_measures
from app.okrs.models import SourceVersion
from app.timing import scaled
from app.trello import outcomes
from app.trello.failures import BoardLost, Held, OddAnswer, TrelloError
from app.trello.models import Board, Connection, Past, TrelloSource
from app.trello.past.stored import DONE, FAILED, RUNNING, WAITING
from app.trello.runs import HOUR, LEASE, ClaimLost

FIRST_PAUSE = timedelta(minutes=1)
"""Before trying again; doubled at each failure, up to an hour."""
MOST_TRIES = 8
"""In a row, where it is not likely that waiting helps; other failures pass, and have no end."""
MOST_AT_ONCE = 50
"""Sources that one job or one turn of the clock takes on; the others follow."""


class Silent(TrelloError):
    """Its worker stopped in the middle of it."""

    kind = "silent"


HOPELESS = frozenset({TrelloError.kind, OddAnswer.kind, Silent.kind})
"""The kinds of failure that waiting hardly mends: our own mistakes, odd answers, dead workers."""

_board_id = SourceVersion.definition["board_id"].as_string()
"""Trello's id of the board that a version counts on, which its source may have left."""

_SILENT = "The worker that rebuilt the past stopped in the middle of it, again and again."


@dataclass
class Hold:
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
            if not change(session, self.is_ours(), lease_until=utcnow() + scaled(LEASE)):
                raise ClaimLost

    def is_ours(self) -> ColumnElement[bool]:
        return (Past.claim == self.mark) & (Past.status == RUNNING)


def claim(source_version_id: int) -> Hold | None:
    """Take this past and the others that wait for the same board; None when it does not wait."""
    mark, now = secrets.token_hex(16), utcnow()
    due = (
        select(Past.source_version_id)
        .join(Past.source_version)
        .join(TrelloSource, TrelloSource.id == SourceVersion.source_id)
        .join(TrelloSource.board)
        .where(Past.next_try_at <= now, *is_wanted())
    )
    with db.writing() as session:
        asked = due.with_only_columns(_read_through(), _board_id)
        found = session.execute(asked.where(Past.source_version_id == source_version_id)).first()
        if found is None:
            return None
        hold = Hold(mark, *found)
        same_board = due.where(_read_through() == hold.connection_id, _board_id == hold.board_id)
        # In the order of their ids, so that nobody waits for somebody who waits for them.
        in_order = same_board.order_by(Past.source_version_id).limit(MOST_AT_ONCE)
        taken_on = session.scalars(in_order.with_for_update(of=Past, skip_locked=True)).all()
        condition = Past.source_version_id.in_(taken_on) & (Past.status == WAITING)
        lease = now + scaled(LEASE)
        taken = change(session, condition, status=RUNNING, claim=mark, lease_until=lease)
    return hold if taken else None


def _read_through() -> ColumnElement[int]:
    """The connection that reads the board of a version, which may have moved to another one.

    Where the source has left that board, it is the one through which it was read then.
    """
    then = SourceVersion.definition["connection_id"].as_integer()
    return case((Board.trello_id == _board_id, Board.connection_id), else_=then)


def is_wanted() -> tuple[ColumnElement[bool], ...]:
    """Of a past joined with its source: that it waits, and its source still counts."""
    return (
        Past.status == WAITING,
        TrelloSource.ended_at.is_(None),
        TrelloSource.measure_id.in_(live_measures()),
    )


def fail(hold: Hold, token: str, error: TrelloError) -> None:
    """Let them wait for another try, or give them up. Raises ClaimLost.

    `token` is the one that was used, as stored.
    """
    with db.writing() as session:
        connection = session.get(
            Connection, hold.connection_id, populate_existing=True, with_for_update=outcomes.LOCK
        )
        pasts = session.scalars(
            select(Past)
            .where(hold.is_ours())
            .order_by(Past.source_version_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        if not pasts:
            raise ClaimLost
        for past in pasts:
            _note(past, error)
            past.request_count = hold.request_count
        if connection is not None:
            outcomes.tell_connection(session, connection, token, error)


def _note(past: Past, error: TrelloError) -> None:
    """What a failed try means for a past. Tries are counted anew where hopeless failures begin
    or end: an outage must not use up the tries of what comes after it."""
    past.claim = past.lease_until = None
    past.next_try_at = utcnow()
    if not isinstance(error, Held):
        is_hopeless, was_hopeless = error.kind in HOPELESS, past.failure_kind in HOPELESS
        past.try_count = past.try_count + 1 if is_hopeless == was_hopeless else 1
        past.failure_kind = error.kind
        if isinstance(error, BoardLost) or (is_hopeless and past.try_count >= MOST_TRIES):
            past.status, past.failure = FAILED, error.sentence
            return
    grown = FIRST_PAUSE * (1 << min(max(past.try_count - 1, 0), 6))
    past.status = WAITING
    past.next_try_at += max(scaled(min(grown, HOUR)), error.retry_after or timedelta())


def is_silent(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(Past.status == RUNNING, Past.lease_until < now)


def give_up_silent(session: Session) -> None:
    """Let the pasts of dead workers wait again; their claim is over with that."""
    silent = session.scalars(
        select(Past)
        .where(is_silent(literal(utcnow(), Moment)))
        .order_by(Past.source_version_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    for past in silent:
        _note(past, Silent(_SILENT))


def is_found_again() -> ColumnElement[bool]:
    """Given up because the board was lost, which has been synced since."""
    then = SourceVersion.definition["connection_id"].as_integer()
    synced_since = (
        select(Board.id)
        .join(SourceVersion, SourceVersion.id == Past.source_version_id)
        .join(TrelloSource, TrelloSource.id == SourceVersion.source_id)
        .where(
            or_(Board.id == TrelloSource.board_id, Board.connection_id == then),
            Board.trello_id == _board_id,
            Board.last_synced_at > Past.next_try_at,
        )
        .correlate(Past)
    )
    return and_(Past.status == FAILED, Past.failure_kind == BoardLost.kind, exists(synced_since))


def take_up_found(session: Session) -> None:
    """Let the pasts of boards that can be read again wait for another try."""
    anew = {"status": WAITING, "failure": None, "failure_kind": None, "try_count": 0}
    change(session, is_found_again(), next_try_at=utcnow(), **anew)


def reach_back(session: Session, version_id: int, first: date) -> None:
    """Let this past be rebuilt from an earlier day on, unless somebody works on it just now."""
    is_at_rest = (Past.source_version_id == version_id) & Past.status.in_((WAITING, DONE))
    anew = {"status": WAITING, "wanted_from": first, "try_count": 0}
    change(session, is_at_rest, next_try_at=utcnow(), **anew)


def change(session: Session, condition: ColumnElement[bool], **values: object) -> int:
    """How many rows it held for. Objects loaded before do not notice."""
    result = session.execute(
        update(Past).where(condition).values(**values).execution_options(synchronize_session=False)
    )
    return changed_rows(result)
