"""Connections that someone has to own for as long as boards are read through them."""

from sqlalchemy import Select, delete, func, select

from app.accounts.belongings import Belonging
from app.accounts.models import Person
from app.audit.log import record
from app.db import db
from app.trello.models import Connection, ConnectionShare

_NOTE = "Whoever takes over a connection counts cards with the Trello account behind it."


def what(person: Person) -> list[Belonging]:
    """The person's connections, with whomever they are shared."""
    owned = db.session.scalars(_owned_by(person))
    return [Belonging("connection", [one.name for one in owned], _NOTE)]


def hand_over(giver: Person, heir: Person, by: Person) -> None:
    """Make the heir the owner of the connections: what counts by them goes on counting."""
    # Held, so that a transfer or a change of whom they are shared with comes before or after.
    # The weaker lock leaves alone those who hold an item and only refer to the connection.
    held = _owned_by(giver).with_for_update(key_share=True)
    connections = db.session.scalars(held.execution_options(populate_existing=True)).all()
    for one in connections:
        one.owner = heir
        record("connection.handed_over", "connection", one.id, one.name, by=by, to=heir.name)
    db.session.execute(
        delete(ConnectionShare).where(
            ConnectionShare.person_id == heir.id,
            ConnectionShare.connection_id.in_([one.id for one in connections]),
        )
    )


def _owned_by(person: Person) -> Select[Connection]:
    return (
        select(Connection)
        .where(Connection.owner_id == person.id)
        .order_by(func.lower(Connection.name), Connection.id)
    )
