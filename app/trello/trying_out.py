"""Test now: one question to Trello, whether it still knows the account of a connection."""

from app.accounts.forms import one_line
from app.db import db
from app.okrs.integrations import is_enabled
from app.trello import outcomes
from app.trello.boards import telling_connection, trello_for_page
from app.trello.failures import Limited, OddAnswer, TrelloError, Unavailable
from app.trello.models import Connection
from app.trello.waiting import page_waits

_DISABLED = "Trello is disabled by an admin, so nothing was asked."
_DOWN = "Trello could not be reached, or did not answer in time. Try again in a minute."
_BUSY = "Trello asked us to slow down, so nothing can be told now. Try again in a minute."
_ODD = "Trello answered with something that makes no sense. Try again in a few minutes."


def try_out(connection: Connection) -> tuple[bool, str]:
    """Whether it works, and a sentence for people. A refused token marks it for reconnecting.

    Ends the transaction; what it finds out is committed.
    """
    if not is_enabled("trello"):
        return False, _DISABLED
    connection_id, name, member_id = connection.id, connection.name, connection.member_id
    try:
        trello = trello_for_page(connection)
        db.end_reading()
        with page_waits(), telling_connection(connection):
            member = trello.me()
    except Unavailable:
        return False, _DOWN
    except Limited:
        return False, _BUSY
    except OddAnswer:
        return False, _ODD
    except TrelloError as error:
        return False, f"{name} does not work. {error.sentence}"
    if member.id != member_id:
        return False, f"{name} does not work: it now reads Trello as someone else. Reconnect it."
    with db.writing() as session:
        outcomes.record_answer(session, connection_id)
    return True, f"{name} works as @{one_line(member.username)}."
