"""Sign-ins that are under way: kept encrypted in the session of the browser that began them."""

import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from hmac import compare_digest

from flask import session
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from app.accounts.models import hash_token
from app.accounts.openid.models import OpenIdReturn
from app.accounts.openid.troubles import OVER, OpenIdFailed
from app.accounts.signing_in import START
from app.db import db, utcnow
from app.vault import SecretUnreadable, decrypt, encrypt

LIFE = timedelta(minutes=15)
"""How long someone may stay at the provider."""
_MOST = 3
"""As many tabs may be on their way at once: a cookie holds four kilobytes."""
_LONGEST_TARGET = 300
_KEPT = "openid"


@dataclass(frozen=True)
class Pending:
    """What is remembered of one sign-in."""

    target: str
    """Where to go on."""
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    begun_at: float = field(default_factory=lambda: utcnow().timestamp())


def remember(pending: Pending) -> None:
    """Keep it in this browser's session, beside the last ones that are still under way."""
    if len(pending.target.encode()) > _LONGEST_TARGET:
        pending = replace(pending, target=START)
    _keep([*_all(), pending][-_MOST:])


def take(state: str) -> Pending:
    """What this browser remembers under the state, once. Commits; raises OpenIdFailed."""
    every = _all()
    found = [one for one in every if compare_digest(one.state.encode(), state.encode())]
    if not found:
        raise OpenIdFailed(OVER, "this browser knows no such sign-in")
    _keep([one for one in every if one not in found])
    age = utcnow().timestamp() - found[0].begun_at
    if age > LIFE.total_seconds():
        raise OpenIdFailed(OVER, "the sign-in took too long")
    _use_up(state)
    return found[0]


def _use_up(state: str) -> None:
    """An older copy of the cookie still remembers it; the database does so for all of them."""
    try:
        with db.writing() as writing:
            writing.execute(delete(OpenIdReturn).where(OpenIdReturn.used_at < utcnow() - 2 * LIFE))
            writing.add(OpenIdReturn(state_hash=hash_token(state)))
    except IntegrityError as error:
        raise OpenIdFailed(OVER, "the sign-in came back before") from error


def _all() -> list[Pending]:
    try:
        return [Pending(**one) for one in json.loads(decrypt(session.get(_KEPT, "")))]
    except SecretUnreadable:
        return []


def _keep(every: list[Pending]) -> None:
    if every:
        kept = json.dumps([asdict(one) for one in every], ensure_ascii=False)
        session[_KEPT] = encrypt(kept)
    else:
        session.pop(_KEPT, None)
