"""Mail about what can't be counted: once when it begins, then daily while it lasts."""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.beats import is_any_worker_alive
from app.db import db, put, utcnow
from app.mail import outbox
from app.mail.kinds import WARNING
from app.mail.models import ToldTrouble
from app.okrs.integrations import Need, enabled_integrations
from app.timing import scaled

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(days=1)


def write_for_all() -> None:
    """Tell everyone who wants it of what their home page says they have to see to."""
    # The home page also tells admins that no worker is running, and one is: this one. After a
    # pause of the whole machine its sign of life may be old for a moment.
    if not is_any_worker_alive():
        return
    people = db.session.scalars(select(Person).where(Person.is_active, Person.wants_warnings)).all()
    for person in people:
        try:
            _write_for(person)
        except Exception:  # one whose troubles can't be told must not keep them from the others
            log.exception("Nobody was told what needs them", extra={"person": person.id})
            db.session.rollback()


def _write_for(person: Person) -> None:
    needs = [need for one in enabled_integrations() for need in one.needs(person)]
    if not _has_untold(person, needs):
        return
    with db.writing() as session:
        # Two workers may be here at once: the second finds what the first one told.
        session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
        if _has_untold(person, needs):
            outbox.write(person, WARNING, needs=needs)
            _note_told(session, person, needs)


def _has_untold(person: Person, needs: Sequence[Need]) -> bool:
    if not needs:
        return False
    told_lately = set(
        db.session.scalars(
            select(ToldTrouble.mark).where(
                ToldTrouble.person_id == person.id,
                ToldTrouble.told_at > utcnow() - scaled(AGAIN_AFTER),
            )
        )
    )
    return not told_lately.issuperset(_marks(needs))


def _note_told(session: Session, person: Person, needs: Sequence[Need]) -> None:
    """One mail tells all of them, so each counts as told now."""
    session.execute(
        delete(ToldTrouble).where(
            ToldTrouble.person_id == person.id,
            ToldTrouble.told_at <= utcnow() - scaled(AGAIN_AFTER),
        )
    )
    for mark in sorted(_marks(needs)):
        put(session, ToldTrouble, {"person_id": person.id, "mark": mark}, {"told_at": utcnow()})


def _marks(needs: Iterable[Need]) -> set[str]:
    """What is done where; the words may change with each item that joins."""
    told = (f"{need.action} {need.url}" for need in needs)
    return {hashlib.sha256(one.encode()).hexdigest() for one in told}
