"""Who has yet to see that they were mentioned."""

from functools import cache

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from app.accounts.asking import Asking, asked_by
from app.accounts.models import Person
from app.db import db, utcnow
from app.okrs.comments.models import Mention
from app.okrs.history import CHECK_IN, COMMENT
from app.okrs.integrations import Need
from app.okrs.loading import Item, is_visible
from app.okrs.models import KeyResult, Measure, Objective
from app.okrs.rows import item_url
from app.okrs.timeline import Timeline
from app.outages import left_where_nothing_can_be_saved

_MOST, _LONGEST_QUOTE = 100, 120


def see_mention(person: Person, measure: Measure, mention_id: int) -> None:
    """The person has seen this mention of them on this item. Commits nothing."""
    _see(db.session(), person, measure, Mention.id == mention_id)


def see_what_is_shown(person: Person, measure: Measure, timeline: Timeline) -> None:
    """The person has seen what mentions them on this page of the item's timeline; for a page that
    only shows something, in a transaction of its own."""
    shown: dict[str, list[int]] = {CHECK_IN: [], COMMENT: []}
    for entry in timeline.entries:
        kind, _, number = entry.key.rpartition("-")
        if kind in shown:
            shown[kind].append(int(number))
    is_shown = or_(Mention.check_in_id.in_(shown[CHECK_IN]), Mention.comment_id.in_(shown[COMMENT]))
    with left_where_nothing_can_be_saved(), db.writing() as session:
        _see(session, person, measure, is_shown)


def _see(session: Session, person: Person, measure: Measure, which: ColumnElement[bool]) -> None:
    session.execute(
        update(Mention)
        .where(
            Mention.person_id == person.id,
            Mention.measure_id == measure.id,
            Mention.seen_at.is_(None),
            which,
        )
        .values(seen_at=utcnow())
    )


def needs_of_mentions(person: Person) -> list[Need]:
    """Where the person was mentioned and has not looked since, the newest first. One statement.
    An item that they may not see any more is not told of."""
    found = db.session.execute(_unseen(person.is_admin), asked_by(person)).all()
    return [_need(key_result or objective, mention) for mention, objective, key_result in found]


@cache
def _unseen(by_admin: bool) -> Select[Mention, Objective, KeyResult]:
    person, part = Asking(by_admin), aliased(KeyResult)
    return (
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
    )


def _need(item: Item, mention: Mention) -> Need:
    place = f"{COMMENT}-{mention.comment_id}"
    if mention.check_in_id is not None:
        place = f"{CHECK_IN}-{mention.check_in_id}"
    return Need(
        title=f"{mention.by.name} mentioned you on “{item.title}”",
        sentence=_quote(mention),
        url=f"{item_url(item, 'show')}#{place}",
        action="Look",
        seen_url=f"{item_url(item, 'see')}?mention={mention.id}",
    )


def _quote(mention: Mention) -> str:
    said = mention.comment.text if mention.comment else ""
    if mention.check_in is not None:
        said = mention.check_in.note
    words = " ".join(said.split())
    short = words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE].rstrip()} …"
    return f"“{short}”"
