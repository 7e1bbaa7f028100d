"""Deleting what nobody can use any more: sessions and links that are over, imports given up.

In small transactions, so that nobody waits long for the database.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import PasswordLink, PersonSession
from app.accounts.sessions import SIGNED_IN_FOR
from app.db import db, utcnow
from app.okrs.moving.models import Import

KEPT = timedelta(days=30)
"""How long what is over is kept: after this long, nobody asks any more what became of it."""
AT_ONCE = 500
"""Rows in one transaction."""

_Prunable = type[PersonSession] | type[PasswordLink] | type[Import]


def prune() -> int:
    """Delete all of it; how many rows that were. Three transactions where there is nothing."""
    return sum(_delete_all(model, is_over) for model, is_over in _what_is_over())


def _what_is_over() -> list[tuple[_Prunable, ColumnElement[bool]]]:
    before = utcnow() - KEPT
    unseen = PersonSession.seen_at < utcnow() - max(KEPT, SIGNED_IN_FOR)
    return [
        (PersonSession, or_(unseen, PersonSession.ended_at < before)),
        (PasswordLink, PasswordLink.expires_at < before),  # used or not
        (Import, Import.done_at.is_(None) & (Import.made_at < before)),
    ]


def _delete_all(model: _Prunable, is_over: ColumnElement[bool]) -> int:
    count = 0
    while True:
        with db.writing() as session:
            deleted = _delete_some(session, model, is_over)
        count += deleted
        if deleted < AT_ONCE:
            return count


def _delete_some(session: Session, model: _Prunable, is_over: ColumnElement[bool]) -> int:
    # What another worker is about to delete is left to it.
    some = select(model.id).where(is_over).limit(AT_ONCE).with_for_update(skip_locked=True)
    ids = session.scalars(some).all()
    if ids:
        gone = delete(model).where(model.id.in_(ids))
        session.execute(gone.execution_options(synchronize_session=False))
    return len(ids)
