"""`flask --app app backup` and `flask --app app restore FILE`."""

import sys
from pathlib import Path
from typing import NoReturn

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from app.audit.log import record
from app.backup.archive import Damaged
from app.backup.copying import CannotBackUp, CannotRestore, make_backup, newest_first
from app.backup.copying import restore as bring_back
from app.config import Config
from app.db import db, utcnow
from app.migrating import is_newest
from app.okrs.figures import plural

_NOT_IN_IT = (
    "Not in it: the keys (ENCRYPTION_KEY, SECRET_KEY), the settings, and jobs that wait, which are "
    "asked for again by themselves. Keep the keys at another place."
)


@click.command("backup")
@click.option("--to", type=click.Path(path_type=Path), help="The directory; else DATA_DIR/backups.")
@click.option("--keep", type=click.IntRange(min=1), help="Delete older ones beyond this many.")
@with_appcontext
def backup(to: Path | None, keep: int | None) -> None:
    """Write everything in the database to a file, and prove that it can be brought back."""
    config: Config = current_app.extensions["tally_config"]
    directory = to or config.data_dir / "backups"
    try:
        path = make_backup(db.engine, directory, config.data_dir, config.backup_keys, utcnow())
    except (CannotBackUp, CannotRestore, Damaged, OSError) as error:
        _give_up(f"No backup was made. {error}")
    except DBAPIError as error:
        _give_up(f"No backup was made. {_says(error)}")
    size = path.stat().st_size
    for old in newest_first(directory)[keep:] if keep else []:
        old.unlink()
    _record("backup.made", path, size=size)
    is_sealed = "encrypted" if config.backup_keys else "not encrypted: BACKUP_KEY is not set"
    click.echo(f"{path} ({size:,} bytes, {is_sealed}), read back and found the same.")
    click.echo(_NOT_IN_IT)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Take the place of what is there.")
@click.option("--as-it-was", is_flag=True, help="Leave the schema to the Tally that made it.")
@with_appcontext
def restore(file: Path, replace: bool, as_it_was: bool) -> None:
    """Bring a backup back into DATABASE_URL, where nobody may be in it yet.

    Web and worker must not run meanwhile.
    """
    config: Config = current_app.extensions["tally_config"]
    db.session.remove()
    try:
        contents = bring_back(
            file,
            config.database_url,
            config.backup_keys,
            may_replace=replace,
            as_it_was=as_it_was,
        )
    except (Damaged, CannotRestore) as error:
        _give_up(f"Nothing was brought back. {error}")
    except DBAPIError as error:
        _give_up(f"Nothing was brought back. {_says(error)}")
    _record("backup.restored", file)
    count = contents.row_count
    click.echo(
        f"{count:,} {plural('row', count)} in {len(contents.sums)} tables, as they were on "
        f"{contents.made_at:%Y-%m-%d at %H:%M:%S} UTC; each table compared and found the same."
    )


def _give_up(why: str) -> NoReturn:
    click.echo(why, err=True)
    sys.exit(1)


def _says(error: DBAPIError) -> str:
    """Not the rows of the statement, which the error itself would tell."""
    return f"The database says: {error.orig}"


def _record(action: str, path: Path, size: int | None = None) -> None:
    """In the audit log, where the database has the one that this Tally knows."""
    if is_newest(db.engine):
        with db.writing():
            record(action, name=path.name, size=size)
