"""Saying, mending and taking back a comment. Nothing here commits."""

from sqlalchemy import select

from app.accounts.models import Person
from app.audit.log import record
from app.db import db, utcnow
from app.okrs.changes import record_of
from app.okrs.comments.models import Comment
from app.okrs.loading import Item
from app.okrs.mentions import mention


def say(item: Item, text: str, by: Person) -> Comment:
    """Say it of the item, now."""
    comment = Comment(measure=item.measure, person_id=by.id, text=text, made_at=utcnow())
    db.session.add(comment)
    mention(item, comment, text, by)
    return comment


def is_repeat(item: Item, text: str, by: Person, seen_id: int | None) -> bool:
    """Whether the person has said just this since they saw the form, as by pressing twice."""
    if seen_id is None:
        return False
    same = select(Comment.id).where(
        Comment.measure_id == item.measure_id,
        Comment.person_id == by.id,
        Comment.id > seen_id,
        Comment.text == text,
    )
    return db.session.scalar(same.limit(1)) is not None


def edit(item: Item, comment: Comment, text: str, by: Person) -> None:
    """Say something else in its place; it is marked as edited."""
    if comment.text == text:
        return
    comment.text, comment.edited_at = text, utcnow()
    record("comment.edited", *record_of(item), by=by)
    mention(item, comment, text, by)


def delete(item: Item, comment: Comment, by: Person) -> None:
    """Take it back, with the mentions in it."""
    record("comment.deleted", *record_of(item), by=by, comment_of=comment.person.name)
    db.session.delete(comment)
