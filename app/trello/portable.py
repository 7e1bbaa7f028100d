"""How sources count, as it is moved out and in: Trello's ids, with the names they went by."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.db import db
from app.okrs.models import Source, SourceVersion
from app.trello.counting import Criteria
from app.trello.models import Board, TrelloSource

_PARTS = ("lists", "labels", "members")
_LONGEST_ID, _LONGEST_NAME, _MOST_CHOICES = 64, 512, 1000


def portable(sources: Sequence[Source]) -> dict[int, dict[str, Any]]:
    """The newest criteria of these by their ids, in two statements. No connection is named."""
    newest = (
        select(func.max(SourceVersion.id))
        .join(Source, Source.id == SourceVersion.source_id)
        .where(Source.ended_at.is_(None))
        .group_by(SourceVersion.source_id)
    )
    stored = {
        one.source_id: one.definition
        for one in db.session.scalars(select(SourceVersion).where(SourceVersion.id.in_(newest)))
    }
    read_by = db.session.scalars(
        select(TrelloSource)
        .where(TrelloSource.ended_at.is_(None))
        .options(joinedload(TrelloSource.board))
    )
    boards = {one.id: one.board for one in read_by}
    return {one.id: _portable(stored[one.id], boards[one.id]) for one in sources}


def checked(definition: Mapping[str, Any]) -> dict[str, Any] | None:
    """The definition as far as it says how to count; None where it does not."""
    try:
        criteria = Criteria.from_definition(definition)
        board = {name: definition[name] for name in ("board_id", "board_name")}
        shape = {part: dict(definition["names"][part]) for part in _PARTS}
    except (KeyError, TypeError, ValueError):
        return None
    ids = [*criteria.list_ids, *criteria.member_ids, *criteria.label_ids]
    ids += [*criteria.excluded_label_ids, board["board_id"]]
    words = [board["board_name"], criteria.completion, criteria.due]
    words += [text for names in shape.values() for pair in names.items() for text in pair]
    is_sound = (
        len(ids) + len(words) <= _MOST_CHOICES
        and all(isinstance(one, str) and 0 < len(one) <= _LONGEST_ID for one in ids)
        and all(isinstance(one, str) and len(one) <= _LONGEST_NAME for one in words)
        and all(
            isinstance(one, bool)
            for one in (criteria.or_nobody, criteria.or_no_label, criteria.with_archived)
        )
    )
    return {**board, **criteria.definition(), "names": shape} if is_sound else None


def _portable(stored: Mapping[str, Any], board: Board) -> dict[str, Any]:
    criteria = Criteria.from_definition(stored)
    shape = board.shape or {part: {} for part in _PARTS}
    chosen = {
        "lists": criteria.list_ids,
        "labels": (*criteria.label_ids, *criteria.excluded_label_ids),
        "members": criteria.member_ids,
    }
    names = {
        part: {one: shape[part][one] for one in ids if one in shape[part]}
        for part, ids in chosen.items()
    }
    return {
        "board_id": board.trello_id,
        "board_name": board.name,
        **criteria.definition(),
        "names": names,
    }
