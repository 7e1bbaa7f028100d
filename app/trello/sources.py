"""Sources on a board: what they count by, in words, and bringing a fresh copy into their values."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.models import PERCENT, Measure, Source, SourceVersion
from app.okrs.readings import Counted, Figures, record_changes, record_reading
from app.trello.answers import BoardFrame, Snapshot
from app.trello.board_index import BoardIndex, Tally
from app.trello.counting import ANY, Criteria, Gone, Holdings, percentage
from app.trello.evidence.keeping import Keeper
from app.trello.live_rows import LiveBoard, LiveSource, live_board, live_sources
from app.trello.models import Board, Connection, TrelloSource
from app.trello.past.stored import want_past
from app.trello.shape import Shape, shape_of
from app.trello.webhooks.addresses import look_again

NOT_ALLOWED = (
    "The connection no longer shows this board, so the value stands still. "
    "Choose another board, or ask the connection's owner to allow it again."
)
_COUNTED = (
    update(Source.__table__)  # type: ignore[arg-type]  # a Table, by then
    .where(Source.id.in_(bindparam("ids", expanding=True)))
    .values(counted_at=bindparam("moment"))
)
_COUNTED_FIGURES = (
    "value",
    "matching_count",
    "completed_count",
    "valued_at",
    "override",
    "automatic_value",
)


def criteria_of(source: TrelloSource) -> Criteria:
    """What the source counts by now."""
    return Criteria.from_definition(source.versions[-1].definition)


def link(measure: Measure, board: Board, criteria: Criteria, by: Person) -> TrelloSource:
    """Let the measure count on the board from now on. Commits nothing."""
    # The version first: it may have to load the connection, which flushes what is pending.
    version = _version(board, criteria, by)
    source = TrelloSource(measure=measure, board=board, linked_by_id=by.id, versions=[version])
    db.session.add(source)
    want_past(source, version)
    look_again(board.connection)
    return source


def board_of(connection: Connection, trello_id: str, name: str = "") -> Board:
    """The board as this connection reads it; made, by that name, where it never did. Commits
    nothing."""
    is_this = (Board.connection_id == connection.id, Board.trello_id == trello_id)
    board = db.session.scalar(select(Board).where(*is_this))
    if board is not None:
        return board
    made = Board(connection_id=connection.id, trello_id=trello_id, name=name)
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError:  # someone else linked to it a moment ago
        return db.session.scalars(select(Board).where(*is_this)).one()
    return made


def relink(source: TrelloSource, board: Board, criteria: Criteria, by: Person) -> bool:
    """Let the source count by other criteria or on another board; False if nothing changed.

    What was counted until now keeps its version. Commits nothing.
    """
    if source.board is board and criteria_of(source) == criteria:
        return False
    source.board = board
    look_again(board.connection)
    source.versions.append(_version(board, criteria, by))
    want_past(source, source.versions[-1])
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
    """As `count_on`, for sources at hand, which know of it afterwards."""
    session.flush()  # what is counted is read from the database
    wanted = {source.id for source in sources}
    rows = [one for one in live_sources(session, board.id) if one.id in wanted]
    changed = count_on(session, live_board(session, board.id), rows, snapshot)
    session.expire(board, ["name", "url", "shape"])
    for source in sources:
        session.expire(source, ["counted_at", "frozen_reason"])
        session.expire(source.measure, _COUNTED_FIGURES)
    return changed


def count_on(
    session: Session, board: LiveBoard, sources: Sequence[LiveSource], snapshot: Snapshot
) -> int:
    """Count every source on a whole copy of the board; how many got other figures. Commits nothing.

    A source that has counted on a newer copy is left alone; one whose criteria name something
    the board lacks keeps its value and says what is gone. Raises OddAnswer, and then the caller
    must roll back.
    """
    # Names of what is gone are still needed to say so.
    shape = Shape(board.shape).updated(snapshot.frame)
    _keep_names(session, board, snapshot.frame, shape)
    index = BoardIndex(snapshot)
    tallies = _tallies(session, sources, snapshot, index, Shape(shape))
    cards = {source: tally.cards for source, tally in tallies.items()}
    names = Shape(shape_of(snapshot.frame))
    evidence = Keeper(session, index, names).keep(cards, snapshot.fetched_at)
    changed, written = [], 0
    for source, tally in tallies.items():
        figures = _figures(source, tally)
        found = (figures, snapshot, evidence[source.version_id])
        if figures != source.figures:
            changed.append(_counted(source, *found))
        elif source.counted_at is None:
            # The same figures may have come from another source until now.
            written += _record_again(session, _counted(source, *found))
    record_changes(session, changed)
    if tallies:
        say_counted(session, [source.id for source in tallies], snapshot.fetched_at)
    return len(changed) + written


def say_counted(session: Session, source_ids: Sequence[int], moment: datetime) -> None:
    session.connection().execute(_COUNTED, {"ids": source_ids, "moment": moment})


def _figures(source: LiveSource, tally: Tally) -> Figures:
    value = value_for(source.kind, tally.matching_count, tally.completed_count)
    return value, tally.matching_count, tally.completed_count


def _counted(source: LiveSource, figures: Figures, snapshot: Snapshot, evidence: int) -> Counted:
    return Counted(
        measure_id=source.measure_id,
        series=source.series,
        source_version_id=source.version_id,
        taken_at=source.moment_of(snapshot.fetched_at),
        figures=figures,
        evidence_id=evidence,
    )


def _record_again(session: Session, counted: Counted) -> bool:
    """Write a reading of the figures that are there, unless the source itself brought them."""
    measure = session.get_one(Measure, counted.measure_id, populate_existing=True)
    version = session.get_one(SourceVersion, counted.source_version_id)
    reading = record_reading(
        measure, counted.taken_at, *counted.figures, version, counted.evidence_id
    )
    session.flush()  # what follows is not written through the session
    return reading is not None


def _keep_names(
    session: Session, board: LiveBoard, frame: BoardFrame, shape: dict[str, Any]
) -> None:
    names = {"name": frame.name, "url": frame.url, "shape": shape}
    if names != {"name": board.name, "url": board.url, "shape": board.shape}:
        session.connection().execute(update(Board).where(Board.id == board.id).values(names))


def _tallies(
    session: Session,
    sources: Sequence[LiveSource],
    snapshot: Snapshot,
    index: BoardIndex,
    names: Shape,
) -> dict[LiveSource, Tally]:
    """What each source counts; without those that stand still, which are told why."""
    holdings = Holdings(snapshot.frame)
    tallies = {}
    for source in sources:
        if source.counted_at is not None and source.counted_at >= snapshot.fetched_at:
            continue
        criteria = countable_by(source.kind, Criteria.from_definition(source.definition))
        missing = holdings.lack(criteria)
        reason = _what_is_gone(missing, names) if missing else None
        if reason != source.frozen_reason:
            frozen = update(Source).where(Source.id == source.id).values(frozen_reason=reason)
            session.connection().execute(frozen)
        if not missing:
            tallies[source] = index.count(criteria)
    return tallies


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
    parts, may_return = [], True
    for one in missing:
        may_return &= one.kind in ("archived list", "member")
        match one.kind:
            case "list":
                parts.append(f"the list “{shape.list_name(one.id)}” was deleted")
            case "archived list":
                parts.append(f"the list “{shape.list_name(one.id)}” was archived")
            case "label":
                parts.append(f"{shape.label_told(one.id)} was deleted")
            case _:
                parts.append(f"{shape.member_name(one.id)} is no longer on the board")
    said = "; ".join(parts)
    until = "that changes or the source" if may_return else "the source"
    return f"{said[:1].upper()}{said[1:]}. The value stands still until {until} is chosen again."
