"""What of Trello needs a person: each trouble once, however many items it holds up."""

from collections.abc import Sequence
from functools import cache

from flask import url_for
from sqlalchemy import Date, Select, bindparam, select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.asking import Asking, asked_by
from app.accounts.models import Person, workspace
from app.beats import is_any_worker_alive
from app.db import db, utcnow
from app.okrs.integrations import Need
from app.okrs.loading import Item, is_item_owned_by, is_visible, live_measures
from app.okrs.models import Cycle, Measure, Objective
from app.okrs.rows import item_url
from app.timing import scaled
from app.trello.app_keys import are_stored_keys_unreadable, current_app_keys
from app.trello.connections import StateTeller, Use, troubled_connections, uses
from app.trello.failures import BoardLost, KeyRefused, Limited, SignInUnusable, Unavailable
from app.trello.loading import counts_something, may_manage, may_use
from app.trello.models import Board, Connection, TrelloSource
from app.trello.outcomes import LONG

_OURS = (KeyRefused.kind, SignInUnusable.kind)
"""Trouble with our own keys: one for all connections, and for admins to mend."""

_NOT_THEIRS, _GONE, _LASTING = "not theirs", "gone", "lasting"
"""Kinds of cause: someone else has to reconnect, a choice is gone, a failure that has no end."""

Cause = tuple[str, object]
"""Its kind, and what is the same for all sources that one deed would set going again."""


def needs(person: Person) -> list[Need]:
    """Connections first, then criteria that are gone, then the rest; a fixed number of queries."""
    teller = StateTeller()
    causes = _causes(person, teller)

    def held_up_by(kind: str) -> list[Sequence[TrelloSource]]:
        return [held_up for cause, held_up in causes.items() if cause[0] == kind]

    return [
        *_reconnect(person, teller),
        *(_wait_for_owner(person, teller, held_up) for held_up in held_up_by(_NOT_THEIRS)),
        *(_choose_again(held_up) for held_up in held_up_by(_GONE)),
        *(_for_admins() if person.is_admin else []),
        *(_bear_with_it(person, held_up) for held_up in held_up_by(_LASTING)),
    ]


def _causes(person: Person, teller: StateTeller) -> dict[Cause, list[TrelloSource]]:
    """Why items of the person stand still, with the sources that each cause holds up."""
    found: dict[Cause, list[TrelloSource]] = {}
    for source in _sources_of(person):
        cause = _cause(source, person, teller)
        if cause is not None:
            found.setdefault(cause, []).append(source)
    return found


def _cause(source: TrelloSource, person: Person, teller: StateTeller) -> Cause | None:
    """None where nothing is wrong, or where the person is told of it by another need."""
    board, connection = source.board, source.board.connection
    if teller.reconnect_reason(connection):
        is_own = connection.owner_id == person.id
        return None if is_own else (_NOT_THEIRS, connection.id)
    if source.frozen_reason:
        return _GONE, (board.id, source.frozen_reason)
    if board.failure_kind == BoardLost.kind:
        return _GONE, (board.id, board.failure)
    if board.failure_kind in _OURS:
        # Admins are told by `_for_admins`; for the others it is one trouble, whichever of the two.
        return None if person.is_admin else (_LASTING, _OURS)
    if board.failing_since and utcnow() - board.failing_since >= scaled(LONG):
        return _LASTING, board.failure_kind
    return None


def _sources_of(person: Person) -> Sequence[TrelloSource]:
    """The live sources of the person's items, in cycles that are not over; in one query."""
    asked = asked_by(person, today=workspace().today())
    return db.session.scalars(_own_sources(person.is_admin), asked).all()


@cache
def _own_sources(by_admin: bool) -> Select[TrelloSource]:
    person = Asking(by_admin)
    own_measures = (
        live_measures()
        .join(Cycle, Cycle.id == Objective.cycle_id)
        .where(
            is_item_owned_by(person),
            is_visible(person),
            Cycle.ends_on >= bindparam("today", type_=Date()),
        )
    )
    return (
        select(TrelloSource)
        .where(TrelloSource.ended_at.is_(None), TrelloSource.measure_id.in_(own_measures))
        .options(
            joinedload(TrelloSource.measure).options(
                joinedload(Measure.objective), joinedload(Measure.key_result)
            ),
            joinedload(TrelloSource.board)
            .joinedload(Board.connection)
            .options(
                joinedload(Connection.owner),
                selectinload(Connection.shared_with),
                selectinload(Connection.shared_with_teams),
            ),
        )
        .order_by(TrelloSource.id)
    )


def _reconnect(person: Person, teller: StateTeller) -> list[Need]:
    """What was disconnected on purpose needs nobody, as long as nothing hangs on it."""
    connections = troubled_connections(person, teller)
    hanging = uses(person) if connections else {}
    counts = {one.id: hanging.get(one.id, Use()).item_count for one in connections}
    return [
        _reconnect_one(person, teller, connection, count)
        for connection in connections
        if (count := counts[connection.id]) or connection.disconnected_at is None
    ]


def _reconnect_one(person: Person, teller: StateTeller, connection: Connection, count: int) -> Need:
    reason = teller.reconnect_reason(connection) or ""
    if not teller.may_reconnect(person, connection):
        return Need(
            title=f"An admin has to reconnect “{connection.name}”",
            sentence=f"{reason}{_held_up(count)} Only admins may connect accounts here.",
            url=url_for("trello.show_connection", connection_id=connection.id),
            action="Open the connection",
        )
    return Need(
        title=f"The connection “{connection.name}” has to be reconnected",
        sentence=reason + _held_up(count),
        url=url_for("trello.new_connection", reconnect=connection.id),
        action="Reconnect",
        is_popup=True,
    )


def _held_up(count: int) -> str:
    if not count:
        return ""
    return f" {count} {'item stands' if count == 1 else 'items stand'} still until then."


def _wait_for_owner(person: Person, teller: StateTeller, sources: Sequence[TrelloSource]) -> Need:
    connection = sources[0].board.connection
    is_known = may_use(person, connection) or may_manage(person, connection)
    which = f"“{connection.name}”" if is_known else "a Trello account"
    owner = connection.owner
    who = owner.name if teller.may_reconnect(owner, connection) else "An admin"
    return Need(
        title=f"{who} has to reconnect {which}",
        sentence=f"{_standing_still(sources)} until then.",
        url=item_url(sources[0].measure.item, "show"),
        action="See what it holds up",
    )


def _choose_again(sources: Sequence[TrelloSource]) -> Need:
    source = sources[0]
    return Need(
        title=_standing_still(sources),
        sentence=source.frozen_reason or source.board.failure or "",
        url=f"{item_url(source.measure.item, 'edit')}#source",
        action="Choose again",
    )


_LASTS = {
    Unavailable.kind: "Trello can't be reached",
    Limited.kind: "Trello keeps asking us to wait",
    KeyRefused.kind: "An admin has to mend the access to Trello",
    SignInUnusable.kind: "An admin has to mend the access to Trello",
}


def _bear_with_it(person: Person, sources: Sequence[TrelloSource]) -> Need:
    board = sources[0].board
    return Need(
        title=_LASTS.get(board.failure_kind or "", "Counting fails again and again"),
        sentence=f"{board.failure} {_standing_still(sources)}.",
        url=_sync_page() if person.is_admin else item_url(sources[0].measure.item, "show"),
        action="Open Sync" if person.is_admin else "See what it holds up",
    )


def _for_admins() -> list[Need]:
    found = []
    if not is_any_worker_alive():
        found.append(
            Need(
                title="No worker is running",
                sentence="Nothing is counted until one is started (worker.py) or reaches Redis.",
                url=_sync_page(),
                action="Open Sync",
            )
        )
    if current_app_keys() is None and not are_stored_keys_unreadable():
        found.append(
            Need(
                title="Trello is enabled, but has no key yet",
                sentence="Nothing can be counted before a key and a secret are entered.",
                url=url_for("trello.manage"),
                action="Enter them",
            )
        )
    refused = db.session.scalar(
        select(Board.failure)
        .where(Board.failure_kind.in_(_OURS), counts_something())
        .order_by(Board.id)
        .limit(1)
    )
    if refused:
        found.append(
            Need(
                title="Trello can't be asked with the present keys",
                sentence=refused,
                url=url_for("trello.manage"),
                action="Look at the keys",
            )
        )
    return found


def _sync_page() -> str:
    return url_for("trello.show_syncs")


def _standing_still(sources: Sequence[TrelloSource]) -> str:
    """ "“Publish posts”, “Win readers” and 3 more stand still" """
    items: list[Item] = [source.measure.item for source in sources]
    verb = "stands" if len(items) == 1 else "stand"
    names = [f"“{item.title}”" for item in items]
    if len(names) > 3:
        names[2:] = [f"{len(names) - 2} more"]
    said = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{said} {verb} still"
