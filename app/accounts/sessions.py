"""Sessions: a row for each browser in which someone signed in, and what it holds to show for it.

The cookie holds the person's id, their session key and a token. Copied, it is worth nothing any
more once the row has ended or the person has another key.
"""

import logging
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from flask import Flask, g, request, session
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from app.accounts.forms import one_line
from app.accounts.models import Person, PersonSession, Workspace, hash_token, have_at_hand
from app.db import db, utcnow

log = logging.getLogger(__name__)

SIGNED_IN_FOR = timedelta(days=30)
"""How long a session may go unseen; then it is over."""
SEEN_EVERY = timedelta(hours=1)
"""How often it is noted at most that a session was seen."""

_TOKEN = "token"
_BROWSERS = (  # the first that fits: most claim to be one of the later ones as well
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrom(e|ium)/|CriOS/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def init_sessions(app: Flask) -> None:
    app.teardown_appcontext(_note_seen)


def start_session(person: Person) -> None:
    """Give this browser a session of its own, and drop the rows of the person's old ones."""
    token = secrets.token_urlsafe(32)
    session[_TOKEN] = token
    long_ago = utcnow() - SIGNED_IN_FOR
    over = or_(PersonSession.seen_at < long_ago, PersonSession.ended_at < long_ago)
    db.session.execute(delete(PersonSession).where(PersonSession.person_id == person.id, over))
    db.session.add(
        PersonSession(
            person_id=person.id,
            token_hash=hash_token(token),
            address=(request.remote_addr or "")[:64],
            agent=one_line(request.user_agent.string)[:200],
        )
    )


def signed_in_person(session_id: str) -> Person | None:
    """Whose session this browser holds, as long as it lasts: one statement for row, person and
    workspace."""
    token = session.get(_TOKEN)
    if not isinstance(token, str):
        return None
    lately = utcnow() - SIGNED_IN_FOR
    asked = {"token_hash": hash_token(token), "lately": lately}
    found = db.session.execute(_signed_in(), asked).one_or_none()
    if found is None:
        return None
    row_id, seen_at, person, workspace = found
    have_at_hand(workspace)
    if not person.is_active or person.get_id() != session_id:
        return None
    g.person_session = row_id
    g.is_session_to_be_noted = utcnow() - seen_at >= SEEN_EVERY
    return person


def hold_session() -> None:
    """Let whatever else the same browser sends to be changed wait for the commit."""
    own = PersonSession.id == g.person_session
    db.session.execute(select(PersonSession.id).where(own).with_for_update())


@dataclass(frozen=True)
class OpenSession:
    """Where someone is signed in, as they are shown it."""

    id: int
    browser: str
    address: str
    started_at: datetime
    seen_at: datetime
    """To about an hour."""
    is_present: bool
    """Whether it is the one that asks."""


def open_sessions(person: Person) -> list[OpenSession]:
    """Where this person is signed in, the session at hand first, then the last one seen."""
    rows = db.session.scalars(
        select(PersonSession)
        .where(PersonSession.person_id == person.id, _is_open())
        .order_by(
            PersonSession.id != present_session(),
            PersonSession.seen_at.desc(),
            PersonSession.id.desc(),
        )
    )
    return [
        OpenSession(
            id=row.id,
            browser=browser_words(row.agent),
            address=row.address or "unknown address",
            started_at=row.started_at,
            seen_at=row.seen_at,
            is_present=row.id == present_session(),
        )
        for row in rows
    ]


def present_session() -> int | None:
    """The id of the session by which the present request is signed in."""
    found: int | None = g.get("person_session")
    return found


def end_present_session() -> None:
    """End the session whose token this browser holds, if any. Commits nothing."""
    token = session.pop(_TOKEN, None)
    if isinstance(token, str):
        _end(PersonSession.token_hash == hash_token(token))


def end_session_of(person: Person, row: PersonSession) -> bool:
    """End this session. False when it is not this person's, or is over. Commits nothing."""
    return _end(PersonSession.id == row.id, PersonSession.person_id == person.id) == 1


def end_sessions(person: Person, but: int | None = None) -> int:
    """End this person's sessions, save the one with the id `but`; how many there were.

    Commits nothing.
    """
    spared = [PersonSession.id != but] if but is not None else []
    return _end(PersonSession.person_id == person.id, *spared)


def was_here_lately(email: str) -> bool:
    """Whether someone signed in to the account with this email from the present address."""
    started = select(PersonSession.id).join(PersonSession.person)
    here = started.where(
        Person.email == email,
        PersonSession.address == (request.remote_addr or "")[:64],
        PersonSession.seen_at > utcnow() - SIGNED_IN_FOR,
    )
    return db.session.scalar(here.limit(1)) is not None


def browser_words(agent: str) -> str:
    """ "Firefox on Windows", from what the browser said it is; else its own first words."""
    browser = _first(_BROWSERS, agent)
    system = _first(_SYSTEMS, agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or agent[:60] or "Unknown browser"


def _first(kinds: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for name, pattern in kinds if re.search(pattern, agent)), None)


@cache
def _signed_in() -> Select[int, datetime, Person, Workspace]:
    # Made once, for every request asks it; and every page shows the workspace.
    return (
        select(PersonSession.id, PersonSession.seen_at, Person, Workspace)
        .join(PersonSession.person)
        .join(Workspace, Workspace.id == 1)
        .where(PersonSession.token_hash == bindparam("token_hash"), _is_open(bindparam("lately")))
    )


def _is_open(lately: BindParameter[datetime] | None = None) -> ColumnElement[bool]:
    since = utcnow() - SIGNED_IN_FOR if lately is None else lately
    return and_(PersonSession.ended_at.is_(None), PersonSession.seen_at > since)


def _end(*which: ColumnElement[bool]) -> int:
    ended = db.session.scalars(
        update(PersonSession)
        .where(*which, _is_open())
        .values(ended_at=utcnow())
        .returning(PersonSession.id)
    ).all()
    return len(ended)


def _note_seen(_error: BaseException | None) -> None:
    """After the request and its transaction, which must not wait for this one or fail with it."""
    if not g.pop("is_session_to_be_noted", False):
        return
    db.end()
    try:
        with db.writing() as writing:
            writing.execute(
                update(PersonSession)
                .where(PersonSession.id == g.person_session, _is_open())
                .values(seen_at=utcnow())
            )
    except SQLAlchemyError as error:
        log.warning(
            "It could not be noted that a session was seen",
            extra={"error": type(error).__name__},
        )
    finally:
        db.end()
