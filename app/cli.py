"""Commands for the shell: `flask --app app …`. Each package adds those of its own subject."""

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.migrating import upgrade
from app.rekeying import rekey


def init_app(app: Flask) -> None:
    app.cli.add_command(migrate)
    app.cli.add_command(rekey)


@click.command("migrate")
@with_appcontext
def migrate() -> None:
    """Bring the database to the newest schema."""
    upgrade(current_app.extensions["tally_config"].database_url)
