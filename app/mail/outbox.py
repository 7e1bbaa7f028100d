"""The outbox: mail is written with what it tells of, in one transaction, and sent by the worker."""

import json
import logging
import random
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template
from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from app.accounts.models import Person
from app.db import changed_rows, db, insert_into, utcnow
from app.mail.kinds import KINDS, Kind
from app.mail.models import OutgoingMail
from app.mail.site import absolute, is_mail_on
from app.mail.unsubscribing import unsubscribe_url
from app.okrs.loading import may_see_item_of
from app.timing import not_beyond, scaled
from app.vault import SecretUnreadable, decrypt, encrypt

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""How long one worker has for one mail; then it is another's."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=30)
KEPT = timedelta(days=30)
"""How long a row is kept after its mail; keys of a week that are older can't come again."""
LATELY = timedelta(days=7)
TOO_LATE = "It could not be sent while it was of use."


@dataclass(frozen=True)
class Content:
    subject: str
    text: str


@dataclass(frozen=True)
class Claim:
    """One mail that is ours to send until the lease ends."""

    mail: OutgoingMail
    token: str
    until: datetime

    @property
    def person(self) -> Person:
        return self.mail.person

    @property
    def kind(self) -> Kind:
        return KINDS[self.mail.kind]

    @property
    def is_too_late(self) -> bool:
        """Whether it waited longer than it is worth, as where no worker ran for days."""
        return utcnow() > self.mail.made_at + scaled(self.kind.patience)

    def content(self) -> Content | None:
        """None where the key with which it was kept has changed."""
        try:
            return Content(**json.loads(decrypt(self.mail.content_encrypted or "")))
        except SecretUnreadable:
            return None


def write(
    person: Person, kind: Kind, key: str | None = None, about: int | None = None, **values: Any
) -> bool:
    """Write `mail/<kind>.txt` to someone, in the present transaction. Commits nothing.

    False where nothing is to be sent: without a mail server, to a closed account, against the
    person's wish, or when what `key` stands for was told before. `about` is the id of a measure:
    once the person may not see its item any more, the mail is dropped.
    """
    if not is_mail_on() or not kind.is_wanted_by(person):
        return False
    content = _content(person, kind, values)
    sealed = encrypt(json.dumps({"subject": content.subject, "text": content.text}))
    return _insert(person, kind, key, sealed, about)


def may_be_told(claim: Claim) -> bool:
    """Whether the person still sees what the mail tells of; much may change while it waits."""
    measure_id = claim.mail.measure_id
    return measure_id is None or may_see_item_of(claim.person, measure_id)


def note_nothing_to_tell(person: Person, kind: Kind, key: str) -> None:
    """Keep that under this key there was nothing, so that nobody looks again. Commits nothing."""
    _insert(person, kind, key, None)


def known_keys(keys: Sequence[str]) -> set[str]:
    """Those of the keys that were told, or of which there was nothing to tell."""
    told = select(OutgoingMail.key).where(OutgoingMail.key.in_(keys))
    return {key for key in db.session.scalars(told) if key}


def next_due() -> int | None:
    """The id of the mail that waits longest for its turn; None while another is being sent.

    One at a time, so that a mail server that hangs holds up one of the lanes at most.
    """
    another = aliased(OutgoingMail)
    is_sending = exists().where(
        another.content_encrypted.is_not(None), another.lease_until >= utcnow()
    )
    return db.session.scalar(
        select(OutgoingMail.id)
        .where(_is_due(), ~is_sending)
        .order_by(OutgoingMail.next_try_at, OutgoingMail.id)
        .limit(1)
    )


def claim(mail_id: int) -> Claim | None:
    """Take one mail that is due; None when it is not, or another worker has it.

    A transaction of its own.
    """
    token, until = secrets.token_hex(16), utcnow() + scaled(LEASE)
    with db.writing() as session:
        claimed = session.execute(
            update(OutgoingMail)
            .where(OutgoingMail.id == mail_id, _is_due())
            .values(claim=token, lease_until=until, try_count=OutgoingMail.try_count + 1)
            .execution_options(synchronize_session=False)
        )
        if changed_rows(claimed) != 1:
            return None
        mail = session.scalars(
            select(OutgoingMail)
            .where(OutgoingMail.id == mail_id)
            .options(joinedload(OutgoingMail.person))
            .execution_options(populate_existing=True)
        ).one()
    return Claim(mail, token, until)


def note_sent(claim: Claim) -> bool:
    """False where the claim was lost meanwhile. A transaction of its own, like those below."""
    with db.writing() as session:
        return _finish(session, claim, sent_at=utcnow(), content_encrypted=None, failure=None)


def give_up(claim: Claim, failure: str) -> None:
    log.warning("Mail is given up", extra={"mail": claim.mail.id, "kind": claim.mail.kind})
    with db.writing() as session:
        _finish(session, claim, content_encrypted=None, failure=failure)


def drop(claim: Claim) -> None:
    """There is nothing to tell any more: the account was closed, or the mail turned off."""
    with db.writing() as session:
        _finish(session, claim, content_encrypted=None, failure=None)


def try_later(claim: Claim, failure: str) -> None:
    """After a pause that grows and is never quite the same; given up once that is too late."""
    pause = min(FIRST_PAUSE * 2 ** min(claim.mail.try_count - 1, 10), LONGEST_PAUSE)
    next_try_at = utcnow() + scaled(pause) * random.uniform(0.8, 1.2)
    if next_try_at > claim.mail.made_at + scaled(claim.kind.patience):
        give_up(claim, failure)
        return
    with db.writing() as session:
        _finish(session, claim, next_try_at=next_try_at, failure=failure)


def let_all_wait() -> None:
    """While the mail server is in trouble, one mail a minute finds out whether it still is."""
    until = utcnow() + scaled(FIRST_PAUSE)
    with db.writing() as session:
        session.execute(
            update(OutgoingMail)
            .where(_is_due())
            .values(next_try_at=until)
            .execution_options(synchronize_session=False)
        )


def last_trouble() -> OutgoingMail | None:
    """The newest mail that could not be sent, or not yet, for a reason that may last."""
    return db.session.scalar(
        select(OutgoingMail)
        .where(OutgoingMail.failure.is_not(None), OutgoingMail.next_try_at > utcnow() - LATELY)
        .order_by(OutgoingMail.id.desc())
        .options(joinedload(OutgoingMail.person))
        .limit(1)
    )


def clear_old(session: Session) -> None:
    """Drop the content of what is too late by now, and forget what was sent or given up long ago.
    Commits nothing."""
    is_too_late = or_(
        *(
            and_(
                OutgoingMail.kind == kind.name,
                OutgoingMail.made_at < utcnow() - scaled(kind.patience),
            )
            for kind in KINDS.values()
        )
    )
    session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.content_encrypted.is_not(None), _is_free(), is_too_late)
        .values(
            content_encrypted=None,
            claim=None,
            lease_until=None,
            failure=func.coalesce(OutgoingMail.failure, TOO_LATE),
        )
        .execution_options(synchronize_session=False)
    )
    is_done = OutgoingMail.content_encrypted.is_(None)
    session.execute(
        delete(OutgoingMail).where(is_done, OutgoingMail.made_at < utcnow() - scaled(KEPT))
    )


def _content(person: Person, kind: Kind, values: dict[str, Any]) -> Content:
    """The template's first line is the subject, which a name or a title can't break in two."""
    stop_url = unsubscribe_url(person, kind) if kind.wish else None
    page = render_template(
        f"mail/{kind.name}.txt",
        **{"recipient": person, "absolute": absolute, "stop_url": stop_url, "kind": kind} | values,
    )
    subject, _, text = page.strip().partition("\n")
    return Content(" ".join(subject.split()), re.sub(r"\n{3,}", "\n\n", f"{text.strip()}\n"))


def _insert(
    person: Person, kind: Kind, key: str | None, sealed: str | None, about: int | None = None
) -> bool:
    now = utcnow()
    added = db.session.execute(
        insert_into(db.session(), OutgoingMail)
        .values(
            person_id=person.id,
            kind=kind.name,
            key=key,
            measure_id=about,
            content_encrypted=sealed,
            made_at=now,
            next_try_at=now,
            try_count=0,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(OutgoingMail.id)  # PostgreSQL does not count what it inserted otherwise
    )
    return added.first() is not None


def _is_due() -> ColumnElement[bool]:
    return and_(
        OutgoingMail.content_encrypted.is_not(None),
        OutgoingMail.next_try_at <= utcnow(),
        _is_free(),
    )


def _is_free() -> ColumnElement[bool]:
    """No worker has it, or one that had its time."""
    return or_(OutgoingMail.lease_until.is_(None), OutgoingMail.lease_until < utcnow())


def put_right() -> None:
    """After the clock was set back: what was planned by it as it was before comes in time."""
    with db.writing() as session:
        session.execute(not_beyond(OutgoingMail.lease_until, scaled(LEASE)))
        session.execute(not_beyond(OutgoingMail.next_try_at, scaled(2 * LONGEST_PAUSE)))


def _finish(session: Session, claim: Claim, **values: Any) -> bool:
    """Whether the claim still held. What a late worker has to say is not written."""
    finished = session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.id == claim.mail.id, OutgoingMail.claim == claim.token)
        .values(claim=None, lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(finished) == 1
