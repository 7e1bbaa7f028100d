"""A sync of a board that is not there, in the process that all jobs of a lane are forked from.

Each job inherits what was loaded and compiled for it: the statements, and what opens a sign-in
and signs a request. To do all that anew takes a job longer than counting a board.
"""

from contextlib import suppress

from sqlalchemy.exc import NoResultFound

from app.db import db, utcnow
from app.trello import outcomes, runs
from app.trello.app_keys import current_app_keys
from app.trello.boards import Line
from app.trello.evidence.keeping import chains_of
from app.trello.live_rows import live_board, live_sources, lock
from app.trello.signature import Signature
from app.trello.sources import say_counted
from app.vault import decrypt, encrypt

_NOBODY = 0
"""The id of no row."""
_LAST = 2**31 - 1
"""No run has a number above it."""


def rehearse() -> None:
    """Finds nothing, changes nothing, and asks Trello for nothing."""
    runs.claim(_NOBODY)
    with db.writing() as session:
        runs.take_next(session, after=_LAST)
        lock(session, _NOBODY)
        live_sources(session, _NOBODY)
        with suppress(NoResultFound):
            live_board(session, _NOBODY)
        chains_of(session, [_NOBODY])
        say_counted(session, [_NOBODY], utcnow())
        outcomes.say_read(session, _NOBODY, utcnow())
        outcomes.say_works(session, _NOBODY, utcnow())
        with suppress(runs.ClaimLost):
            runs.finish(session, _NOBODY, "", requests=0, sources=0, changed=0)
    current_app_keys()
    decrypt(encrypt("a token"))
    Signature("key", "secret", token="token", token_secret="secret").sign(
        "GET", "https://trello.com/?fields=name", {}, b""
    )
    Line().session.close()
