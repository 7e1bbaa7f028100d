"""Alembic's entry: the same revisions run on SQLite and on PostgreSQL."""

from alembic import context
from alembic.autogenerate.api import AutogenContext

import app.accounts.models
import app.audit.models
import app.beats
import app.mail.models
import app.okrs.comments.models
import app.okrs.explorer.models
import app.okrs.models
import app.okrs.moving.models
import app.okrs.rollup.models
import app.teams.models
import app.trello.models  # noqa: F401  (imported so that all tables are known)
from app.config import load_config
from app.db import Model, Moment, make_engine
from app.exact import Exact, LongExact


def plain_types(kind: str, thing: object, _context: AutogenContext) -> str | bool:
    """Revisions name the database's types, so that they outlive changes of ours."""
    if kind == "type" and isinstance(thing, Exact):
        return "sa.String(length=80)"
    if kind == "type" and isinstance(thing, LongExact):
        return "sa.Text()"
    if kind == "type" and isinstance(thing, Moment):
        return "sa.DateTime(timezone=True)"
    return False


url = context.config.attributes.get("database_url") or load_config().database_url
engine = make_engine(url)
try:
    with engine.connect() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        if is_sqlite:
            # Rebuilding a table drops it first, and with foreign keys on that would delete its
            # children. The switch works only outside a transaction, so on the raw connection.
            raw = connection.connection.driver_connection
            raw.execute("PRAGMA foreign_keys=OFF")
            if raw.execute("PRAGMA foreign_keys").fetchone()[0] != 0:
                raise RuntimeError("foreign keys could not be switched off for the migration")
        context.configure(
            connection=connection,
            target_metadata=Model.metadata,
            render_as_batch=is_sqlite,
            compare_type=True,
            render_item=plain_types,
            transactional_ddl=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError("the migration left rows that point at nothing")
finally:
    engine.dispose()  # also of a migration that fails
