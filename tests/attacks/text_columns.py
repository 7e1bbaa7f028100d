"""Every column that can hold text, and which of them no person and no file can write words into."""

import json
import sqlite3
from collections.abc import Iterator

from sqlalchemy import JSON, Column, LargeBinary, String
from sqlalchemy.types import TypeDecorator

from app.db import Model, Moment
from app.exact import Exact, LongExact
from tests.support.planted import unpacked

MARK = "planted"
"""In every piece of what is planted, however a field shortens it."""

CHOICE = "one of a few words of Tally's own"
COUNTED = "a digest, a random key or a number of Tally's own"
SECRET = "encrypted or hashed, and never shown"
FORM_CHECKED = "refused unless it has the form of Trello's ids"
SAID_BY_TALLY = "names of Tally's own parts"

HOLDS_NO_WORDS = {
    "audit_entry.action": CHOICE,
    "audit_entry.thing_kind": CHOICE,
    "change.what": CHOICE,
    "check_in.imported_key": COUNTED,
    "check_in.override": CHOICE,
    "evidence.digest": COUNTED,
    "import.layout": CHOICE,
    "import.outcome": "counts under words of Tally's own",
    "imported.origin": COUNTED,
    "integration.name": SAID_BY_TALLY,
    "measure.ended_as": CHOICE,
    "measure.guard": CHOICE,
    "measure.kind": CHOICE,
    "measure.override": CHOICE,
    "measure.parts_ended_as": CHOICE,
    "objective.level": CHOICE,
    "openid_return.state_hash": SECRET,
    "outgoing_mail.claim": COUNTED,
    "outgoing_mail.content_encrypted": SECRET,
    "outgoing_mail.key": SAID_BY_TALLY,
    "outgoing_mail.kind": CHOICE,
    "password_link.token_hash": SECRET,
    "person.password_hash": SECRET,
    "person.role": CHOICE,
    "person.session_key": COUNTED,
    "person.time_zone": "refused unless it is a zone's name",
    "person_session.token_hash": SECRET,
    "source.integration": SAID_BY_TALLY,
    "told_trouble.mark": COUNTED,
    "trello_allowed_board.trello_id": FORM_CHECKED,
    "trello_app.api_key_encrypted": SECRET,
    "trello_app.api_secret_encrypted": SECRET,
    "trello_board.failure_kind": CHOICE,
    "trello_board.trello_id": FORM_CHECKED,
    "trello_board_copy.trello_id": FORM_CHECKED,
    "trello_connection.key_fingerprint": COUNTED,
    "trello_connection.member_id": FORM_CHECKED,
    "trello_connection.sharing": CHOICE,
    "trello_connection.token_encrypted": SECRET,
    "trello_connection.token_secret_encrypted": SECRET,
    "trello_connection_failure.kind": CHOICE,
    "trello_past.claim": COUNTED,
    "trello_past.failure_kind": CHOICE,
    "trello_past.status": CHOICE,
    "trello_pending_sign_in.key": SECRET,
    "trello_pending_sign_in.value_encrypted": SECRET,
    "trello_sync_run.claim": COUNTED,
    "trello_sync_run.failure_kind": CHOICE,
    "trello_sync_run.status": CHOICE,
    "trello_sync_run.trigger": CHOICE,
    "trello_webhook.callback_url": "this installation's own address, with a random key",
    "trello_webhook.key": COUNTED,
    "trello_webhook.trello_id": FORM_CHECKED,
    "waiting_source.integration": SAID_BY_TALLY,
    "worker_beat.name": SAID_BY_TALLY,
    "workspace.time_zone": "refused unless it is a zone's name",
}
"""By "table.column", with why. All others have to have been planted."""


def columns_in_doubt(database: sqlite3.Connection) -> list[str]:
    """What can hold text and was not planted, or was although it is said to hold none."""
    planted = {name for name, column in _text_columns() if _is_planted(database, column)}
    known = {name for name, _ in _text_columns()}
    unnamed = [f"{one} was not planted" for one in known - planted - HOLDS_NO_WORDS.keys()]
    wrong = [f"{one} does hold words" for one in planted & HOLDS_NO_WORDS.keys()]
    gone = [f"{one} is no column for text" for one in HOLDS_NO_WORDS.keys() - known]
    return sorted([*unnamed, *wrong, *gone])


def _text_columns() -> Iterator[tuple[str, Column[object]]]:
    for table in Model.metadata.sorted_tables:
        for column in table.columns:
            kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
            is_figure = isinstance(column.type, Exact | LongExact | Moment)
            if isinstance(kind, String | JSON | LargeBinary) and not is_figure:
                yield f"{table.name}.{column.name}", column


def _is_planted(database: sqlite3.Connection, column: Column[object]) -> bool:
    found = database.execute(f'SELECT "{column.name}" FROM "{column.table.name}"')
    return any(_has_mark(value) for (value,) in found)


def _has_mark(value: object) -> bool:
    if isinstance(value, bytes):
        return any(MARK.encode() in part for part in (value, *unpacked(value)))
    return MARK in json.dumps(value)
