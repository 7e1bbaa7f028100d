"""Which of someone's items want a check-in: what people keep current, and nobody did lately."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.models import Person, workspace
from app.db import db, utcnow
from app.okrs.loading import Item
from app.okrs.models import CheckIn, Measure
from app.okrs.owned import is_kept_by_people, last_check_ins, running_items

WEEK = timedelta(days=7)


def items_wanting(person: Person) -> list[Item]:
    """The person's running items whose value people say, without a check-in for a week. In a
    number of statements that does not grow."""
    items = running_items(person, workspace().today())
    kept = [item for item in items if is_kept_by_people(item.measure)]
    last = last_check_ins(kept)
    return [item for item in kept if is_long_ago(last.get(item.measure_id))]


def is_long_ago(checked_in_at: datetime | None) -> bool:
    """Of the last check-in, if there is any: whether another is wanted."""
    return checked_in_at is None or checked_in_at <= utcnow() - WEEK


def last_check_in(measure: Measure) -> CheckIn | None:
    """The newest, with who made it."""
    return db.session.scalar(
        select(CheckIn)
        .where(CheckIn.measure_id == measure.id)
        .order_by(CheckIn.made_at.desc(), CheckIn.id.desc())
        .options(joinedload(CheckIn.person))
        .limit(1)
    )
