"""The way to Trello and back: what is remembered meanwhile, and the connection it ends in."""

import hashlib
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from hmac import compare_digest

from flask import current_app, flash, url_for
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.access import hold_me
from app.accounts.forms import LONGEST_NAME, one_line
from app.accounts.models import Person, workspace
from app.audit.log import record
from app.config import Config
from app.db import db, utcnow
from app.security import site_origin
from app.trello import oauth, outcomes
from app.trello.answers import Member
from app.trello.app_keys import AppKeys
from app.trello.client import Credentials, Trello
from app.trello.disconnecting import revoke, trello_to_revoke
from app.trello.failures import TrelloError
from app.trello.loading import may_connect, may_reconnect
from app.trello.models import Board, Connection, PendingSignIn
from app.trello.quota import PAGE_WAIT, Turns
from app.trello.sign_in_failures import (
    CONNECTION_GONE,
    DENIED,
    ELSEWHERE,
    EXPIRED,
    NOT_ALLOWED,
    OTHER_KEY,
    UNKNOWN,
    USED,
    WITHOUT_TOKEN,
    SignInFailed,
    other_account,
    trouble_of,
)
from app.trello.waiting import PATIENCE, page_waits
from app.trello.webhooks.addresses import look_again
from app.vault import SecretUnreadable, decrypt, encrypt

log = logging.getLogger(__name__)

LIFE = timedelta(minutes=15)
"""How long someone may stay at Trello."""
NOT_GIVEN_BACK = (
    "The access that Trello granted just now could not be revoked there. Sign in at Trello with "
    "that account and revoke it under the account's settings."
)
OLD_NOT_REVOKED = (
    "The access that the connection had before could not be revoked at Trello: sign in there as "
    "@{account}, and of the two under your account's settings revoke the older one."
)
_USED = ""
"""Stands where the secret was, so that a sign-in that is repeated can be told so."""


@dataclass(frozen=True)
class _Pending:
    """What the server remembers of a sign-in, encrypted."""

    secret: str = field(repr=False)
    browser: str = field(repr=False)
    person_id: int
    key_fingerprint: str
    connection_id: int | None
    """The connection to be reconnected; None for a new one."""


def callback_address() -> str:
    return site_origin() + url_for("trello.callback")


def begin(person: Person, keys: AppKeys, browser: str, connection: Connection | None = None) -> str:
    """Begin a sign-in, for a new connection or to reconnect one. Returns the address at Trello.

    `browser` is a secret of the session it must come back to. Raises SignInFailed. Ends the
    transaction, and commits.
    """
    person_id, connection_id = person.id, connection.id if connection else None
    app_name = workspace().name
    db.end_reading()
    try:
        begun = oauth.begin(keys, callback_address(), app_name)
    except SignInFailed as failure:
        failure.connection_id = connection_id
        raise
    pending = _Pending(begun.secret, browser, person_id, keys.fingerprint, connection_id)
    with db.writing() as session:
        # Kept for as long again, so that someone who is late can be told so.
        session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at < utcnow() - LIFE))
        session.merge(
            PendingSignIn(
                key=_key(begun.name),
                value_encrypted=encrypt(json.dumps(asdict(pending))),
                expires_at=utcnow() + LIFE,
            )
        )
    return begun.address


def complete(
    person: Person, keys: AppKeys, browser: str, arguments: Mapping[str, str]
) -> Connection:
    """Make a connection, or reconnect one, from what someone brings back from Trello.

    Each sign-in works once, in the browser and for the person that began it. Raises
    SignInFailed. Ends the transaction, and commits.
    """
    person_id = person.id
    back = oauth.came_back(arguments)
    if back.name is None:
        raise SignInFailed(WITHOUT_TOKEN)
    try:
        pending = _take(back.name, person_id, browser)
    except SignInFailed as failure:
        if back.proof is None:
            raise SignInFailed(DENIED) from failure
        raise
    try:
        if back.proof is None:
            raise SignInFailed(DENIED)
        if pending.key_fingerprint != keys.fingerprint:
            raise SignInFailed(OTHER_KEY)
        _allowed(person, pending)
        return _finish(keys, pending, back.name, back.proof)
    except SignInFailed as failure:
        if failure.trouble is not CONNECTION_GONE:
            failure.connection_id = pending.connection_id
        raise


def _key(name: str) -> str:
    """Names are as long as Trello likes; the table holds their hashes."""
    return hashlib.sha256(name.encode()).hexdigest()


def _take(name: str, person_id: int, browser: str) -> _Pending:
    """What is remembered under this name, this once. Commits; raises SignInFailed."""
    with db.writing() as session:
        row = session.get(PendingSignIn, _key(name), with_for_update=True)
        if row is None:
            raise SignInFailed(UNKNOWN)
        if row.value_encrypted == _USED:
            raise SignInFailed(USED)
        try:
            pending = _Pending(**json.loads(decrypt(row.value_encrypted)))
        except SecretUnreadable as error:
            raise SignInFailed(UNKNOWN) from error
        is_from_here = compare_digest(pending.browser.encode(), browser.encode())
        if not is_from_here or pending.person_id != person_id:
            raise SignInFailed(ELSEWHERE)
        if row.expires_at <= utcnow():
            raise SignInFailed(EXPIRED, pending.connection_id)
        row.value_encrypted = _USED
    return pending


def _allowed(person: Person, pending: _Pending) -> Connection | None:
    """The connection to be reconnected, read anew and held until the commit; None for a new one.

    Raises SignInFailed where what the person might do at the start was taken from them meanwhile.
    """
    if pending.connection_id is None:
        connection, is_right = None, may_connect(person)
    else:
        connection = db.session.get(
            Connection, pending.connection_id, populate_existing=True, with_for_update=outcomes.LOCK
        )
        if connection is None:
            raise SignInFailed(CONNECTION_GONE)
        is_right = may_reconnect(person, connection)
    if not is_right:
        raise SignInFailed(NOT_ALLOWED)
    return connection


def _finish(keys: AppKeys, pending: _Pending, name: str, proof: str) -> Connection:
    config: Config = current_app.extensions["tally_config"]
    db.end_reading()
    grant = oauth.finish(keys, name, pending.secret, proof)
    credentials = Credentials(keys.key, keys.secret, grant.token, grant.token_secret)
    turns = Turns(keys.key, grant.token, is_urgent=True, longest_wait=PAGE_WAIT)
    trello = Trello(credentials, config.trello_api_url, PATIENCE, take_turn=turns.take)
    try:
        with page_waits():
            member = trello.me()
        with db.writing() as session:
            # Checked once more: much may have happened while Trello was asked.
            present = _allowed(hold_me(), pending)
            old = _old_token(present, grant)
            connection = _connection_of(session, present, pending, member)
            _keep(session, connection, member, grant, keys)
            session.flush()  # the audit log wants the id of a new one
            is_new = pending.connection_id is None
            action = "connection.made" if is_new else "connection.reconnected"
            account = f"@{connection.member_username}"
            record(action, "connection", connection.id, connection.name, account=account)
    except TrelloError as error:
        _give_back(trello)
        raise SignInFailed(trouble_of(error)) from error
    except Exception:  # also where the person may do nothing any more, or the database is away
        _give_back(trello)
        raise
    if old is not None:
        _revoke_old(old, connection)
    return connection


@dataclass(frozen=True)
class _Old:
    """The token that a reconnected connection had before."""

    trello: Trello | None
    """Trello as of that token; None where it can't be asked by it."""


def _old_token(connection: Connection | None, grant: oauth.Grant) -> _Old | None:
    """What is to be revoked: None for a new connection, or where Trello granted the same token."""
    if connection is None or not connection.token_encrypted:
        return None
    with suppress(SecretUnreadable):
        if decrypt(connection.token_encrypted) == grant.token:
            return None
    return _Old(trello_to_revoke(connection))


def _connection_of(
    session: Session, found: Connection | None, pending: _Pending, member: Member
) -> Connection:
    """A new connection, or the one to be reconnected. Raises SignInFailed."""
    if found is None:
        name = one_line(f"Trello ({member.username})")[:LONGEST_NAME]
        connection = Connection(owner_id=pending.person_id, name=name)
        session.add(connection)
        return connection
    if found.member_id != member.id:
        raise SignInFailed(other_account(member.username, found.member_username))
    # What stood still goes on within the minute.
    session.execute(
        update(Board).where(Board.connection_id == found.id).values(next_sync_at=utcnow())
    )
    return found


def _keep(
    session: Session, connection: Connection, member: Member, grant: oauth.Grant, keys: AppKeys
) -> None:
    connection.member_id = member.id
    connection.member_username = one_line(member.username)[:120]
    connection.member_name = one_line(member.full_name)[:200]
    connection.token_encrypted = encrypt(grant.token)
    connection.token_secret_encrypted = encrypt(grant.token_secret)
    connection.key_fingerprint = keys.fingerprint
    connection.disconnected_at = connection.disconnected_by_id = None
    outcomes.record_reconnection(session, connection)
    look_again(connection)


def _give_back(trello: Trello) -> None:
    """Revoke a token that nothing will use, and say so where that is left to the person."""
    if not revoke(trello):
        log.warning("A token that was not used could not be revoked")
        flash(NOT_GIVEN_BACK, "warning")


def _revoke_old(old: _Old, connection: Connection) -> None:
    """Revoke a token that nothing uses any more, and say so where that is left to the person."""
    if not revoke(old.trello):
        log.warning("A token that was replaced could not be revoked")
        flash(OLD_NOT_REVOKED.format(account=connection.member_username), "warning")
