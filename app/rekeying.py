"""`flask --app app rekey`: every stored secret encrypted anew, with the newest key.

Web and workers may run meanwhile, as long as they know the newest key as well. Each secret is a
transaction of its own, so that it may be broken off and run again.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import Column, delete, select, update

from app.audit.log import record
from app.db import changed_rows, db
from app.mail.stored_secrets import OF_MAIL
from app.trello.stored_secrets import OF_TRELLO
from app.vault import SecretUnreadable, StoredSecrets, encrypt_anew

ALL_SECRETS = (*OF_TRELLO, *OF_MAIL)
_PUT_BACK = "Or put the key back that opens it, behind the others, and run this again."


@dataclass
class Outcome:
    """What came of encrypting anew."""

    counts: dict[str, int] = field(default_factory=dict)
    """How many rows of each kind now hold secrets under the newest key alone."""
    unreadable: list[str] = field(default_factory=list)
    """Of each row that no key opens: whose it is, and the remedy."""


@click.command("rekey")
@with_appcontext
def rekey() -> None:
    """Encrypt every stored secret anew, with the first key of ENCRYPTION_KEY."""
    outcome = rekey_all()
    for plural, count in outcome.counts.items():
        click.echo(f"{count} {plural} encrypted anew.")
    for sentence in outcome.unreadable:
        click.echo(f"{sentence} {_PUT_BACK}", err=True)
    if outcome.unreadable:
        sys.exit(1)
    if len(current_app.extensions["tally_config"].encryption_keys) > 1:
        click.echo("Nothing needs the older keys any more: take them out of ENCRYPTION_KEY.")


def rekey_all() -> Outcome:
    """Encrypt anew all that a key opens, and put it down in the audit log. Commits."""
    outcome = Outcome()
    for secrets in ALL_SECRETS:
        _forget_what_is_over(secrets)
        outcome.counts[secrets.plural] = 0
        for row_id in _row_ids(secrets):
            _rekey_row(secrets, row_id, outcome)
    with db.writing():
        count = sum(outcome.counts.values())
        record("secrets.rekeyed", encrypted=count, unreadable=len(outcome.unreadable))
    return outcome


def _forget_what_is_over(secrets: StoredSecrets) -> None:
    if secrets.is_over is not None:
        with db.writing() as session:
            session.execute(delete(secrets.model).where(secrets.is_over()))


def _row_ids(secrets: StoredSecrets) -> Iterator[Any]:
    yield from db.session.scalars(select(secrets.key).order_by(secrets.key)).all()


def _rekey_row(secrets: StoredSecrets, row_id: Any, outcome: Outcome) -> None:
    done_count, is_readable = 0, True
    for column in secrets.columns:
        try:
            done_count += _rekey_secret(secrets, column, row_id)
        except SecretUnreadable:
            is_readable = False
    row = None if is_readable else db.session.get(secrets.model, row_id)
    if row is not None:
        outcome.unreadable.append(
            f"{secrets.whose(row)} can't be read with any key in ENCRYPTION_KEY. {secrets.remedy}"
        )
    elif done_count:
        outcome.counts[secrets.plural] += 1


def _rekey_secret(secrets: StoredSecrets, column: Column[Any], row_id: Any) -> bool:
    """False where there is no secret. Raises SecretUnreadable.

    What someone else changes in between is not written over, but read again.
    """
    is_this = secrets.key == row_id
    while stored := db.session.scalar(select(column).where(is_this)):
        fresh = encrypt_anew(stored)
        with db.writing() as session:
            done = session.execute(
                update(secrets.table).where(is_this, column == stored).values({column: fresh})
            )
            if changed_rows(done) == 1:
                return True
    return False
