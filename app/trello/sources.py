"""Sources on a board: what they count by, in words, and bringing a fresh copy into their values."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from functools import cache

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.loading import live_measures
from app.okrs.models import PERCENT, Measure, Source, SourceVersion
from app.okrs.readings import record_change, record_reading
from app.trello.answers import Snapshot
from app.trello.board_index import BoardIndex, Tally
from app.trello.counting import ANY, Criteria, Gone, Holdings, percentage
from app.trello.evidence.keeping import Keeper
from app.trello.models import Board, Connection, TrelloSource
from app.trello.past import pasts
from app.trello.shape import Shape, shape_of
from app.trello.webhooks.addresses import look_again

NOT_ALLOWED = (
    "The connection no longer shows this board, so the value stands still. "
    "Choose another board, or ask the connection's owner to allow it again."
)


def criteria_of(source: TrelloSource) -> Criteria:
    """What the source counts by now."""
    return Criteria.from_definition(source.versions[-1].definition)


def live_sources(session: Session, board: Board) -> list[TrelloSource]:
    """The sources to be counted on this board: not ended, and their item not deleted."""
    if session.get_bind().dialect.name != "sqlite":  # there, whoever writes is alone
        # A form that saves one of them waits, or is waited for.
        counted = select(TrelloSource.measure_id).where(
            TrelloSource.board_id == board.id, TrelloSource.ended_at.is_(None)
        )
        session.execute(
            select(Measure.id).where(Measure.id.in_(counted)).order_by(Measure.id).with_for_update()
        )
    return list(session.scalars(_live_sources(), {"on_board": board.id}))


@cache
def _live_sources() -> Select[TrelloSource]:
    """Built once: it is asked for every board, every hour."""
    return (
        select(TrelloSource)
        .where(
            TrelloSource.board_id == bindparam("on_board"),
            TrelloSource.ended_at.is_(None),
            TrelloSource.measure_id.in_(live_measures()),
        )
        .options(selectinload(TrelloSource.versions), joinedload(TrelloSource.measure))
        .order_by(TrelloSource.id)
    )


def link(measure: Measure, board: Board, criteria: Criteria, by: Person) -> TrelloSource:
    """Let the measure count on the board from now on. Commits nothing."""
    source = TrelloSource(measure=measure, board=board, linked_by_id=by.id)
    source.versions.append(_version(board, criteria, by))
    db.session.add(source)
    pasts.want(source, source.versions[-1])
    look_again(board.connection)
    return source


def relink(source: TrelloSource, board: Board, criteria: Criteria, by: Person) -> bool:
    """Let the source count by other criteria or on another board; False if nothing changed.

    What was counted until now keeps its version. Commits nothing.
    """
    if source.board is board and criteria_of(source) == criteria:
        return False
    source.board = board
    look_again(board.connection)
    source.versions.append(_version(board, criteria, by))
    pasts.want(source, source.versions[-1])
    source.counted_at = None
    source.frozen_reason = None
    return True


def _version(board: Board, criteria: Criteria, by: Person) -> SourceVersion:
    definition = {
        "connection_id": board.connection.id,
        "board_id": board.trello_id,
        "board_name": board.name,
        **criteria.definition(),
    }
    return SourceVersion(definition=definition, made_by_id=by.id)


def apply_snapshot(
    session: Session, board: Board, sources: Sequence[TrelloSource], snapshot: Snapshot
) -> int:
    """Count every source on a whole copy of the board; how many got other figures. Commits nothing.

    A source that has counted on a newer copy is left alone; one whose criteria name something
    the board lacks keeps its value and says what is gone. Raises OddAnswer, and then the caller
    must roll back.
    """
    before = Shape(board.shape)
    board.name, board.url = snapshot.frame.name, snapshot.frame.url
    # Names of what is gone are still needed to say so.
    board.shape = before.updated(snapshot.frame)
    index = BoardIndex(snapshot)
    tallies = _tallies(sources, snapshot, index, Shape(board.shape))
    # A form counts on a copy from just before the link was made.
    moments = {
        source.versions[-1]: max(snapshot.fetched_at, source.versions[-1].made_at)
        for source in tallies
    }
    kept = Keeper(session, index, Shape(shape_of(snapshot.frame))).keep(
        {source.versions[-1]: tally.cards for source, tally in tallies.items()}, moments
    )
    changed = 0
    for source, tally in tallies.items():
        version = source.versions[-1]
        changed += _record(source, tally, moments[version], kept[version])
    _set_counted(session, tallies, snapshot.fetched_at)
    return changed


def _set_counted(session: Session, sources: Iterable[TrelloSource], moment: datetime) -> None:
    """In one statement, since most of them have changed in nothing else."""
    ids = []
    for source in sources:
        ids.append(source.id)
        set_committed_value(source, "counted_at", moment)
    if ids:
        session.execute(
            update(Source)
            .where(Source.id.in_(ids))
            .values(counted_at=moment)
            .execution_options(synchronize_session=False)
        )


def _tallies(
    sources: Sequence[TrelloSource], snapshot: Snapshot, index: BoardIndex, names: Shape
) -> dict[TrelloSource, Tally]:
    """What each source counts; without those that stand still, which are told why."""
    holdings = Holdings(snapshot.frame)
    tallies = {}
    for source in sources:
        if source.counted_at is not None and source.counted_at >= snapshot.fetched_at:
            continue
        criteria = countable_by(source.measure.kind, criteria_of(source))
        missing = holdings.lack(criteria)
        source.frozen_reason = _what_is_gone(missing, names) if missing else None
        if not missing:
            tallies[source] = index.count(criteria)
    return tallies


def _record(source: TrelloSource, tally: Tally, taken_at: datetime, evidence: int) -> bool:
    """Write a reading where a figure changed; True if so."""
    measure = source.measure
    value = value_for(measure.kind, tally.matching_count, tally.completed_count)
    figures = (value, tally.matching_count, tally.completed_count)
    version = source.versions[-1]
    if (measure.value, measure.matching_count, measure.completed_count) != figures:
        record_change(measure, taken_at, *figures, version, evidence)
        return True
    if source.counted_at is None:
        # The same figures may have come from another source until now.
        return record_reading(measure, taken_at, *figures, version, evidence) is not None
    return False


def countable_by(kind: str, criteria: Criteria) -> Criteria:
    """Percent complete knows no completion criterion: the share would be all or nothing."""
    return replace(criteria, completion=ANY) if kind == PERCENT else criteria


def value_for(kind: str, matching: int, completed: int) -> Fraction:
    """Percent complete takes completed of matching; a KPI the number of matching cards."""
    return percentage(matching, completed) if kind == PERCENT else Fraction(matching)


def freeze_disallowed(connection: Connection) -> None:
    """Stop at once what hangs on boards the connection may no longer show; start again what hangs
    on boards it may show again. Commits nothing."""
    for board in connection.boards:
        is_shown = connection.shows(board.trello_id)
        for source in board.sources:
            if source.ended_at is not None:
                continue
            if not is_shown:
                source.frozen_reason = NOT_ALLOWED
            elif source.frozen_reason == NOT_ALLOWED:
                source.frozen_reason = None
                board.next_sync_at = utcnow()


def _what_is_gone(missing: Iterable[Gone], shape: Shape) -> str:
    parts = []
    for one in missing:
        match one.kind:
            case "list":
                parts.append(f"the list “{shape.list_name(one.id)}” was deleted")
            case "archived list":
                parts.append(f"the list “{shape.list_name(one.id)}” was archived")
            case "label":
                parts.append(f"the label “{shape.label_name(one.id)}” was deleted")
            case _:
                parts.append(f"{shape.member_name(one.id)} is no longer on the board")
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}. The value stands still until the source is chosen again."
