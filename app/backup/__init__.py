"""Everything in the database as one file, and back: to keep, and to move to another database."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands."""
    # Here, not above: config comes before what reads it.
    from app.backup.commands import backup, restore

    app.cli.add_command(backup)
    app.cli.add_command(restore)
