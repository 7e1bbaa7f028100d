"""Loading comments with the access check."""

from flask import abort

from app.access import by_id
from app.accounts.models import Person
from app.okrs.comments.models import Comment
from app.okrs.loading import Item, measure_for


def comment_for(
    person: Person, comment_id: int, *, to_delete: bool = False
) -> tuple[Comment, Item]:
    """The comment with its item, to be edited or deleted by whoever made it: 404 where the item is
    not there for them, 403 where the comment is another's. Admins delete anyone's."""
    comment = by_id(Comment, comment_id)
    item = measure_for(person, comment.measure_id).item
    if comment.person_id != person.id and not (to_delete and person.is_admin):
        abort(403)
    return comment, item
