"""Where the audit log finds the pages of connections."""

from flask import Flask, url_for
from sqlalchemy import select

from app.audit.places import add_place
from app.db import db
from app.trello.models import Connection


def add_places(app: Flask) -> None:
    add_place(app, "connection", _connections)


def _connections(ids: set[int]) -> dict[int, str]:
    kept = db.session.scalars(select(Connection.id).where(Connection.id.in_(ids)))
    return {one: url_for("trello.show_connection", connection_id=one) for one in kept}
