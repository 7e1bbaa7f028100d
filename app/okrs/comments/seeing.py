"""Who has yet to see that they were mentioned."""

from collections.abc import Sequence

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.comments.models import Mention
from app.okrs.integrations import Need
from app.okrs.loading import Item, is_visible
from app.okrs.models import KeyResult, Measure, Objective
from app.okrs.rows import item_url

_MOST, _LONGEST_QUOTE = 100, 120


def see_mentions(session: Session, person: Person, measure: Measure) -> None:
    """The person has seen what mentions them on this item. Commits nothing."""
    session.execute(
        update(Mention)
        .where(
            Mention.person_id == person.id,
            Mention.measure_id == measure.id,
            Mention.seen_at.is_(None),
        )
        .values(seen_at=utcnow())
    )


def see_mentions_now(person: Person, measure: Measure) -> None:
    """The same for a page that only shows something, in a transaction of its own."""
    with db.writing() as session:
        see_mentions(session, person, measure)


def needs_of_mentions(person: Person) -> list[Need]:
    """The items on which the person was mentioned and has not looked since, each once, the newest
    first. One statement. An item that they may not see any more is not told of."""
    part = aliased(KeyResult)
    found = db.session.execute(
        select(Mention, Objective, part)
        .join(Measure, Measure.id == Mention.measure_id)
        .outerjoin(part, part.measure_id == Measure.id)
        .join(Objective, or_(Objective.measure_id == Measure.id, Objective.id == part.objective_id))
        .where(
            Mention.person_id == person.id,
            Mention.seen_at.is_(None),
            is_visible(person),
            part.deleted_at.is_(None),
        )
        .options(joinedload(Mention.by), joinedload(Mention.comment), joinedload(Mention.check_in))
        .order_by(Mention.id.desc())
        .limit(_MOST)
    ).all()
    by_item: dict[int, list[Mention]] = {}
    items: dict[int, Item] = {}
    for mention, objective, key_result in found:
        by_item.setdefault(mention.measure_id, []).append(mention)
        items[mention.measure_id] = key_result or objective
    return [_need(items[one], mentions) for one, mentions in by_item.items()]


def _need(item: Item, mentions: Sequence[Mention]) -> Need:
    newest = mentions[0]
    others = len({one.by_id for one in mentions}) - 1
    names = newest.by.name
    if others:
        names += f" and {others} {'other' if others == 1 else 'others'}"
    place = f"comment-{newest.comment_id}"
    if newest.check_in_id is not None:
        place = f"check-in-{newest.check_in_id}"
    return Need(
        title=f"{names} mentioned you on “{item.title}”",
        sentence=_quote(newest),
        url=f"{item_url(item, 'show')}#{place}",
        action="Look",
        seen_url=item_url(item, "see"),
    )


def _quote(mention: Mention) -> str:
    said = mention.comment.text if mention.comment else ""
    if mention.check_in is not None:
        said = mention.check_in.note
    words = " ".join(said.split())
    short = words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE].rstrip()} …"
    return f"“{short}”"
