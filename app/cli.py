"""Commands for the shell: `flask --app app …`. Each package adds those of its own subject."""

import socket
import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.beats import alive_elsewhere
from app.db import db
from app.migrating import is_newest, upgrade
from app.rekeying import rekey


def init_app(app: Flask) -> None:
    app.cli.add_command(migrate)
    app.cli.add_command(schema)
    app.cli.add_command(rekey)


@click.command("migrate")
@with_appcontext
def migrate() -> None:
    """Bring the database to the newest schema."""
    upgrade(current_app.extensions["tally_config"].database_url)


TO_BE_MIGRATED, IN_USE = 3, 4


@click.command("schema")
@with_appcontext
def schema() -> None:
    """Whether the database has the newest schema.

    Exit code 3 where it has to be migrated, and 4 where it has to be but can't: workers of other
    hosts are at work in it.
    """
    if is_newest(db.engine):
        click.echo("The database has the newest schema.")
        return
    others = alive_elsewhere(socket.gethostname())
    if others:
        click.echo(
            f"Workers of other hosts use the database ({', '.join(others)}): stop Tally on all "
            "hosts first, or what is saved meanwhile could be lost.",
            err=True,
        )
        sys.exit(IN_USE)
    click.echo("The database has an older schema: it has to be migrated.")
    sys.exit(TO_BE_MIGRATED)
