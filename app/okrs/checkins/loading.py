"""Loading check-ins with the access check."""

from flask import abort

from app.access import by_id
from app.accounts.models import Person
from app.okrs.loading import Item, may_check_in, measure_for
from app.okrs.models import CheckIn


def check_in_for(
    person: Person, check_in_id: int, *, to_delete: bool = False
) -> tuple[CheckIn, Item]:
    """The check-in with its item, to be edited or deleted by whoever made it: 404 where the item
    is not there for them, 403 where the check-in is another's. Admins delete anyone's."""
    made = by_id(CheckIn, check_in_id)
    item = measure_for(person, made.measure_id).item
    if to_delete and person.is_admin:
        return made, item
    if made.person_id != person.id or not may_check_in(person, item):
        abort(403)
    return made, item
