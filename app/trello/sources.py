"""Sources on a board: what they count by, in words, and bringing a fresh copy into their values."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.loading import live_measures
from app.okrs.models import PERCENT, Evidence, Measure, SourceVersion
from app.okrs.readings import record_reading
from app.trello.answers import Card, Snapshot
from app.trello.counting import ANY, Count, Criteria, Gone, count, gone
from app.trello.models import Board, Connection, TrelloSource
from app.trello.shape import Shape, shape_of

NOT_ALLOWED = (
    "The connection no longer shows this board, so the value stands still. "
    "Choose another board, or ask the connection's owner to allow it again."
)


def criteria_of(source: TrelloSource) -> Criteria:
    """What the source counts by now."""
    return Criteria.from_definition(source.versions[-1].definition)


def live_sources(session: Session, board: Board) -> list[TrelloSource]:
    """The sources to be counted on this board: not ended, and their item not deleted."""
    counted = select(TrelloSource.measure_id).where(
        TrelloSource.board_id == board.id, TrelloSource.ended_at.is_(None)
    )
    # A form that saves one of them waits, or is waited for.
    session.execute(
        select(Measure.id).where(Measure.id.in_(counted)).order_by(Measure.id).with_for_update()
    )
    return list(
        session.scalars(
            select(TrelloSource)
            .where(
                TrelloSource.board_id == board.id,
                TrelloSource.ended_at.is_(None),
                TrelloSource.measure_id.in_(live_measures()),
            )
            .options(selectinload(TrelloSource.versions), joinedload(TrelloSource.measure))
            .order_by(TrelloSource.id)
        )
    )


def link(measure: Measure, board: Board, criteria: Criteria, by: Person) -> TrelloSource:
    """Let the measure count on the board from now on. Commits nothing."""
    source = TrelloSource(measure=measure, board=board, linked_by_id=by.id)
    source.versions.append(_version(board, criteria, by))
    db.session.add(source)
    return source


def relink(source: TrelloSource, board: Board, criteria: Criteria, by: Person) -> bool:
    """Let the source count by other criteria or on another board; False if nothing changed.

    What was counted until now keeps its version. Commits nothing.
    """
    if source.board is board and criteria_of(source) == criteria:
        return False
    source.board = board
    source.versions.append(_version(board, criteria, by))
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
) -> None:
    """Count every source on a whole copy of the board. Commits nothing.

    A source that has counted on a newer copy is left alone; one whose criteria name something
    the board lacks keeps its value and says what is gone. Raises OddAnswer, and then the caller
    must roll back.
    """
    before = Shape(board.shape)
    board.name, board.url = snapshot.frame.name, snapshot.frame.url
    # Names of what is gone are still needed to say so.
    board.shape = before.updated(snapshot.frame)
    names = Shape(shape_of(snapshot.frame))
    latest = _latest_evidence(session, sources)
    for source in sources:
        if source.counted_at is not None and source.counted_at >= snapshot.fetched_at:
            continue
        version = source.versions[-1]
        criteria = countable_by(source.measure.kind, Criteria.from_definition(version.definition))
        missing = gone(criteria, snapshot.frame)
        source.frozen_reason = _what_is_gone(missing, Shape(board.shape)) if missing else None
        if missing:
            continue
        result = count(criteria, snapshot)
        evidence = _keep_evidence(session, version, latest.get(version.id), result, snapshot, names)
        measure = source.measure
        value = value_for(measure.kind, result)
        present = (measure.value, measure.matching_count, measure.completed_count)
        figures = (value, result.matching_count, result.completed_count)
        if source.counted_at is None or present != figures:
            # A form counts on a copy from just before the link was made.
            taken_at = max(snapshot.fetched_at, version.made_at)
            record_reading(measure, taken_at, *figures, version, evidence)
        source.counted_at = snapshot.fetched_at


def countable_by(kind: str, criteria: Criteria) -> Criteria:
    """Percent complete knows no completion criterion: the share would be all or nothing."""
    return replace(criteria, completion=ANY) if kind == PERCENT else criteria


def value_for(kind: str, result: Count) -> Fraction:
    """Percent complete takes completed of matching; a KPI the number of matching cards."""
    return result.percentage if kind == PERCENT else Fraction(result.matching_count)


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


def _latest_evidence(
    session: Session, sources: Sequence[TrelloSource]
) -> dict[int, tuple[int, str]]:
    """The newest evidence of each present version: its id and its digest."""
    versions = [source.versions[-1].id for source in sources]
    newest = (
        select(func.max(Evidence.id))
        .where(Evidence.source_version_id.in_(versions))
        .group_by(Evidence.source_version_id)
    )
    rows = session.execute(
        select(Evidence.source_version_id, Evidence.id, Evidence.digest).where(
            Evidence.id.in_(newest)
        )
    )
    return {version_id: (evidence_id, digest) for version_id, evidence_id, digest in rows}


def _keep_evidence(
    session: Session,
    version: SourceVersion,
    latest: tuple[int, str] | None,
    result: Count,
    snapshot: Snapshot,
    names: Shape,
) -> int:
    """The id of the evidence for this set of cards, written only when the set changed."""
    digest = _digest(result.matching)
    if latest is not None and latest[1] == digest:
        return latest[0]
    evidence = Evidence(
        source_version_id=version.id,
        taken_at=snapshot.fetched_at,
        digest=digest,
        payload=_payload(result.matching, names),
    )
    session.add(evidence)
    session.flush()  # the reading points at it
    return evidence.id


def _digest(cards: Iterable[Card]) -> str:
    lines = sorted(f"{card.id}{'+' if card.is_completed else '-'}" for card in cards)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _payload(cards: Iterable[Card], names: Shape) -> bytes:
    """What was counted, as it was called then."""
    records = [
        {
            "id": card.id,
            "name": card.name,
            "list": names.list_name(card.list_id),
            "labels": [names.label_name(one) for one in card.label_ids],
            "owners": [names.member_name(one) for one in card.member_ids],
            "completed": card.is_completed,
            "url": card.url,
        }
        for card in cards
    ]
    return zlib.compress(json.dumps(records, separators=(",", ":")).encode(), 6)


def counted_cards(evidence: Evidence) -> list[dict[str, Any]]:
    """The cards that were counted: id, name, list, labels, owners, completed, url."""
    cards: list[dict[str, Any]] = json.loads(zlib.decompress(evidence.payload))
    return cards
